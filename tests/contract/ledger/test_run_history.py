"""Runs, their customers and their line changes are found and cut into pages by the database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.paging import Slice
from billing_providers.model.journal import JournalState
from billing_providers.model.run_history import RunFilter, RunKind
from billing_providers.model.runs import Approval, CustomerResult, RunResult
from tests.support.ledger_values import NOON, NOVEMBER, OCTOBER, contract_diff, journal_entry, run_record

INTEGRATION = "atria_to_kaseya_bms"
DIGEST = "d" * 64


@pytest.fixture
def runs(ledger: Ledger) -> Ledger:
    """Four runs of one integration, of which one closed October, and one of another."""
    day, december = timedelta(days=1), date(2026, 12, 1)
    ledger.runs.start(run_record(run_key=f"{INTEGRATION}/dry", dry_run=True, started_by="Jörg"))
    ledger.runs.start(run_record(run_key=f"{INTEGRATION}/real", digest=DIGEST, started_at=NOON + day))
    ledger.runs.finish(run_record(run_key=f"{INTEGRATION}/real", digest=DIGEST, result=RunResult.PARTLY_FAILED))
    ledger.runs.start(
        run_record(run_key=f"{INTEGRATION}_undo/u1", undoes=f"{INTEGRATION}/real", started_at=NOON + 2 * day)
    )
    ledger.runs.start(
        run_record(
            run_key=f"{INTEGRATION}/open", mode="in period", period_start=NOVEMBER, period_end=december,
            started_at=NOON + 3 * day,
        )
    )  # fmt: skip
    ledger.runs.start(run_record(run_key="another/r1", integration="another"))
    customers = [
        CustomerResult("ASP", "Aspen", "done", 2, 0, ()),
        CustomerResult("BEE", "Bee 100%", "failed", 0, 1, ("KS08",)),
        CustomerResult("CED", "Cedar", "unchanged", 0, 0, ()),
    ]
    ledger.runs.keep_customers(f"{INTEGRATION}/real", customers)
    ledger.runs.keep_customers("another/r1", [CustomerResult("ASP", "Aspen", "done", 1, 0, ())])
    ledger.diffs.save(contract_diff(), f"{INTEGRATION}/real")
    return ledger


def keys(ledger: Ledger, wanted: RunFilter, *integrations: str) -> list[str]:
    page = ledger.history.runs(integrations or (INTEGRATION,), wanted, Slice())
    assert page.total == len(page.items)
    assert [run.record.run_key for run in ledger.history.each_run(integrations or (INTEGRATION,), wanted)] == [
        run.record.run_key for run in page.items
    ]
    return [run.run_id for run in page.items]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), ["open", "u1", "real", "dry"]),
        (RunFilter(day=date(2026, 10, 31)), ["u1", "real", "dry"]),
        (RunFilter(day=NOVEMBER), ["open"]),
        (RunFilter(result="Partly failed"), ["real"]),
        (RunFilter(result="at work"), ["open", "u1", "dry"]),
        (RunFilter(kind=RunKind.REAL), ["real"]),
        (RunFilter(kind=RunKind.DRY), ["dry"]),
        (RunFilter(kind=RunKind.UNDO), ["u1"]),
        (RunFilter(kind=RunKind.IN_PERIOD), ["open"]),
        (RunFilter(words="aspen"), ["real"]),
        (RunFilter(words="bee 100%"), ["real"]),
        (RunFilter(words="100_"), []),
        (RunFilter(words="JÖRG"), ["dry"]),
        (RunFilter(words="partly"), ["real"]),
    ],
    ids=str,
)
def test_runs_are_found_by_what_they_were_about(runs: Ledger, wanted: RunFilter, found: list[str]) -> None:
    """The newest first, also by a customer that one of them had; never those of another integration."""
    assert keys(runs, wanted) == found


def test_several_integrations_are_one_history(runs: Ledger) -> None:
    """And somebody who may see none sees no run."""
    assert keys(runs, RunFilter(words="asp"), INTEGRATION, "another") == ["real", "r1"]
    assert runs.history.runs((), RunFilter(), Slice()).items == []
    assert runs.history.newest(()) == []


def test_history_has_no_end(runs: Ledger) -> None:
    """The third page of one run each is the third newest run."""
    page = runs.history.runs((INTEGRATION,), RunFilter(), Slice(3, 1))

    assert ([run.run_id for run in page.items], page.total, page.pages) == (["real"], 4, 4)


def test_a_run_tells_its_attempts_and_its_last_decision(runs: Ledger) -> None:
    """A decision of another run about the same diff is not its own."""
    for at, who, decision in ((0, "ann", "rejected"), (1, "bob", "approved")):
        decided = NOON + timedelta(minutes=at)
        runs.diffs.approve(Approval(DIGEST, f"{INTEGRATION}/real", decision, who, decided, ""))
    runs.diffs.approve(Approval(DIGEST, "another/r1", "rejected", "eve", NOON + timedelta(days=9), ""))
    runs.runs.start(run_record(run_key=f"{INTEGRATION}/real", digest=DIGEST))

    run = runs.history.run(f"{INTEGRATION}/real", INTEGRATION)

    assert run is not None
    assert (run.attempts, run.decision, run.decided_by, run.dag_id) == (2, "approved", "bob", INTEGRATION)
    assert runs.history.run(f"{INTEGRATION}/real", "another") is None


def test_the_newest_run_of_each_integration_is_of_its_latest_period(runs: Ledger) -> None:
    """Or of the period that has a day."""
    latest = runs.history.newest((INTEGRATION, "another"))
    october = runs.history.newest((INTEGRATION, "another"), OCTOBER)

    assert [run.run_key for run in latest] == ["another/r1", f"{INTEGRATION}/open"]
    assert [run.run_key for run in october] == ["another/r1", f"{INTEGRATION}_undo/u1"]


def test_customers_that_need_somebody_come_first(runs: Ledger) -> None:
    """They are found by result, code, name and finding."""
    key = f"{INTEGRATION}/real"
    found = [one.customer_code for one in runs.history.customers(key, Slice()).items]

    assert found == [one.customer_code for one in runs.history.each_customer(key)] == ["BEE", "ASP", "CED"]
    assert [one.customer_code for one in runs.history.customers(key, Slice(), result="done").items] == ["ASP"]
    assert [one.customer_code for one in runs.history.customers(key, Slice(), words="ks08").items] == ["BEE"]
    assert runs.history.customers(key, Slice(2, 2)).total == 3


def test_a_change_tells_where_it_stands_and_what_was_read_back(runs: Ledger) -> None:
    """By its last journal entry; what nobody began to send says so."""
    sent = (JournalState.INTENDED, JournalState.SENT, JournalState.UNKNOWN, JournalState.SENT, JournalState.MISMATCH)
    runs.journal.append([journal_entry("change-1", state) for state in sent[:-1]])
    runs.journal.append([journal_entry("change-1", sent[-1], observed=Decimal("11"), detail="shows 11")])

    lines = runs.history.lines(DIGEST, Slice()).items

    assert lines == list(runs.history.each_line(DIGEST))
    assert [(one.change.change_id, one.word, one.tries, one.observed) for one in lines] == [
        ("change-1", "mismatch", 2, Decimal("11")),
        ("change-2", "not sent", 0, None),
    ]
    assert [one.word for one in runs.history.lines(DIGEST, Slice(), state="not sent").items] == ["not sent"]
    assert [one.word for one in runs.history.lines(DIGEST, Slice(), words="SHOWS 11").items] == ["mismatch"]


def test_an_added_line_is_known_by_the_id_that_it_got(runs: Ledger) -> None:
    """The change had none when it was planned."""
    runs.journal.append([journal_entry("change-2", JournalState.CONFIRMED, line_id="line-9")])

    (line,) = runs.history.lines(DIGEST, Slice(), words="line-9").items

    assert (line.change.line_id, line.line_id, line.stands) == ("", "line-9", True)
