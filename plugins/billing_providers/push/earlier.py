"""What earlier tries did about a change: those of the same diff, and recent ones of other diffs.

What another run wrote a moment ago may be neither seen by a look-up nor done yet; the journal alone knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.journal import JournalEntry
from billing_providers.push.judge import AT_WORK, MAY_BE_APPLIED
from billing_providers.push.ports import PushJob


def last_tries(
    job: PushJob, changes: Sequence[LineChange], states: Mapping[str, JournalEntry]
) -> dict[str, JournalEntry]:
    """Return the entry that tells most about each change; a change that nobody tried is missing.

    A line to add is known by the change's id, which is the same in all diffs of a tenant; a live line by its own id.
    """
    found = dict(states)
    doubtful = [change for change in changes if not job.standing(change, states.get(change.change_id)).may_be_applied]
    if not doubtful or not job.traits.hidden_s:
        return found
    recent = job.journal.since(job.diff.tenant, job.clock() - timedelta(seconds=job.traits.hidden_s))
    # A later entry about the same change of the same diff knows more than an earlier one.
    ends = {(entry.digest, entry.change_id): entry for entry in recent}.values()
    additions = {entry.change_id: entry for entry in ends if entry.state in MAY_BE_APPLIED or entry.line_id}
    at_work = {entry.line_id: entry for entry in ends if entry.state in AT_WORK}
    for change in doubtful:
        is_addition = change.kind is ChangeKind.ADD_LINE
        entry = additions.get(change.change_id) if is_addition else at_work.get(change.line_id)
        if entry is not None:
            found[change.change_id] = entry
    return found


def known_lines(changes: Sequence[LineChange], tries: Mapping[str, JournalEntry]) -> dict[str, str]:
    """Return change id → id of the line that an earlier try added."""
    return {
        change.change_id: tries[change.change_id].line_id
        for change in changes
        if change.kind is ChangeKind.ADD_LINE and change.change_id in tries and tries[change.change_id].line_id
    }
