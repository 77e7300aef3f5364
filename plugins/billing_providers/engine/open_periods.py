"""Which periods should have been billed by now and are not, by the history of runs.

A period is billed by a run for all its customers that ended well, or by one that was partly failed and a later one for
the failed lines that ended well. A run that a person started for some customers alone bills no period, and neither does
one that undoes another run, nor the run that it undid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing_providers.engine.undone import undone_runs
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.runs import RunRecord, RunResult

_GOOD = frozenset({RunResult.SUCCEEDED, RunResult.SUCCEEDED_WITH_WARNINGS, RunResult.NOTHING_TO_DO})


@dataclass(frozen=True, slots=True)
class OpenPeriod:
    """A period that is not billed. ``waiting``: a run is under way."""

    period: BillingPeriod
    due: datetime
    why: str
    waiting: bool = False


def open_periods(due: Sequence[tuple[BillingPeriod, datetime]], runs: Iterable[RunRecord]) -> list[OpenPeriod]:
    """Return the due periods that are not billed, in the order given.

    :param due: periods and the instants at which their runs were due, all in the past.
    """
    by_start: dict[date, list[RunRecord]] = {}
    runs = sorted(runs, key=lambda run: (run.started_at, run.run_key))
    undone = undone_runs(runs)
    for run in runs:
        if not run.dry_run and not run.undoes:
            by_start.setdefault(run.period_start, []).append(run)
    judged = [_judged(period, instant, by_start.get(period.start, []), undone) for period, instant in due]
    return [period for period in judged if period is not None]


def _judged(
    period: BillingPeriod, due: datetime, runs: Sequence[RunRecord], undone: Mapping[str, str]
) -> OpenPeriod | None:
    whole = [run for run in runs if _is_whole(run)]
    if not whole:
        part = f" ({len(runs)} for some of the customers)" if runs else ""
        return OpenPeriod(period, due, f"no run was started for it{part}.")
    partly = False
    for run in whole:
        if run.run_key in undone:
            continue
        if run.result in _GOOD and (partly or not run.failed_only):
            return None
        partly = partly or (run.result is RunResult.PARTLY_FAILED and not run.failed_only)
    last = whole[-1]
    if last.result is None:
        why = f"run {last.run_key}, started at {last.started_at:%Y-%m-%d %H:%M} UTC, has not ended."
        return OpenPeriod(period, due, why, waiting=True)
    if last.run_key in undone:
        return OpenPeriod(period, due, f"run {last.run_key} was undone by run {undone[last.run_key]}.")
    return OpenPeriod(period, due, f"run {last.run_key} ended as {last.result}: {last.summary}")


def _is_whole(run: RunRecord) -> bool:
    """Tell whether a run was for everybody whom its DAG bills: a schedule has the DAG's own customers."""
    return not run.customers or run.mode != "manual"
