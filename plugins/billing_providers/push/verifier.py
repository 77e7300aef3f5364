"""Reading everything back in bulk after a push, and which lines are managed from now on."""

from __future__ import annotations

from billing_providers.model.changes import ChangeKind, ContractDiff, MatchedLine
from billing_providers.model.journal import DONE, JournalEntry, JournalState
from billing_providers.push.expected import differs_from_plan
from billing_providers.push.judge import Verdict
from billing_providers.push.ports import PushJob
from billing_providers.push.reading import lines_anew


def verify_changes(job: PushJob) -> dict[str, JournalEntry]:
    """Read back every change that was confirmed or may have been applied, and journal what the PSA shows.

    :raises RequestError: when nothing at all could be read back; clear the task to try again.
    """
    states = job.journal.states(job.diff.digest)
    wanted = {JournalState.CONFIRMED, JournalState.SENT, JournalState.UNKNOWN, JournalState.MISMATCH}
    doubtful = [
        change for change in job.changes if change.change_id in states and states[change.change_id].state in wanted
    ]
    if not doubtful:
        return states
    added = {change.change_id: states[change.change_id].line_id for change in doubtful}
    live = lines_anew(job.psa, doubtful, added)
    entries = []
    for change in doubtful:
        before = states[change.change_id]
        line_id = before.line_id or change.line_id
        line = live[change.contract_id].get(line_id)
        if line is None and change.kind is ChangeKind.ADD_LINE:
            seen = job.judged(change, live[change.contract_id], before, applied=True)
            good, observed, differs = seen.verdict is Verdict.ALREADY, seen.observed, seen.why
        else:
            observed = line.quantity if line else None
            differs = differs_from_plan(change, line) if line else "the line is no longer on the contract"
            good = not differs
        if good:
            entries.append(job.entry(change, JournalState.VERIFIED, observed=observed, line_id=before.line_id))
        elif before.state in {JournalState.CONFIRMED, JournalState.MISMATCH}:
            entries.append(
                job.entry(
                    change, JournalState.MISMATCH, observed=observed, detail=f"read back and found different: {differs}"
                )
            )
        else:
            entries.append(
                job.entry(
                    change, JournalState.UNKNOWN, observed=observed, detail=f"{before.detail}; read back as not applied"
                )
            )
    job.journal.append(entries, lock=job.lock)
    return job.journal.states(job.diff.digest)


def lines_no_longer_managed(diff: ContractDiff, states: dict[str, JournalEntry]) -> list[str]:
    """Return the ids of lines that were ended: there is nothing left to zero."""
    return [
        change.line_id
        for change in diff.changes
        if change.kind is ChangeKind.END_LINE and change.change_id in states and states[change.change_id].state in DONE
    ]


def lines_now_managed(diff: ContractDiff, states: dict[str, JournalEntry]) -> list[MatchedLine]:
    """Return the matched lines that stand as the diff says: unchanged ones, and changed ones that are done."""
    undone = {
        change.line_id
        for change in diff.changes
        if change.change_id not in states or states[change.change_id].state not in DONE
    }
    return [line for line in diff.matched if line.line_id not in undone]
