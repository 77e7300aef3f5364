"""What to do with one change, given what the PSA shows now and where its journal stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.journal import DONE, JournalState
from billing_providers.model.psa import ContractLine, PsaCapabilities, QuantityWrite
from billing_providers.push.expected import differs_from_plan, differs_from_review

#: States of a change whose write may have been applied, also where its answer showed something else.
MAY_BE_APPLIED = DONE | {JournalState.SENT, JournalState.UNKNOWN, JournalState.MISMATCH}

#: States of a change that was sent and of which no answer tells.
AT_WORK = frozenset({JournalState.SENT, JournalState.UNKNOWN})


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
class WriteTraits:
    """How writes of this tenant behave, as far as it decides what may be sent again.

    :param lists_lag_s: a list may miss what was written less than so long ago.
    :param settle_s: a write whose answer was lost may still be at work for so long.
    :param relative: quantities are written as differences: one that is sent twice counts twice.
    """

    lists_lag_s: float = 0.0
    settle_s: float = 0.0
    relative: bool = False

    @classmethod
    def of(cls, offered: PsaCapabilities) -> WriteTraits:
        """Return the traits of a tenant that offers this."""
        return cls(offered.lists_lag_s, offered.reads_lag_s, offered.quantity_write is QuantityWrite.DELTA)

    @property
    def hidden_s(self) -> float:
        """For so long an addition may be there and not be seen."""
        return max(self.lists_lag_s, self.settle_s)


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
    traits: WriteTraits = WriteTraits(),
) -> Judgement:
    """Judge one change.

    :param live: the open and ended lines of its contract by line id.
    :param billed_on: day on which a line must still be billed to be changed.
    """
    if change.kind is ChangeKind.ADD_LINE:
        if standing.line_id:
            return _judge_added(change, standing.line_id, live.get(standing.line_id), billed_on)
        same = [line for line in live.values() if line.open_on(billed_on) and line.service_id == change.service_id]
        return _judge_addition(change, same, standing, traits)
    return _judge_line(change, live.get(change.line_id), standing, traits, billed_on)


def _judge_line(
    change: LineChange, line: ContractLine | None, standing: Standing, traits: WriteTraits, billed_on: date
) -> Judgement:
    if line is None:
        return Judgement(Verdict.STALE, None, "the line is no longer on the contract")
    held, as_planned = line.quantity_on(change.effective_date), not differs_from_plan(change, line)
    if change.kind is ChangeKind.END_LINE and as_planned:
        return Judgement(Verdict.ALREADY, held, "the line already ends on that day", line.line_id)
    if not line.open_on(billed_on):
        return Judgement(Verdict.STALE, held, "the line has ended")
    if as_planned:
        return Judgement(Verdict.ALREADY, held, "the line already is as planned", line.line_id)
    if moved := differs_from_review(change, line):
        return Judgement(Verdict.STALE, held, moved)
    return _judge_unapplied(standing, traits, held)


def _judge_unapplied(standing: Standing, traits: WriteTraits, held: Decimal | None) -> Judgement:
    """The line reads as it was before the change; whether it may be written depends on earlier tries."""
    if traits.relative and standing.state is JournalState.MISMATCH:
        return Judgement(Verdict.STALE, held, "the PSA had taken the change and does not show it; never sent twice")
    if standing.state in AT_WORK and standing.age_s < traits.settle_s:
        why = f"an earlier try may still be at work, {traits.settle_s:.0f} s after it was sent; not sent again"
        return Judgement(Verdict.WAIT, held, why)
    return Judgement(Verdict.WRITE, held, "")


def _judge_added(change: LineChange, line_id: str, ours: ContractLine | None, billed_on: date) -> Judgement:
    """A line that was added once is never added again, whatever became of it."""
    if ours is None:
        why = "the line that an earlier try added is no longer on the contract"
        return Judgement(Verdict.STALE, None, why, line_id)
    held = ours.quantity_on(change.effective_date)
    if not ours.open_on(billed_on):
        return Judgement(Verdict.STALE, held, "the line that an earlier try added has ended", line_id)
    differs = differs_from_plan(change, ours)
    why = f"an earlier try had added the line{', but ' if differs else ''}{differs}"
    return Judgement(Verdict.STALE if differs else Verdict.ALREADY, held, why, line_id)


def _judge_addition(
    change: LineChange, same: Sequence[ContractLine], standing: Standing, traits: WriteTraits
) -> Judgement:
    """A line to add must not exist yet; one that an earlier try of ours may have made counts as made.

    While a list may not show it yet, nothing is added again.
    """
    if not same:
        if standing.may_be_applied and standing.age_s < traits.hidden_s:
            lag = f"{traits.hidden_s:.0f} s"
            why = f"an earlier try may have added the line, and lists may lag {lag} behind; not sent again"
            return Judgement(Verdict.WAIT, None, why)
        return Judgement(Verdict.WRITE, None, "")
    held = same[0].quantity_on(change.effective_date)
    if len(same) == 1 and standing.may_be_applied and not differs_from_plan(change, same[0]):
        return Judgement(Verdict.ALREADY, held, "an earlier try had added the line", same[0].line_id)
    return Judgement(Verdict.STALE, held, f"the contract has {len(same)} lines for the service by now")
