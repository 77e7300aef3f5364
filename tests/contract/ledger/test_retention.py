"""Old readings are thinned, and what a later period, an undo or a trace needs stays exactly as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.journal import JournalState
from billing_providers.model.runs import IN_PERIOD, RunResult
from billing_providers.model.usage import UsageRecord
from tests.support.ledger_values import (
    NOON,
    OCTOBER,
    charge_line,
    charge_set,
    closed_run,
    contract_diff,
    journal_entry,
    line_change,
    outcome,
    run_record,
    seen_line,
    snapshot,
    usage_record,
)

INTEGRATION = "atria_to_kaseya_bms"
LATER = NOON + timedelta(days=100)
KEEP = 62
ROWS = [
    usage_record(position="row 1", customer_code="ACME"),
    usage_record(position="row 2", customer_code="ACME", sku="BACKUP"),
    usage_record(position="row 3", customer_code="BETA", customer_name="Beta"),
    usage_record(position="row 4", customer_code="BETA", sku="TRIAL"),
]


def reading(ledger: Ledger, name: str, at: datetime, *, written: Sequence[int] = (), **run: Any) -> None:
    """A run that read, counted three charge lines, planned, and wrote for some of them."""
    key = f"{INTEGRATION}_changes/{name}"
    digest = name * 64
    ledger.snapshots.save(snapshot(snapshot_id=name * 32, digest=digest, record_count=4, taken_at=at), ROWS)
    ledger.charges.save(
        charge_set(charge_set_id=name * 32, snapshot_id=name * 32),
        [charge_line(charge_no=number) for number in (1, 2, 3)],
        [outcome("row 1", 1, "12"), outcome("row 2", 2, "12"), outcome("row 3", 3, "12"), outcome("row 4", None, None)],
    )
    changes = tuple(line_change(change_id=f"change-{number}", charge_nos=(number,)) for number in written)
    diff = contract_diff(digest=digest, snapshot_id=name * 32, charge_set_id=name * 32, changes=changes)
    ledger.diffs.save(diff, key)
    ledger.diffs.keep_lines(digest, [seen_line()])
    record = run_record(run_key=key, digest=digest, mode=IN_PERIOD, result=RunResult.SUCCEEDED, finished_at=at)
    ledger.runs.start(replace(record, **run))
    for number in written:
        steps = (JournalState.INTENDED, JournalState.VERIFIED)
        ledger.journal.append([journal_entry(f"change-{number}", state, digest=digest, run_key=key) for state in steps])


def closed(ledger: Ledger) -> None:
    """The close of October, which reads last."""
    reading(ledger, "f", NOON, mode="scheduled")


def month(ledger: Ledger, **run: Any) -> None:
    """One reading inside October that wrote for its second charge line, then the close."""
    reading(ledger, "a", NOON - timedelta(days=10), written=[2], **run)
    closed(ledger)


def names(ledger: Ledger, now: datetime = LATER, keep: int = KEEP) -> list[str]:
    return [found.snapshot_id[0] for found in ledger.retention.due(now, keep)]


def test_what_was_read_inside_a_closed_period_is_thinned(ledger: Ledger) -> None:
    """Its rows go, but for what was written for and the first row of each customer; the close's reading stays whole."""
    month(ledger)

    (thinned,) = ledger.retention.thin(LATER, KEEP)

    assert (thinned.snapshot_id, thinned.integration, thinned.period_start) == ("a" * 32, INTEGRATION, OCTOBER)
    assert thinned.removed == 1 + 2 + 3 + 1  # usage, charge lines, outcomes, seen lines
    assert ledger.retention.thin(LATER, KEEP) == []
    assert len(ledger.snapshots.load("f" * 32)[1]) == 4
    assert len(ledger.charges.outcomes("f" * 32)) == 4


