"""The mail that tells people how a run ended, through a real mail server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.closing import Closing
from tests.support.smtp_sink import SmtpSink, smtp_sink


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
    assert "Billing gate: <b>closed</b>. 30 ready, 14 held, 0 failed." in body
    assert "<td>Twin Rivers Dental</td><td>held</td><td>KS101: Twin Rivers Dental: 2 active accounts" in body
    assert run.diff["digest"] in body


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
    assert "KS10: Incorrect billing period date or format recognized" in text_of(sink)


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
