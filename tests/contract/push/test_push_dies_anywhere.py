"""A push that dies between any two of its steps, at each of them in turn: the rerun loses nothing and doubles nothing.

A step is one commit of the journal or one write. From the chosen step on everything fails at once, in all threads, as
after a kill; the killing of real processes is in ``tests/survival``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from threading import Lock
from typing import Any

import pytest

from billing_providers.model.changes import ChangeKind
from billing_providers.push.applier import apply_changes
from billing_providers.push.verifier import verify_changes
from tests.contract.push.conftest import Push, in_states

KINDS = [ChangeKind.SET_QUANTITY, ChangeKind.SET_FIELDS, ChangeKind.ADD_LINE, ChangeKind.END_LINE]


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A journal or a hook that works until its life is over; ``lifeline`` is asked before and after each step."""

    def __init__(self, real: Any, step: str, lifeline: Callable[[], None]) -> None:
        self._real, self._step, self._lifeline = real, step, lifeline

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name != self._step:
            return found

        def lived(*arguments: Any, **named: Any) -> Any:
            self._lifeline()
            done = found(*arguments, **named)
            self._lifeline()
            return done

        return lived


class Life:
    """Ends at the n-th question whether it goes on."""

    def __init__(self, ends_at: int) -> None:
        self._ends_at, self._asked, self._gate = ends_at, 0, Lock()
        self.over = False

    def __call__(self) -> None:
        with self._gate:
            self._asked += 1
            self.over = self.over or self._asked >= self._ends_at
        if self.over:
            raise Killed


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
        mortal = replace(job, journal=Mortal(job.journal, "append", life), psa=Mortal(job.psa, "write_line", life))
        try:
            apply_changes(mortal)
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
