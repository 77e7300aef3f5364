"""Notices that the clock of this machine was set while a task runs, or that the machine slept.

Locks run out and doubtful writes grow old by the clock, so what is stamped by one that jumps misleads whoever reads it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from billing_providers.errors import LedgerError

JUMP_S_MAX = 5.0  # between two looks; a time service that corrects in small steps stays far below


class ClockWatch:
    """Compares a wall clock with one that cannot be set, from look to look. Safe for threads.

    :param wall: tells the instant, in UTC.
    """

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall, self._gate = wall, threading.Lock()
        self._seen = (wall(), time.monotonic())
        self._jumped_s = 0.0

    def require_steady(self) -> None:
        """Make sure that the clock did not jump since the last look.

        :raises LedgerError: when it did, now and at every later look.
        """
        with self._gate:
            wall, ticks = self._wall(), time.monotonic()
            jumped_s = (wall - self._seen[0]).total_seconds() - (ticks - self._seen[1])
            self._seen = (wall, ticks)
            if abs(jumped_s) > JUMP_S_MAX:
                self._jumped_s = self._jumped_s or jumped_s
        if self._jumped_s:
            way = "forward" if self._jumped_s > 0 else "back"
            raise LedgerError(
                f"the clock of this machine went {way} by {timedelta(seconds=abs(round(self._jumped_s)))} while this "
                "task was at work; nothing more is sent. Look at its time service, then clear this task"
            )
