"""A rate limit: so many requests of one kind in a rolling window."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from datetime import datetime, timedelta


class RollingBudget:
    """Counts requests of each kind within ``window``; refused requests do not count."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._taken: dict[str, deque[datetime]] = defaultdict(deque)

    def wait_s(self, kind: str, limit: int, now: datetime) -> int:
        """Take one request and return 0, or return the seconds after which the next one is allowed."""
        with self._lock:
            taken = self._taken[kind]
            while taken and taken[0] <= now - self._window:
                taken.popleft()
            if len(taken) < limit:
                taken.append(now)
                return 0
            first_free = taken[0] + self._window if taken else now + self._window
            return int((first_free - now).total_seconds()) + 1
