"""Which periods are told as open, by the history of runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing_providers.engine.open_periods import open_periods
from billing_providers.model.periods import BillingCalendar
from billing_providers.model.runs import RunRecord, RunResult
from tests.support.ledger_values import run_record

OCTOBER = BillingCalendar().period_containing(date(2026, 10, 15))
SEPTEMBER = BillingCalendar().period_before(OCTOBER)
DUE = [(period, period.end_instant() + timedelta(hours=6)) for period in (SEPTEMBER, OCTOBER)]


def ran(hour: int = 7, **changes: Any) -> RunRecord:
    """Return a scheduled run of October that succeeded."""
    values = {
        "run_key": f"demo/{hour}",
        "period_start": OCTOBER.start,
        "started_at": datetime(2026, 11, 1, hour, tzinfo=UTC),
        "result": RunResult.SUCCEEDED,
        "mode": "scheduled",
    }
    return run_record(**{**values, **changes})


SEPTEMBERS = ran(1, period_start=SEPTEMBER.start)
FAILED = {"result": RunResult.FAILED, "summary": "KS03: refused"}


@pytest.mark.parametrize(
    "runs",
    [
        [ran()],
        [ran(result=RunResult.SUCCEEDED_WITH_WARNINGS)],
        [ran(result=RunResult.NOTHING_TO_DO, mode="manual")],
        [ran(7, **FAILED), ran(8)],
        [ran(7), ran(8, **FAILED)],
        [ran(7, result=RunResult.PARTLY_FAILED), ran(8, failed_only=True, mode="manual")],
        [ran(customers=("ASP",))],
    ],
    ids=["good", "warnings", "nothing to do", "repeated", "spoilt afterwards", "the failed lines", "for its customers"],
)
def test_a_period_that_some_run_billed_is_closed(runs: list[RunRecord]) -> None:
    """One good run for everybody is enough, whatever came before or after."""
    assert open_periods(DUE, [SEPTEMBERS, *runs]) == []


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([], "no run was started for it."),
        ([ran(dry_run=True)], "no run was started for it."),
        ([ran(mode="manual", customers=("ASP",))], "no run was started for it (1 for some of the customers)."),
        ([ran(**FAILED)], "run demo/7 ended as Failed: KS03: refused"),
        ([ran(result=RunResult.CANCELLED, summary="rejected")], "run demo/7 ended as Cancelled: rejected"),
        ([ran(7, **FAILED), ran(8, failed_only=True)], "run demo/8 ended as Succeeded: "),
    ],
    ids=["none", "dry run", "some customers", "failed", "rejected", "failed lines of nothing"],
)
def test_an_open_period_says_why(runs: list[RunRecord], why: str) -> None:
    """A run that never starts is as much a fault as one that fails."""
    (found,) = open_periods(DUE, [SEPTEMBERS, *runs])

    assert (found.period, found.due, found.why, found.waiting) == (OCTOBER, DUE[1][1], why, False)


def test_a_run_under_way_is_told_apart() -> None:
    """It may wait for a review: nothing is wrong yet."""
    (found,) = open_periods(DUE, [SEPTEMBERS, ran(7, **FAILED), ran(8, result=None)])

    assert found.waiting
    assert found.why == "run demo/8, started at 2026-11-01 08:00 UTC, has not ended."
