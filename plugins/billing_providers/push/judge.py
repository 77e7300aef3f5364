"""What to do with one change, given what the PSA shows now and where its journal stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.journal import JournalState
from billing_providers.model.psa import ContractLine


class Verdict(StrEnum):
    """WRITE it, it is ALREADY there, or the live line is STALE and is left alone."""

    WRITE = "write"
    ALREADY = "already"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what was observed and why."""

    verdict: Verdict
    observed: Decimal | None
    why: str
    line_id: str = ""


def judge(change: LineChange, live: Mapping[str, ContractLine], state: JournalState | None) -> Judgement:
    """Judge one change. ``live`` holds the open and ended lines of its contract by line id."""
    if change.kind is ChangeKind.ADD_LINE:
        return _judge_addition(change, list(live.values()), state)
    line = live.get(change.line_id)
    if line is None or not line.open:
        gone = "the line is no longer on the contract" if line is None else "the line has ended"
        return Judgement(Verdict.STALE, line.quantity if line else None, gone)
    if line.quantity == change.quantity_after:
        return Judgement(Verdict.ALREADY, line.quantity, "the line already has the quantity", line.line_id)
    if line.quantity != change.quantity_before:
        return Judgement(Verdict.STALE, line.quantity, "the quantity was changed since the diff was made")
    if change.line_version and line.version and line.version != change.line_version:
        return Judgement(Verdict.STALE, line.quantity, "the line was edited since the diff was made")
    return Judgement(Verdict.WRITE, line.quantity, "")


def _judge_addition(change: LineChange, live: Sequence[ContractLine], state: JournalState | None) -> Judgement:
    """A line to add must not exist yet; one that an earlier try of ours may have made counts as made."""
    same = [line for line in live if line.open and line.service_id == change.service_id]
    if not same:
        return Judgement(Verdict.WRITE, None, "")
    ours = state in {JournalState.SENT, JournalState.UNKNOWN}
    if len(same) == 1 and ours and same[0].quantity == change.quantity_after:
        return Judgement(Verdict.ALREADY, same[0].quantity, "an earlier try had added the line", same[0].line_id)
    return Judgement(Verdict.STALE, same[0].quantity, f"the contract has {len(same)} lines for the service by now")
