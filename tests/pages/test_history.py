"""*History*, the page of a run, and the story of a line lead from a period down to the source's records."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from openpyxl import load_workbook

from billing_providers.model.changes import LineChange
from billing_providers.model.findings import FindingVoice
from tests.support.pages import ADMIN, client
from tests.support.two_months import DAG, TwoMonths, rows_of, shown, two_months


@pytest.fixture(scope="module")
def msp(airflow_db: Path, dags_known: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoMonths]:
    """Two closed periods and a rehearsal."""
    with two_months(tmp_path_factory.mktemp("msp")) as made:
        yield made


def run_page(msp: TwoMonths, run_id: str, **query: str) -> str:
    more = "".join(f"&{name}={quote(value)}" for name, value in query.items())
    return f"/run?dag_id={DAG}&run_id={run_id}{more}"


def changed(msp: TwoMonths, run_id: str = "september") -> LineChange:
    """A change of a line that was there, and that stands."""
    digest = msp.ledger.runs.find(f"{DAG}/{run_id}").digest  # type: ignore[union-attr]
    states = msp.ledger.journal.states(digest)
    changes = msp.ledger.diffs.load(digest).changes
    return next(
        change
        for change in changes
        if change.line_id and change.change_id in states and states[change.change_id].state.value == "verified"
    )


def test_every_run_is_there_the_newest_first(msp: TwoMonths) -> None:
    """With who started it, what it was for, and ways to Airflow, the period, the findings and the diff."""
    rows = rows_of(shown("/history"), "Runs")

    assert [re.search(r"run_id=(\w+)", row)[1] for row in rows] == ["october", "rehearsed", "september"]  # type: ignore[index]
    assert [", dry run" in row for row in rows] == [False, True, False]
    assert all("<bdi>ann</bdi> (manual)" in row for row in rows)
    assert f'target="_top" href="/dags/{DAG}/runs/october"' in rows[0]
    assert f"/billing/close/{DAG}?period=2026-09-26" in rows[0]
    assert "/billing/findings?run=" in rows[0]
    assert f"/billing/review/{DAG}/" in rows[0]


def test_runs_are_found_by_customer_period_and_kind(msp: TwoMonths) -> None:
    """All of it stands in the address."""
    customer = msp.ledger.runs.customers(msp.october.run_key)[0]

    assert len(rows_of(shown("/history?kind=dry"), "Runs")) == 1
    assert len(rows_of(shown("/history?period=2026-09-01"), "Runs")) == 1
    assert len(rows_of(shown(f"/history?words={quote(customer.customer_name.upper())}"), "Runs")) == 3
    assert "No run like this" in shown("/history?words=nobody+at+all")
    assert "No run like this" in shown("/history?result=Cancelled")
    assert len(rows_of(shown("/history?result=wrong&kind=wrong&words=%00"), "Runs")) == 3


def test_the_history_is_taken_along(msp: TwoMonths) -> None:
    """As it is chosen."""
    rows = list(csv.reader(io.StringIO(client(ADMIN).get("/billing/history/export.csv").text.lstrip("\ufeff"))))
    book = load_workbook(io.BytesIO(client(ADMIN).get("/billing/history/export.xlsx?kind=dry").content))

    assert [row[3] for row in rows] == ["run", f"{DAG}/october", f"{DAG}/rehearsed", f"{DAG}/september"]
    assert [row[3].value for row in book.active.iter_rows(min_row=2)] == [f"{DAG}/rehearsed"]


def test_a_run_tells_what_it_came_to_for_each_customer(msp: TwoMonths) -> None:
    """Those that need somebody first, each with its findings."""
    results = msp.ledger.runs.customers(msp.october.run_key)
    page = shown(run_page(msp, "october"))
    rows = rows_of(page, "What the run came to")

    assert len(rows) == min(100, len(results))
    told = [re.search(r"state state-\w+\">(\w+)<", row)[1].lower() for row in rows]  # type: ignore[index]
    order = ["failed", "open", "skipped", "done", "unchanged"]
    assert told == sorted(told, key=order.index)
    assert sorted(told) == sorted(one.result for one in results)
    assert "Attempts</dt><dd>1" in page


def test_a_run_tells_each_line_before_after_and_as_read_back(msp: TwoMonths) -> None:
    """With the address of the contract in the PSA, and of the line's own story."""
    change = changed(msp)
    page = shown(run_page(msp, "september", show="lines", words=change.line_id))
    (row,) = rows_of(page, "Line changes")

    assert f'href="https://psa.example/contracts/{change.contract_id}?line={change.line_id}"' in row
    assert f"/billing/history/{DAG}/line/{change.line_id}" in row
    numbers = re.findall(r'<td class="number">([^<]*)</td>', row)
    wanted = f"{change.quantity_after.normalize():,f}"
    assert numbers[1:3] == [wanted, wanted]
    assert "Verified</span>" in row


