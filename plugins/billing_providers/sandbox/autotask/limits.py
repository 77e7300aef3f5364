"""How much a caller may ask: three calls at once per object endpoint, and so many per rolling hour in all."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from billing_providers.sandbox.autotask.errors import over_threshold, too_many_threads

THREADS_MAX = 3  # per tracking identifier and object endpoint (seen in the vendor's help)
WINDOW = timedelta(minutes=60)


class Threads:
    """Counts the calls that the server is working on, by integration code and endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def taken(self, code: str, endpoint: str, status: int) -> Iterator[None]:
        """Hold a thread.

        :raises AtRefusal: with the given status when all of them are taken.
        """
        place = (code, endpoint)
        with self._lock:
            if self._working[place] >= THREADS_MAX:
                raise too_many_threads(status, endpoint)
            self._working[place] += 1
        try:
            yield
        finally:
            with self._lock:
                self._working[place] -= 1


class Threshold:
    """Counts the calls of the last hour; refused ones do not count (assumed)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[datetime] = deque()

    def take(self, now: datetime, limit: int, used_by_others: int) -> int:
        """Count a call; return how many there were in the last hour, it and other integrations included.

        :raises AtRefusal: 429 when it would be one too many.
        """
        with self._lock:
            while self._calls and self._calls[0] <= now - WINDOW:
                self._calls.popleft()
            if len(self._calls) + used_by_others >= limit:
                raise over_threshold(limit)
            self._calls.append(now)
            return len(self._calls) + used_by_others
