"""Where the line changes of a customer stand before its invoice is made, by the journal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billing_providers.model.changes import ContractDiff, LineChange
from billing_providers.model.gate import GateReason
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.runs import Approval

_WORDS = {
    JournalState.INTENDED: "was about to be sent when the run died",
    JournalState.SENT: "was sent, and no answer came",
    JournalState.CONFIRMED: "was answered, and is not read back yet",
    JournalState.FAILED: "was refused",
    JournalState.UNKNOWN: "may have been applied, nobody knows",
    JournalState.STALE: "was left alone, since the line was changed after the diff",
    JournalState.MISMATCH: "was read back and is different",
}


@dataclass(slots=True)
class CustomerChanges:
    """What of a customer's changes does not stand: ``held`` for a person, ``failed`` on the way to the PSA."""

    held: list[GateReason] = field(default_factory=list)
    failed: list[GateReason] = field(default_factory=list)
    attempts: int = 0
    last: JournalEntry | None = None


def customer_changes(
    diff: ContractDiff, entries: Sequence[JournalEntry], approval: Approval | None, since: datetime
) -> dict[str, CustomerChanges]:
    """Return what does not stand, by customer code.

    A change stands where the last entry about its line stands, if that is of this diff or of a later run.

    :param entries: the journal of the integration and period, oldest first.
    :param approval: the latest decision about the diff.
    :param since: when the diff was planned.
    """
    trails = _trails(entries)
    found: dict[str, CustomerChanges] = {}
    for change in diff.changes:
        trail = trails.get(change.line_id or change.change_id, [])
        ours = [entry for entry in trail if entry.digest == diff.digest or entry.at >= since]
        last = _last(change, ours)
        if last is not None and last.state is JournalState.VERIFIED:
            continue
        if last is not None and last.state is JournalState.CONFIRMED and _is_passed(change, diff, ours):
            continue
        for customer in change.customer_codes:
            standing = found.setdefault(customer, CustomerChanges())
            if last is None:
                _not_sent(standing, change, diff, approval)
                continue
            answer = f": {last.detail}" if last.detail else ""
            reason = GateReason("", f"The change of {change.service_name} {_WORDS[last.state]}{answer}.")
            (standing.held if last.state is JournalState.CONFIRMED else standing.failed).append(reason)
            standing.attempts += sum(entry.state is JournalState.SENT for entry in trail)
            if standing.last is None or standing.last.at <= last.at:
                standing.last = last
    return found


def _trails(entries: Iterable[JournalEntry]) -> dict[str, list[JournalEntry]]:
    """Return the entries about each line, and about each change that had no line yet."""
    trails: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        for key in {entry.line_id, entry.change_id} - {""}:
            trails.setdefault(key, []).append(entry)
    return trails


def _last(change: LineChange, trail: Sequence[JournalEntry]) -> JournalEntry | None:
    """Return the last entry about a change's line; of several steps the last one about its own."""
    own = [entry for entry in trail if not change.step or entry.change_id == change.change_id]
    return own[-1] if own else None


def _is_passed(change: LineChange, diff: ContractDiff, trail: Sequence[JournalEntry]) -> bool:
    """Whether a later step of the line was read back, which the line shows instead of this one."""
    later = {one.change_id for one in diff.changes if one.line_id == change.line_id and one.step > change.step > 0}
    return any(entry.change_id in later and entry.state is JournalState.VERIFIED for entry in trail)


def _not_sent(standing: CustomerChanges, change: LineChange, diff: ContractDiff, approval: Approval | None) -> None:
    decision = approval.decision if approval else ""
    if decision == "rejected":
        standing.held.append(GateReason("", f"A person rejected the change of {change.service_name}."))
    elif change.held_by and decision != "approved":
        words = f"The change of {change.service_name} waits for a person."
        standing.held.append(GateReason(", ".join(change.held_by), words))
    elif not diff.applicable:
        words = f"The change of {change.service_name} is listed for a person: it cannot be written here."
        standing.held.append(GateReason("", words))
    elif decision in {"approved", "not_needed"}:
        standing.failed.append(GateReason("", f"The change of {change.service_name} was not sent."))
    else:
        standing.held.append(GateReason("", f"Nobody decided about the change of {change.service_name}."))