def test_every_written_number_can_still_be_traced_to_its_rows(ledger: Ledger) -> None:
    """Law 15: the usage behind a change in the journal stays, with its charge line and what it counted for."""
    month(ledger)
    before = ledger.charges.evidence("a" * 32, [2])
    journal = ledger.journal.entries("kaseya_bms:acme@api.example.com")

    ledger.retention.thin(LATER, KEEP)

    (found,) = ledger.charges.evidence("a" * 32, [2])
    assert [found] == before
    assert (found.record.position, found.record.sku, found.counted) == ("row 2", "BACKUP", Decimal(12))
    assert ledger.journal.entries("kaseya_bms:acme@api.example.com") == journal
    assert ledger.journal.verify("kaseya_bms:acme@api.example.com") == []


def test_half_a_reading_is_never_taken_for_all_of_it(ledger: Ledger) -> None:
    """Law 3: whoever asks for what was removed is told so, and gets no rows."""
    month(ledger)
    ledger.retention.thin(LATER, KEEP)

    for asked in (
        lambda: ledger.snapshots.load("a" * 32),
        lambda: ledger.charges.load("a" * 32),
        lambda: ledger.charges.outcomes("a" * 32),
        lambda: ledger.charges.evidence("a" * 32, [1]),
        lambda: ledger.charges.evidence("a" * 32, [1, 2]),
        lambda: ledger.diffs.lines("a" * 64),
    ):
        with pytest.raises(LedgerError, match=r"not whole in the ledger .*retention thinned it on 2027-02-10"):
            asked()


def test_what_later_periods_ask_of_a_reading_stays(ledger: Ledger) -> None:
    """Guards, the date on which something was seen and the names of customers read heads, pulls and first rows."""
    month(ledger)

    def answers() -> list[Any]:
        return [
            ledger.snapshots.head("a" * 32),
            ledger.snapshots.customers("a" * 32),
            ledger.snapshots.pulls_of_period(INTEGRATION, OCTOBER),
            ledger.snapshots.latest_of_period(INTEGRATION, OCTOBER),
            ledger.snapshots.recent_record_counts(INTEGRATION, date(2026, 12, 1), 3),
            ledger.diffs.load("a" * 64),
            ledger.charges.head("a" * 32),
            ledger.runs.history(INTEGRATION),
        ]

    before = answers()
    assert before[1] == {"ACME": "Acme Ltd", "BETA": "Beta"}
    assert len(ledger.retention.thin(LATER, KEEP)) == 1

    assert answers() == before


def test_content_that_is_read_again_is_whole_again(ledger: Ledger) -> None:
    """A thinned content that a source shows once more is stored like a new one, all of it, once."""
    month(ledger)
    ledger.retention.thin(LATER, KEEP)

    reading(ledger, "a", LATER)

    records = ledger.snapshots.load("a" * 32)[1]
    assert records["position"].tolist() == ["row 1", "row 2", "row 3", "row 4"]
    assert ledger.charges.load("a" * 32)[1]["charge_no"].tolist() == [1, 2, 3]
    assert len(ledger.charges.outcomes("a" * 32)) == 4
    assert ledger.diffs.lines("a" * 64) == [seen_line()]
    assert [found.record.position for found in ledger.charges.evidence("a" * 32, [1, 3])] == ["row 1", "row 3"]


@pytest.mark.parametrize(
    "run",
    [
        pytest.param({"mode": "manual"}, id="a run that was not inside the period"),
        pytest.param({"mode": "manual", "dry_run": True}, id="a dry run of the close"),
        pytest.param({"result": None, "finished_at": None}, id="a run that is still at work"),
    ],
)
def test_readings_of_other_runs_stay_whole(ledger: Ledger, run: dict[str, Any]) -> None:
    """Only what runs inside the period came to, all of them ended, is thinned."""
    month(ledger, **run)

    assert names(ledger) == []


def test_a_reading_that_another_run_came_to_stays_whole(ledger: Ledger) -> None:
    """An undo, or a close, that has the same diff needs it as any run does."""
    month(ledger)
    ledger.diffs.save(ledger.diffs.load("a" * 64), "the undo")
    assert names(ledger) == []

    ledger.runs.start(closed_run("the undo", OCTOBER, mode=IN_PERIOD))
    assert names(ledger) == ["a"]


