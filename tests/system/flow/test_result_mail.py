"""The mail that tells people how a run ended, through a real mail server on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from html import escape

import pytest

from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.number_texts import money_text
from tests.support.closing import Closing
from tests.support.smtp_sink import SmtpSink, smtp_sink

DAG = "atria_to_kaseya_bms"


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpSink]:
    with smtp_sink() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(server.connection))
        yield server


@pytest.fixture
def told(msp: Closing) -> Closing:
    msp.change(notify=("owner@harbour.example", "second@harbour.example"))
    return msp


def text_of(sink: SmtpSink) -> str:
    (mail,) = sink.mails
    return mail.get_body(("html",)).get_content()


def test_a_run_that_ended_well_is_told_with_its_counts(told: Closing, sink: SmtpSink) -> None:
    """Success is mailed too: silence must mean that something is wrong."""
    run = told.close()

    (mail,) = sink.mails
    assert mail["Subject"] == "atria_to_kaseya_bms 2026-10-26 to 2026-11-26: Succeeded with warnings"
    assert mail["To"] == "owner@harbour.example, second@harbour.example"
    body = text_of(sink)
    assert "verified" in body
    assert "KS22" in body
    assert "Billing gate: closed. 30 ready, 14 held, 0 failed." in body
    twin_rivers = body.partition("<b><bdi>Twin Rivers Dental</bdi> (<bdi>")[2]
    assert "</bdi>)</b> (held)<div><bdi>KS101: Twin Rivers Dental: 2 active accounts" in twin_rivers[:120]
    assert run.diff["digest"] in body


def figures_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'<th scope="row"[^>]*>([^<]*)</th><td[^>]*><b><bdi>([^<]*)<', html))


def test_the_mail_carries_the_numbers_of_the_page_close(told: Closing, sink: SmtpSink) -> None:
    """Who reads the mail and who opens the page must not come to two answers."""
    run = told.close()
    head = run.ledger.gates.head(DAG, date(2026, 10, 26))
    shown = figures_of(text_of(sink))

    assert (shown["Ready"], shown["Held"], shown["Failed"]) == (str(head.ready), str(head.held), str(head.failed))
    assert (shown["Line changes"], shown["Waiting for a person"]) == (str(head.changes), str(head.changes_held))
    assert (shown["Changes the period by"], shown["Of it waiting"]) == (
        money_text(head.amount_changed),
        money_text(head.amount_held),
    )
    assert f"<bdi>Held: {DAG}</bdi></h1>" in text_of(sink)


def test_a_rehearsal_says_nothing_about_the_period(told: Closing, sink: SmtpSink) -> None:
    """It changes nothing, so the period stands where it stood."""
    run = told.run(dry_run=True)
    run.plan()
    run.report()

    assert "Ready" not in figures_of(text_of(sink))
    assert f"<bdi>Succeeded with warnings: {DAG}</bdi></h1>" in text_of(sink)


def test_the_mail_leads_to_the_pages_where_airflow_tells_its_address(
    told: Closing, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole addresses: a mail is read anywhere."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.harbour.example/ops/")
    told.close()

    assert re.findall(r'href="([^"]*)"', text_of(sink)) == [
        f"https://airflow.harbour.example/ops/billing/close/{DAG}?period=2026-10-26",
        f"https://airflow.harbour.example/ops/billing/review?dag_id={DAG}&amp;run_id=r1",
        f"https://airflow.harbour.example/ops/billing/run?dag_id={DAG}&amp;run_id=r1",
        f"https://airflow.harbour.example/ops/billing/findings?run={DAG}%2Fr1",
    ]


@pytest.mark.parametrize("base_url", ["", "airflow.harbour.example", "javascript:alert(1)"])
def test_the_mail_has_no_links_where_airflow_tells_no_address(
    told: Closing, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch, base_url: str
) -> None:
    """No link is better than one that leads nowhere."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    told.close()

    assert "href" not in text_of(sink)


def test_a_phone_shows_the_mail_without_zooming_or_loading(told: Closing, sink: SmtpSink) -> None:
    """One column, nothing wider than two cells, styles inside."""
    told.close()
    html = text_of(sink)

    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert {len(re.findall("<t[hd]", row)) for row in html.split("<tr>")[1:]} == {2}
    assert re.findall(r"<(?:style|script|img|link)|src=|url\(|width:\s*[0-9]{4}", html) == []


def test_hostile_names_are_text_in_the_mail(told: Closing, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup, templates, and marks that turn the direction of what follows."""
    hostile = "<img src=x onerror=alert(1)>{{ 7 * 7 }}{% raw %}\u202egnp\"'&"
    run = told.run()
    run.plan()
    run.review()
    run.push()
    run.verify()
    told_of = Finding("KS131", 131, Level.ERROR, Scope.CUSTOMER, (("customer", hostile),), hostile, hostile)
    run.ledger.findings.replace(run.run_key, "extra", [told_of])
    run.report()
    html = text_of(sink)

    assert "<img" not in html
    assert f"<bdi>{escape(hostile)}</bdi>" in html


def test_a_run_that_failed_is_told_with_its_cause_and_whose_fault_it_is(told: Closing, sink: SmtpSink) -> None:
    """Failure is mailed with its class: ours, source, PSA, network, ledger or settings."""
    told.box.control.add_fault("status", system="atria", endpoint="GET *", status=403, count=0)
    run = told.run()
    run.resolve()
    with pytest.raises(Exception, match="KS03"):
        run.extract()
    with pytest.raises(Exception, match="Failed"):
        run.report()

    (mail,) = sink.mails
    assert mail["Subject"].endswith(": Failed (source)")
    assert "KS03" in text_of(sink)


def test_a_run_that_stopped_before_its_period_was_known_is_told(told: Closing, sink: SmtpSink) -> None:
    """Also a wrong setting reaches the people, not only the task's log."""
    run = told.run(billing_period="Sometime")
    with pytest.raises(Exception, match="KS10"):
        run.resolve()
    with pytest.raises(Exception, match="before its period was resolved"):
        run.report()

    (mail,) = sink.mails
    assert mail["Subject"] == "atria_to_kaseya_bms: Failed"
    assert "<bdi>KS10</bdi></b> (error)<div><bdi>Incorrect billing period date or format recognized" in text_of(sink)


def test_a_mail_that_cannot_be_sent_does_not_change_the_result(
    told: Closing, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The books are closed by then; a mail server must not turn that into a failure."""
    broken = {**sink.connection, "port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(broken))

    assert told.close().ledger.runs.find("atria_to_kaseya_bms/r1").result == "Succeeded with warnings"
    assert sink.mails == []


def test_nobody_is_written_to_without_a_wish(msp: Closing, sink: SmtpSink) -> None:
    """``notify`` is empty by default."""
    msp.close()

    assert sink.mails == []
