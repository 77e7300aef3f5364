"""Time for the fault matrix: waits of the hooks cost milliseconds, silence of a server is noticed within a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, tzinfo
from threading import Lock
from typing import Any
from unittest.mock import patch

from requests.adapters import HTTPAdapter

from billing_providers.hooks.http.client import Clocks

SILENCE_S = 0.8  # in place of a minute or two
_REAL_WAIT_S = 0.01


class FastTime:
    """A clock that runs with the machine's, and jumps over what somebody sleeps."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ahead_s = 0.0

    def clock(self) -> float:
        return time.monotonic() + self._ahead_s

    def sleep(self, seconds: float) -> None:
        until = self.clock() + seconds
        time.sleep(min(seconds, _REAL_WAIT_S))
        with self._lock:  # who sleeps beside another one wakes up with it
            self._ahead_s = max(self._ahead_s, until - time.monotonic())


@contextmanager
def fast_time(*, impatient: bool = False, later_s: float = 0.0) -> Iterator[None]:
    """Let the hooks' waits pass at once.

    :param impatient: a server that is silent for ``SILENCE_S`` counts as one that does not answer.
    :param later_s: the push believes that so much time has passed: lists show by then what was written.
    """
    fast = FastTime()
    with ExitStack() as stack:
        # Every hook makes its own Clocks() unless it is given some; operators give none.
        stack.enter_context(
            patch.object(Clocks.__init__, "__defaults__", (fast.clock, fast.sleep, lambda: 0.5))  # type: ignore[misc]
        )
        if impatient:
            stack.enter_context(patch.object(HTTPAdapter, "send", _impatient(HTTPAdapter.send)))
        if later_s:
            stack.enter_context(patch("billing_providers.steps.push_job.datetime", _later(later_s)))
        yield


def _impatient(send: Any) -> Any:
    def sent(self: HTTPAdapter, request: Any, **how: Any) -> Any:
        return send(self, request, **{**how, "timeout": (SILENCE_S, SILENCE_S)})

    return sent


def _later(seconds: float) -> type[datetime]:
    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    return Later
