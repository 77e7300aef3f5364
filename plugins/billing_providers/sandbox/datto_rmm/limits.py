"""How many requests the simulated Datto RMM takes, and whom it shuts out.

Seen: 600 reads in 60 seconds, then 429; persistent breach is a 403 for about five minutes. How many refused requests
make a breach persistent is not public: a setting.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.datto_rmm.errors import DattoRefusal

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox

WINDOW = timedelta(seconds=60)
CUT_OFF_RATIO = 0.9  # seen in one account; what it does is not known, and nothing is done with it here
WRITE_LIMIT = 600
# Seen in one account: limits of single writing operations. None of them is simulated.
_OPERATIONS = {"site-create": 100, "device-move": 100, "device-udf-set": 600, "alert-resolve": 100}


class ReadLimit:
    """Counts the reads of the whole account, whoever makes them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget all requests."""
        self._taken: deque[datetime] = deque()
        self._refused: deque[datetime] = deque()
        self._blocked_until: datetime | None = None

    def refuse_when_shut_out(self) -> None:
        """Refuse every request, whatever it asks for, while the client is shut out."""
        with self._lock:
            if self._blocked_until and self._sandbox.clock.now() < self._blocked_until:
                raise DattoRefusal(403)
            self._blocked_until = None

    def take(self) -> None:
        """Take one read, or refuse it."""
        settings, now = self._sandbox.settings, self._sandbox.clock.now()
        with self._lock:
            _forget(self._taken, now)
            _forget(self._refused, now)
            if len(self._taken) < settings.datto_reads_per_minute:
                self._taken.append(now)
                return
            self._refused.append(now)
            if len(self._refused) > settings.datto_block_after:
                self._blocked_until = now + timedelta(seconds=settings.datto_block_s)
                self._refused.clear()
                raise DattoRefusal(403)
            wait = self._taken[0] + WINDOW - now if self._taken else WINDOW
            raise DattoRefusal(429, headers={"Retry-After": str(int(wait.total_seconds()) + 1)})

    def told(self, account_uid: str) -> dict[str, Any]:
        """Return what ``/v2/system/request_rate`` says."""
        with self._lock:
            _forget(self._taken, self._sandbox.clock.now())
            taken = len(self._taken)
        return {
            "slidingTimeWindowSizeSeconds": int(WINDOW.total_seconds()),
            "accountUid": account_uid,
            "accountCount": taken,
            "accountRateLimit": self._sandbox.settings.datto_reads_per_minute,
            "accountCutOffRatio": CUT_OFF_RATIO,
            "accountWriteRateLimit": WRITE_LIMIT,
            "accountWriteCount": 0,
            "operationWriteStatus": {name: {"limit": most, "count": 0} for name, most in _OPERATIONS.items()},
        }


def _forget(instants: deque[datetime], now: datetime) -> None:
    while instants and instants[0] <= now - WINDOW:
        instants.popleft()