def test_a_rehearsal_sent_nothing(msp: TwoMonths) -> None:
    """Its diff was pushed by the run that came after it, and the page says by which."""
    rows = rows_of(shown(run_page(msp, "rehearsed", show="lines")), "Line changes")

    assert rows
    for row in rows:
        assert "Not sent</span>" in row or "run_id=october" in row


def test_lines_and_customers_of_a_run_are_taken_along(msp: TwoMonths) -> None:
    """All that are chosen."""
    change = changed(msp)
    path = run_page(msp, "september", show="lines", words=change.line_id).replace("/run?", "/run/export.csv?")
    (heading, row) = list(csv.reader(io.StringIO(client(ADMIN).get(f"/billing{path}").text.lstrip("\ufeff"))))
    lines = dict(zip(heading, row, strict=True))
    customers = client(ADMIN).get("/billing" + run_page(msp, "october").replace("/run?", "/run/export.csv?"))

    assert (lines["line id"], lines["state"], lines["after"], lines["read back"]) == (
        change.line_id, "verified", f"{change.quantity_after:f}", f"{change.quantity_after:f}",
    )  # fmt: skip
    assert len(customers.text.splitlines()) == 1 + len(msp.ledger.runs.customers(msp.october.run_key))


def test_the_findings_of_a_run_stand_on_its_page(msp: TwoMonths) -> None:
    """The same as on the page of findings."""
    rows = rows_of(shown(run_page(msp, "october", show="findings")), "Findings of this run")

    assert len(rows) == min(100, len(msp.ledger.findings.of_run(msp.october.run_key)))


def test_a_line_tells_why_it_holds_what_it_holds(msp: TwoMonths) -> None:
    """Every period with its change, journal and read-back; below, charge lines and the source's records."""
    change = changed(msp)
    page = shown(f"/history/{DAG}/line/{change.line_id}")
    rows = rows_of(page, "What was planned")

    assert '2026-09-26 to</span> <span class="day">2026-10-26' in rows[0]
    written = next(row for row in rows if change.reason in row)
    assert [written.index(f"{word}</span>") > 0 for word in ("Intended", "Sent", "Confirmed", "Verified")] == [True] * 4
    assert f"read back {change.quantity_after.normalize():,f}" in written
    assert "approved" in written or "not needed" in written
    assert f"https://psa.example/contracts/{change.contract_id}?line={change.line_id}" in page


def test_a_quantity_leads_to_the_records_of_the_source(msp: TwoMonths) -> None:
    """What they counted for adds up to the charge lines, which are those of the period that was chosen."""
    change = changed(msp)
    digest = msp.ledger.runs.find(msp.september.run_key).digest  # type: ignore[union-attr]
    diff = msp.ledger.diffs.load(digest)
    evidence = msp.ledger.charges.evidence(diff.charge_set_id, change.charge_nos)
    page = shown(f"/history/{DAG}/line/{change.line_id}?digest={digest}")

    assert "in the period from 2026-08-26</h2>" in page
    assert len(rows_of(page, "The charge lines")) == len(change.charge_nos) > 0
    records = rows_of(page, "The records")
    assert len(records) == len(evidence) > 0
    assert [one.record.position in row for one, row in zip(evidence, records, strict=True)] == [True] * len(evidence)


def test_the_daily_watch_has_a_page_too(msp: TwoMonths) -> None:
    """It bills nothing, and is in no history; what it found is shown."""
    told = FindingVoice().finding(194, advice="<i>old</i>", connection="kaseya_bms_default")
    msp.ledger.findings.replace(f"{DAG}_watch/w1", "check_setup", [told])

    page = shown(f"/run?dag_id={DAG}_watch&run_id=w1")

    assert f"This run of <bdi>{DAG}_watch</bdi> bills nothing" in page
    assert len(rows_of(page, "Findings")) == 1
    assert f"<bdi>{told.message}</bdi>" in page


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/history?integration=unknown", "no run of unknown"),
        ("/history?period=soon", "is no day"),
        ("/run?dag_id=some_dag&run_id=r1", "r1 of some_dag is no billing run"),
        ("/run", "is no billing run"),
        (f"/run?dag_id={DAG}&run_id=unknown", "is no billing run"),
        (f"/run/export.csv?dag_id={DAG}&run_id=unknown", "is no billing run"),
        (f"/history/{DAG}/line/unknown", "knows a contract line unknown"),
        (f"/history/{DAG}/line/a/b", "knows a contract line a/b"),
        ("/history/unknown_dag/line/1", "No run of unknown_dag"),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(msp: TwoMonths, path: str, words: str) -> None:
    """Also the run of a DAG that bills nothing, whose tab Airflow shows all the same."""
    assert words in shown(path, 404)
