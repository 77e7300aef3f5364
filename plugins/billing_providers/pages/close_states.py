"""Where integrations and periods stand, in one word each, out of what the ledger holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from billing_providers.model.gate_head import GateHead, PeriodWord
from billing_providers.model.runs import IN_PERIOD, Approval, RunRecord
from billing_providers.pages.shown import NothingThere

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

PERIODS = 36
RUNS = 500


@dataclass(frozen=True, slots=True)
class IntegrationState:
    """The latest period of one integration. ``head`` None: no run has reported on it."""

    dag_id: str
    word: PeriodWord
    last_run: RunRecord
    head: GateHead | None


@dataclass(frozen=True, slots=True)
class PeriodState:
    """One period of one integration.

    :param runs: of the period, the newest first.
    :param approvals: the latest decision about each run's diff, by digest.
    :param periods: first days of all periods that had a run, the newest first.
    """

    dag_id: str
    period_start: date
    period_end: date
    word: PeriodWord
    head: GateHead | None
    runs: Sequence[RunRecord]
    approvals: dict[str, Approval]
    periods: Sequence[date]


def integration_states(ledger: Ledger, readable: Collection[str]) -> list[IntegrationState]:
    """Return the latest period of every integration among those that a person may read, by name."""
    states = []
    for dag_id in sorted(set(ledger.runs.integrations()) & set(readable)):
        last = ledger.runs.history(dag_id, 1)[0]
        head = ledger.gates.head(dag_id, last.period_start)
        states.append(IntegrationState(dag_id, word_of([last], head), last, head))
    return states


def period_state(ledger: Ledger, dag_id: str, day: date | None) -> PeriodState:
    """Return where a period stands.

    :param day: a day of it; None: the latest one that had a run.
    :raises NothingThere: when no run of the integration was about that day.
    """
    history = ledger.runs.history(dag_id, RUNS)
    about = next((run for run in history if day is None or run.period_start <= day < run.period_end), None)
    if about is None:
        when = "" if day is None else f" for a period with the day {day}"
        raise NothingThere(f"There is no run of {dag_id}{when} in the ledger.")
    runs = [run for run in history if run.period_start == about.period_start]
    approvals = {run.digest: ledger.diffs.approval(run.digest) for run in runs if run.digest}
    head = ledger.gates.head(dag_id, about.period_start)
    return PeriodState(
        dag_id=dag_id,
        period_start=about.period_start,
        period_end=about.period_end,
        word=word_of(runs, head),
        head=head,
        runs=runs,
        approvals={digest: approval for digest, approval in approvals.items() if approval is not None},
        periods=sorted({run.period_start for run in history}, reverse=True)[:PERIODS],
    )


def word_of(runs: Sequence[RunRecord], head: GateHead | None) -> PeriodWord:
    """Return the word for a period.

    :param runs: of it, the newest first.
    """
    writing = [run for run in runs if not run.dry_run and run.mode != IN_PERIOD]
    if writing and writing[0].result is None:
        return PeriodWord.AT_WORK
    return PeriodWord.OPEN if head is None else head.word
