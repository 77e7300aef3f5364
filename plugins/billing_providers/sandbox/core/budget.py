"""A rate limit: so many requests per endpoint template in a rolling hour."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)


class HourlyBudget:
    """Counts requests per endpoint; refused requests do not count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[str, deque[datetime]] = defaultdict(deque)

    def wait_s(self, endpoint: str, limit: int, now: datetime) -> int:
        """Take one request and return 0, or return the seconds after which the next one is allowed."""
        with self._lock:
            taken = self._taken[endpoint]
            while taken and taken[0] <= now - WINDOW:
                taken.popleft()
            if len(taken) < limit:
                taken.append(now)
                return 0
            first_free = taken[0] + WINDOW if taken else now + WINDOW
            return int((first_free - now).total_seconds()) + 1