def test_the_last_complete_reading_of_a_period_stays_whole(ledger: Ledger) -> None:
    """The next period is compared with it; an incomplete reading after it is none."""
    reading(ledger, "a", NOON - timedelta(days=10))
    reading(ledger, "b", NOON - timedelta(days=9))
    ledger.runs.start(closed_run("close", OCTOBER, mode="scheduled"))
    assert names(ledger) == ["a"]

    ledger.snapshots.save(snapshot(snapshot_id="c" * 32, digest="c" * 64, taken_at=NOON, complete=False), ROWS)
    assert names(ledger) == ["a"]

    again = replace(snapshot(snapshot_id="a" * 32, digest="a" * 64), taken_at=NOON + timedelta(days=1))
    ledger.snapshots.save(again, ROWS)  # the same content was pulled once more, and is the last one now
    assert names(ledger) == ["b"]


def test_an_open_period_stays_whole_however_old(ledger: Ledger) -> None:
    """A period that no real run closed is not over; neither an undo nor a failed run closes one."""
    reading(ledger, "a", NOON - timedelta(days=10))
    reading(ledger, "b", NOON - timedelta(days=9))
    for key, told in (
        ("dry", {"dry_run": True}),
        ("failed", {"result": RunResult.FAILED}),
        ("undo", {"undoes": "close"}),
        ("inside", {"mode": IN_PERIOD}),
        ("other", {"integration": "another"}),
    ):
        ledger.runs.start(closed_run(key, OCTOBER, **{"mode": "manual", **told}))
    assert names(ledger) == []

    ledger.runs.start(closed_run("close", OCTOBER, mode="manual"))
    assert names(ledger) == ["a"]


def test_days_are_counted_from_the_end_of_the_period_and_from_the_last_pull(ledger: Ledger) -> None:
    """October ended with the last day before 1 November; a late pull of an old period counts from its own day."""
    month(ledger)
    first = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=KEEP)
    assert names(ledger, first - timedelta(microseconds=1)) == []
    assert names(ledger, first) == ["a"]

    pulled = first - timedelta(days=5)
    ledger.snapshots.save(replace(snapshot(snapshot_id="a" * 32, digest="a" * 64), taken_at=pulled), ROWS)
    reading(ledger, "f", pulled + timedelta(minutes=1), mode="scheduled")
    assert names(ledger, pulled + timedelta(days=KEEP)) == []
    assert names(ledger, pulled + timedelta(days=KEEP, microseconds=1)) == ["a"]


def test_a_reading_that_is_pulled_while_it_is_about_to_be_thinned_stays_whole(ledger: Ledger, url: str) -> None:
    """Between finding and thinning a run may read the same content again: it is looked at once more, under a lock."""
    month(ledger)
    (found,) = ledger.retention.due(LATER, KEEP)
    with Ledger.at(url) as other:
        other.snapshots.save(replace(snapshot(snapshot_id="a" * 32, digest="a" * 64), taken_at=LATER), ROWS)

    assert ledger.retention._thin(found, LATER, KEEP) is None
    assert len(ledger.snapshots.load("a" * 32)[1]) == 4


def test_a_reading_without_anything_to_remove_is_whole(ledger: Ledger) -> None:
    """One row of one customer is the customer's first row: nothing is gone, and nothing is refused."""
    only: list[UsageRecord] = [usage_record()]
    ledger.snapshots.save(snapshot(taken_at=NOON - timedelta(days=10)), only)
    ledger.diffs.save(contract_diff(changes=()), "inside")
    ledger.runs.start(closed_run("inside", OCTOBER, mode=IN_PERIOD))
    closed(ledger)

    (thinned,) = ledger.retention.thin(LATER, KEEP)

    assert thinned.removed == 0
    assert len(ledger.snapshots.load("a" * 32)[1]) == 1
    assert ledger.retention.due(LATER, KEEP) == []
