"""What earlier tries did about a change: those of the same diff, and additions of other diffs that lists still hide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.journal import JournalEntry
from billing_providers.push.ports import PushJob


def last_tries(
    job: PushJob, changes: Sequence[LineChange], states: Mapping[str, JournalEntry]
) -> dict[str, JournalEntry]:
    """Return the entry that tells most about each change; a change that nobody tried is missing.

    A line that another run added a moment ago is neither planned as there nor seen by a look-up where lists lag; the
    journal alone knows of it, by the change's id, which is the same in all diffs of a tenant.
    """
    doubtful = {
        change.change_id: change
        for change in changes
        if change.kind is ChangeKind.ADD_LINE and not job.standing(change, states.get(change.change_id)).may_be_applied
    }
    if not job.lists_lag_s or not doubtful:
        return dict(states)
    hidden_from = job.clock() - timedelta(seconds=job.lists_lag_s)
    ends = {  # a later entry of the same diff knows more than an earlier one
        (entry.digest, entry.change_id): entry
        for entry in job.journal.entries(job.diff.tenant)
        if entry.change_id in doubtful
    }
    return dict(states) | {
        entry.change_id: entry
        for entry in ends.values()
        if entry.at > hidden_from and job.standing(doubtful[entry.change_id], entry).may_be_applied
    }


def known_lines(changes: Sequence[LineChange], tries: Mapping[str, JournalEntry]) -> dict[str, str]:
    """Return change id → id of the line that an earlier try added."""
    return {
        change.change_id: tries[change.change_id].line_id
        for change in changes
        if change.kind is ChangeKind.ADD_LINE and change.change_id in tries and tries[change.change_id].line_id
    }
