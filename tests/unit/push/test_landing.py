"""How long a push waits for what an earlier try has just sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.push.judge import WriteTraits
from billing_providers.push.landing import LANDS_S, let_land
from tests.unit.push.test_applier import CHANGES, RELATIVE, Books, SlowPsa, job_of

ABSOLUTE = WriteTraits()


def waited(*tries: tuple[JournalState, float], traits: WriteTraits = ABSOLUTE) -> float:
    """Return how long is waited after tries that ended in a state so many seconds ago."""
    psa = SlowPsa()
    job, began = job_of(psa, Books(), traits), psa.now
    entries: dict[str, JournalEntry] = {}
    for change, (state, ago_s) in zip(CHANGES, tries, strict=False):
        entry = job.entry(change, state)
        entries[change.change_id] = replace(entry, at=entry.at - timedelta(seconds=ago_s))
    let_land(job, CHANGES, entries)
    return (psa.now - began).total_seconds()


@pytest.mark.parametrize("state", [JournalState.SENT, JournalState.UNKNOWN])
def test_what_was_sent_a_moment_ago_and_not_answered_is_given_the_rest_of_ten_seconds(state: JournalState) -> None:
    assert waited((state, 3)) == LANDS_S - 3
    assert waited((state, 8), (state, 2), (state, 60)) == LANDS_S - 2


def test_a_row_from_the_future_is_waited_for_no_longer_than_ten_seconds() -> None:
    """The clock of whoever wrote it was ahead."""
    assert waited((JournalState.SENT, -4)) == LANDS_S - 4


@pytest.mark.parametrize("state", [JournalState.CONFIRMED, JournalState.FAILED, JournalState.STALE])
def test_what_was_answered_is_not_waited_for(state: JournalState) -> None:
    assert waited((state, 1)) == 0


def test_a_first_try_and_one_after_a_retry_delay_wait_for_nothing() -> None:
    assert waited() == 0
    assert waited((JournalState.SENT, 120)) == 0


def test_where_a_try_may_be_at_work_for_minutes_its_changes_wait_by_themselves() -> None:
    """The push does not hold its worker for as long as that: it is run again."""
    assert waited((JournalState.SENT, 1), traits=RELATIVE) == 0
