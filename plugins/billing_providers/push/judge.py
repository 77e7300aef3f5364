"""What to do with one change, given what the PSA shows now and where its journal stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.journal import DONE, JournalState
from billing_providers.model.psa import ContractLine
from billing_providers.push.expected import differs_from_plan, differs_from_review

#: States of a change whose write may have been applied, also where its answer showed something else.
MAY_BE_APPLIED = DONE | {JournalState.SENT, JournalState.UNKNOWN, JournalState.MISMATCH}


class Verdict(StrEnum):
    """WRITE it, it is ALREADY there, the live line is STALE and is left alone, or nobody can tell yet: WAIT."""

    WRITE = "write"
    ALREADY = "already"
    STALE = "stale"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a change stood before this try: its last journal state, and how many seconds ago that was written.

    ``line_id``: the line that an earlier try added, where the PSA had told its id.
    """

    state: JournalState | None = None
    age_s: float = 0.0
    line_id: str = ""

    @property
    def may_be_applied(self) -> bool:
        """Whether an earlier try may have reached the PSA; a line that it added says so whatever came after."""
        return self.state in MAY_BE_APPLIED or bool(self.line_id)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what was observed and why."""

    verdict: Verdict
    observed: Decimal | None
    why: str
    line_id: str = ""


def judge(
    change: LineChange,
    live: Mapping[str, ContractLine],
    standing: Standing,
    *,
    billed_on: date,
    lists_lag_s: float = 0.0,
) -> Judgement:
    """Judge one change.

    :param live: the open and ended lines of its contract by line id.
    :param billed_on: day on which a line must still be billed to be changed.
    :param lists_lag_s: a list may miss what was written less than so long ago.
    """
    if change.kind is ChangeKind.ADD_LINE:
        if standing.line_id:
            return _judge_added(change, standing.line_id, live.get(standing.line_id), billed_on)
        same = [line for line in live.values() if line.open_on(billed_on) and line.service_id == change.service_id]
        return _judge_addition(change, same, standing, lists_lag_s)
    return _judge_line(change, live.get(change.line_id), billed_on)


def _judge_line(change: LineChange, line: ContractLine | None, billed_on: date) -> Judgement:
    if line is None:
        return Judgement(Verdict.STALE, None, "the line is no longer on the contract")
    if change.kind is ChangeKind.END_LINE and not differs_from_plan(change, line):
        return Judgement(Verdict.ALREADY, line.quantity, "the line already ends on that day", line.line_id)
    if not line.open_on(billed_on):
        return Judgement(Verdict.STALE, line.quantity, "the line has ended")
    if not differs_from_plan(change, line):
        return Judgement(Verdict.ALREADY, line.quantity, "the line already is as planned", line.line_id)
    moved = differs_from_review(change, line)
    return Judgement(Verdict.STALE if moved else Verdict.WRITE, line.quantity, moved)


def _judge_added(change: LineChange, line_id: str, ours: ContractLine | None, billed_on: date) -> Judgement:
    """A line that was added once is never added again, whatever became of it."""
    if ours is None:
        return Judgement(
            Verdict.STALE, None, "the line that an earlier try added is no longer on the contract", line_id
        )
    if not ours.open_on(billed_on):
        return Judgement(Verdict.STALE, ours.quantity, "the line that an earlier try added has ended", line_id)
    differs = differs_from_plan(change, ours)
    why = f"an earlier try had added the line{', but ' if differs else ''}{differs}"
    return Judgement(Verdict.STALE if differs else Verdict.ALREADY, ours.quantity, why, line_id)


def _judge_addition(
    change: LineChange, same: Sequence[ContractLine], standing: Standing, lists_lag_s: float
) -> Judgement:
    """A line to add must not exist yet; one that an earlier try of ours may have made counts as made.

    While a list may not show it yet, nothing is added again.
    """
    if not same:
        if standing.may_be_applied and standing.age_s < lists_lag_s:
            why = (
                f"an earlier try may have added the line, and lists may lag {lists_lag_s:.0f} s behind; not sent again"
            )
            return Judgement(Verdict.WAIT, None, why)
        return Judgement(Verdict.WRITE, None, "")
    if len(same) == 1 and standing.may_be_applied and not differs_from_plan(change, same[0]):
        return Judgement(Verdict.ALREADY, same[0].quantity, "an earlier try had added the line", same[0].line_id)
    return Judgement(Verdict.STALE, same[0].quantity, f"the contract has {len(same)} lines for the service by now")
