"""Lets what an earlier try has just sent arrive before anything is read, where quantities are sent again at once.

Sending an absolute quantity twice is harmless, so PSAs that take them are given no long wait as those that take
differences are. But a task that is cleared seconds after it was stopped would read lines that its own last requests are
just about to change, and the PSA's log would show the same number twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billing_providers.model.changes import LineChange
from billing_providers.model.journal import JournalEntry
from billing_providers.push.judge import AT_WORK
from billing_providers.push.ports import PushJob

LANDS_S = 10.0  # longer than a request takes that is answered at all; a slower one may be written twice, with one value


def let_land(job: PushJob, changes: Sequence[LineChange], tries: Mapping[str, JournalEntry]) -> None:
    """Wait until what earlier tries sent without having an answer is ``LANDS_S`` old; at most that long.

    Where a try may be at work for longer, each of its changes waits by itself and the task is run again.
    """
    if job.traits.settle_s >= LANDS_S:
        return
    standings = [job.standing(change, tries.get(change.change_id)) for change in changes]
    ages = [abs(standing.age_s) for standing in standings if standing.state in AT_WORK]
    if ages and min(ages) < LANDS_S:
        job.pause(LANDS_S - min(ages))
