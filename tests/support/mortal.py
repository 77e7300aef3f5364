"""Pushes that die at a chosen step: a commit of the journal or a write, before it or after it.

From the chosen step on everything fails at once, in all threads, as after a kill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any

from billing_providers.push.ports import PushJob


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


def mortal(job: PushJob, life: Life) -> PushJob:
    """Return a job that goes on until its life is over."""
    return replace(job, journal=Mortal(job.journal, "append", life), psa=Mortal(job.psa, "write_line", life))
