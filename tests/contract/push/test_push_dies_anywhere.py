"""A push that dies between any two of its steps, at each of them in turn: the rerun loses nothing and doubles nothing.

A step is one commit of the journal or one write. From the chosen step on everything fails at once, in all threads, as
after a kill; the killing of real processes is in ``tests/survival``.
"""

from __future__ import annotations

from itertools import count

import pytest

from billing_providers.model.changes import ChangeKind
from billing_providers.push.applier import apply_changes
from billing_providers.push.verifier import verify_changes
from tests.contract.push.conftest import Push, in_states
from tests.support.mortal import Killed, Life, mortal

KINDS = [ChangeKind.SET_QUANTITY, ChangeKind.SET_FIELDS, ChangeKind.ADD_LINE, ChangeKind.END_LINE]


@pytest.mark.parametrize("lost_answers", [False, True], ids=["answers-arrive", "answers-lost"])
def test_a_push_may_die_between_any_two_steps(push: Push, lost_answers: bool) -> None:
    """Law 7: the intent is durable before a request leaves, so that a rerun reads before it writes what is in doubt."""
    few = tuple(change for kind in KINDS for change in push.of_kind(kind)[:2])
    died_at = 0
    for ends_at in count(1):
        push.start_over(few, f"{ends_at:064d}")
        if lost_answers:
            push.fault("drop_after", count=0)
            push.fault("drop_after", push.case.add, count=0)
        job, life = push.job(), Life(ends_at)
        try:
            apply_changes(mortal(job, life))
        except Killed:
            died_at = ends_at
        push.box.control.clear_faults()
        apply_changes(push.job())
        push.wait_for_lists()
        apply_changes(push.job())

        assert push.written() == push.wanted(), f"killed at step {ends_at}"
        assert in_states(verify_changes(push.job())) == {"verified": len(few)}, f"killed at step {ends_at}"
        if not life.over:
            break
    assert died_at >= 2 * len(few) + 4
