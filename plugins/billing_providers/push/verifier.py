"""Reading everything back in bulk after a push, and which lines are managed from now on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, MatchedLine
from billing_providers.model.journal import DONE, JournalEntry, JournalState
from billing_providers.model.psa import ContractLine
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
    seen = [
        _read_back(job, change, states[change.change_id], live[change.contract_id])
        for change in doubtful
        if not _is_passed(change, job.changes, states, live[change.contract_id])
    ]
    entries = [entry for entry in seen if entry is not None]
    job.journal.append(entries, lock=job.lock)
    return job.journal.states(job.diff.digest)


def _is_passed(
    change: LineChange,
    changes: Iterable[LineChange],
    states: Mapping[str, JournalEntry],
    live: Mapping[str, ContractLine],
) -> bool:
    """Whether a later step of the line stands, which the line shows: the answer to this one was its proof."""
    line = live.get(change.line_id)
    if not change.step or states[change.change_id].state not in DONE or (line is not None and line.schedule):
        return False
    later = (one for one in changes if one.line_id == change.line_id and one.step > change.step)
    return any(one.change_id in states and states[one.change_id].state in DONE for one in later)


def _read_back(
    job: PushJob, change: LineChange, before: JournalEntry, live: Mapping[str, ContractLine]
) -> JournalEntry | None:
    """Return where a change stands now that its line was read; None: as before, and the journal says so already.

    Another entry would make the try look younger.
    """
    line_id = before.line_id or change.line_id
    line = live.get(line_id)
    if line is None and change.kind is ChangeKind.ADD_LINE:
        judged = job.judged(change, live, before, applied=True)
        if job.told_before(judged, before):
            return None
        good, observed, differs = judged.verdict is Verdict.ALREADY, judged.observed, judged.why
        line_id = judged.line_id or line_id
    else:
        observed = line.quantity_on(change.effective_date) if line else None
        differs = differs_from_plan(change, line) if line else "the line is no longer on the contract"
        good = not differs
    if good:
        return job.entry(change, JournalState.VERIFIED, observed=observed, line_id=line_id)
    if before.state in {JournalState.CONFIRMED, JournalState.MISMATCH}:
        state, why = JournalState.MISMATCH, f"read back and found different: {differs}"
        detail = why
    else:
        why = differs if change.kind is ChangeKind.ADD_LINE and differs else "read back as not applied"
        state, detail = JournalState.UNKNOWN, "; ".join(told for told in (before.detail, why) if told)
    if (state, observed) == (before.state, before.observed) and why in before.detail:
        return None
    return job.entry(change, state, observed=observed, detail=detail, line_id=line_id)


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
