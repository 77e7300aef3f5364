"""Snapshots and charge sets are immutable, exact, and named by their content."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.charges import ChargeLine, RowOutcome
from billing_providers.model.frames import frame_of, rows_of
from billing_providers.model.runs import IN_PERIOD, RunResult
from billing_providers.model.usage import SnapshotPull, UsageKind, UsageRecord
from tests.support.ledger_processes import at_once, saves_snapshot
from tests.support.ledger_values import (
    LONG,
    NASTY,
    NOON,
    NOVEMBER,
    OCTOBER,
    charge_line,
    charge_set,
    closed_run,
    outcome,
    run_record,
    snapshot,
    usage_record,
)

RECORDS = [
    usage_record(),
    usage_record(
        position="row 2",
        customer_code=NASTY,
        customer_name=NASTY,
        sku="\u00a0 padded ",
        description="",
        kind=UsageKind.CREDIT,
        quantity=LONG,
        assigned=None,
        unit_cost=Decimal("-0.000000000000000001"),
        unit_price=Decimal("0"),
        billable=False,
        period_start=None,
        period_end=date(9999, 12, 31),
        attributes='{"note":"NULL"}',
    ),
    usage_record(position="row 3", customer_name="Acme, second name"),
]


def names(ledger: Ledger) -> list[UsageRecord]:
    return list(rows_of(UsageRecord, ledger.snapshots.load("a" * 32)[1]))


@pytest.mark.parametrize("form", ["records", "frame"])
def test_snapshot_comes_back_exactly(ledger: Ledger, form: str) -> None:
    """Every field of every record comes back as it was: order, type, digits, quotes, blanks and absent values."""
    head = snapshot(failed_customers=("BETA", NASTY), control_total=LONG, complete=False, incomplete_why="page 3")

    ledger.snapshots.save(head, RECORDS if form == "records" else frame_of(UsageRecord, RECORDS))
    loaded, frame = ledger.snapshots.load("a" * 32)

    assert loaded == head
    assert list(rows_of(UsageRecord, frame)) == RECORDS
    assert [type(value) for value in frame.iloc[1]] == [
        type(getattr(RECORDS[1], name)) for name in UsageRecord.__dataclass_fields__
    ]
    assert str(frame["quantity"][1]) == "1234567890123456789.123456789"


def test_snapshot_without_records_comes_back_empty(ledger: Ledger) -> None:
    """An empty period is stored like any other, so that KS15 can be traced."""
    ledger.snapshots.save(snapshot(record_count=0), [])

    loaded, frame = ledger.snapshots.load("a" * 32)

    assert (loaded.record_count, len(frame), list(frame.columns)[:2]) == (0, 0, ["source", "position"])


def test_snapshot_saved_again_changes_nothing(ledger: Ledger) -> None:
    """A snapshot is named by its content: saving it again, later, keeps what is stored."""
    ledger.snapshots.save(snapshot(), RECORDS[:1])
    ledger.snapshots.save(snapshot(taken_at=NOON + timedelta(days=1)), RECORDS[:1])

    assert ledger.snapshots.head("a" * 32).taken_at == NOON
    assert names(ledger) == RECORDS[:1]


def test_snapshot_saved_by_two_processes_is_stored_once(ledger: Ledger, url: str) -> None:
    """Two tries of one extract that run at the same time leave one whole snapshot."""
    at_once(saves_snapshot, (url, 2000), (url, 2000))

    assert len(names(ledger)) == 2000


def test_unknown_ids_are_refused_with_what_to_do(ledger: Ledger) -> None:
    """What is not in the ledger is an error, never an empty answer that could be taken for zero usage."""
    with pytest.raises(LedgerError, match="no usage snapshot feed; extract again"):
        ledger.snapshots.load("feed")
    with pytest.raises(LedgerError, match="no charge set feed; apply the rules again"):
        ledger.charges.load("feed")


def test_customers_have_the_name_of_their_first_row(ledger: Ledger) -> None:
    """Customers are listed once, by code."""
    ledger.snapshots.save(snapshot(), RECORDS)

    assert ledger.snapshots.customers("a" * 32) == {"ACME": "Acme Ltd", NASTY: NASTY}


def test_record_counts_come_from_closed_periods_only(ledger: Ledger) -> None:
    """The guard on record counts compares with the last complete pull of periods that a real run closed."""
    pulls = [  # id, period, day of the pull, complete, records
        ("7", date(2026, 7, 1), 1, True, 70),
        ("8", date(2026, 8, 1), 1, True, 80),
        ("8x", date(2026, 8, 1), 2, True, 88),
        ("8y", date(2026, 8, 1), 3, False, 1),
        ("9", date(2026, 9, 1), 1, True, 90),
        ("10", OCTOBER, 1, True, 100),
        ("11", NOVEMBER, 1, True, 110),
    ]
    for key, period, day, complete, records in pulls:
        head = snapshot(
            snapshot_id=key,
            period_start=period,
            taken_at=NOON + timedelta(days=day),
            complete=complete,
            record_count=records,
        )
        ledger.snapshots.save(head, [])
    for month in (7, 8, 11):
        ledger.runs.finish(closed_run(f"run of {month}", date(2026, month, 1)))
    ledger.runs.finish(closed_run("dry run of 9", date(2026, 9, 1), dry_run=True))
    ledger.runs.finish(closed_run("failed run of 9", date(2026, 9, 1), result=RunResult.FAILED))
    ledger.runs.finish(closed_run("inside 9", date(2026, 9, 1), mode=IN_PERIOD))
    ledger.runs.start(run_record(run_key="running for 10", period_start=OCTOBER))

    assert ledger.snapshots.recent_record_counts("atria_to_kaseya_bms", NOVEMBER, 3) == [88, 70]
    assert ledger.snapshots.recent_record_counts("atria_to_kaseya_bms", NOVEMBER, 1) == [88]
    assert ledger.snapshots.recent_record_counts("another", NOVEMBER, 3) == []

    ledger.snapshots.save(
        snapshot(snapshot_id="8", period_start=date(2026, 8, 1), taken_at=NOON + timedelta(days=9), record_count=80), []
    )

    assert ledger.snapshots.recent_record_counts("atria_to_kaseya_bms", NOVEMBER, 1) == [80]


@pytest.mark.parametrize("form", ["rows", "frame"])
def test_charge_set_comes_back_exactly(ledger: Ledger, form: str) -> None:
    """Charge lines and what the rules did come back as they were, by charge number."""
    lines = [charge_line(), charge_line(charge_no=2, customer_name=NASTY, quantity=LONG, unit_price=None, sku="B")]
    outcomes = [outcome("row 1", 1, "12"), outcome("row 2", None, None, "trial")]
    whole = (lines, outcomes) if form == "rows" else (frame_of(ChargeLine, lines), frame_of(RowOutcome, outcomes))

    ledger.charges.save(charge_set(), *whole)
    ledger.charges.save(charge_set(), [], [])
    loaded, frame = ledger.charges.load("c" * 32)

    assert loaded == charge_set()
    assert list(rows_of(ChargeLine, frame)) == lines
    assert list(rows_of(RowOutcome, ledger.charges.outcomes("c" * 32))) == outcomes


def test_charge_lines_are_traced_to_their_usage(ledger: Ledger) -> None:
    """Law 15: every charge line leads back to the records that were counted, and what each counted for."""
    ledger.snapshots.save(snapshot(record_count=3), RECORDS)
    outcomes = [outcome("row 1", 1, "12"), outcome("row 2", None, None, "trial"), outcome("row 3", 1, "6.5")]
    ledger.charges.save(charge_set(), [charge_line()], outcomes)

    found = ledger.charges.evidence("c" * 32, [1])

    assert [(row.charge_no, row.counted, row.rule) for row in found] == [
        (1, Decimal("12"), "no trials"),
        (1, Decimal("6.5"), "no trials"),
    ]
    assert [row.record for row in found] == [RECORDS[0], RECORDS[2]]
    assert ledger.charges.evidence("c" * 32, range(2, 2000)) == []
    assert ledger.charges.evidence("c" * 32, []) == []


@pytest.mark.parametrize("fault", [{"kind": "no such kind"}, {"customer_name": "unpaired \ud800"}])
def test_failed_save_leaves_nothing_behind(ledger: Ledger, fault: dict[str, Any]) -> None:
    """A snapshot is there wholly or not at all."""
    broken = [RECORDS[0], replace(RECORDS[1], **fault)]

    with pytest.raises(LedgerError, match="cannot save the usage snapshot"):
        ledger.snapshots.save(snapshot(), broken)

    with pytest.raises(LedgerError, match="no usage snapshot"):
        ledger.snapshots.load("a" * 32)


def test_every_pull_of_a_period_is_told_the_latest_first(ledger: Ledger) -> None:
    """Content that comes back is the same snapshot, pulled again; what is not complete is no reading."""
    shown = [("a", 0, True), ("b", 15, True), ("c", 20, False), ("a", 30, True)]
    for key, minute, complete in shown:
        head = snapshot(snapshot_id=key, taken_at=NOON + timedelta(minutes=minute), complete=complete, record_count=7)
        ledger.snapshots.save(head, [])

    assert ledger.snapshots.pulls_of_period("atria_to_kaseya_bms", OCTOBER) == [
        SnapshotPull("a", NOON + timedelta(minutes=30), 7),
        SnapshotPull("b", NOON + timedelta(minutes=15), 7),
        SnapshotPull("a", NOON, 7),
    ]
    assert ledger.snapshots.pulls_of_period("atria_to_kaseya_bms", NOVEMBER) == []
    assert ledger.snapshots.pulls_of_period("another", OCTOBER) == []
