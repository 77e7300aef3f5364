"""The read budget of one Datto RMM account, kept on our side so that the server never has to say no.

- Seen (clients and vendor's help): 600 reads within any 60 seconds, counted for the account; 429 beyond; who goes on
  gets 403 for five minutes. ``GET /v2/system/request_rate`` tells limit, window and what everybody has used.
- Assumed: ``accountCutOffRatio`` is the share of the limit at which the server starts to refuse.

All hooks of one process share the budget of an account. Other processes are seen through what the server tells.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from threading import Lock

from billing_providers.hooks.http.client import Clocks

log = logging.getLogger(__name__)

LIMIT, WINDOW_S, BLOCK_S = 600, 60.0, 300.0
_SHARE_MAX = Decimal("0.9")  # the rest is for people and other tools
_ASK_AFTER = 200  # requests after which the server is asked again


class Blocked(Exception):
    """The server lets nobody through at the moment; ``wait_s`` says how long that is expected to last."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"blocked for another {wait_s:.0f} s")
        self.wait_s = wait_s


class ReadBudget:
    """Lets at most nine tenths of the account's reads leave within any window. Safe to use from several threads."""

    def __init__(self, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = Lock()
        self._sent: deque[float] = deque()
        self._usable, self._window_s = int(LIMIT * _SHARE_MAX), WINDOW_S
        self._others, self._others_until = 0, 0.0
        self._blocked_until = 0.0
        self._ask_in = 0

    @property
    def wants_to_ask(self) -> bool:
        """Whether it is time to ask the server what the account has used."""
        with self._lock:
            return self._ask_in <= 0

    def take(self) -> None:
        """Count one request, after waiting for its turn: never longer than two windows.

        :raises Blocked: when the server blocks us; nothing may be sent until that is over.
        """
        while (wait_s := self._take_or_wait_s()) > 0:
            log.info("Datto RMM: waiting %.0f s, as the account's reads are used up", wait_s)
            self._sleep(wait_s)

    def add(self, requests: int) -> None:
        """Count requests that left without a turn of their own: repeats and sign-ins."""
        with self._lock:
            self._sent.extend([self._clock()] * requests)
            self._ask_in -= requests

    def learn(self, limit: int, window_s: float, used: int, cut_off: Decimal | None) -> None:
        """Take over what the server tells. What others have used counts until the window is over."""
        share = min(_SHARE_MAX, cut_off) if cut_off is not None and 0 < cut_off < 1 else _SHARE_MAX
        with self._lock:
            now = self._clock()
            self._window_s = window_s
            self._usable = max(1, int(limit * share))
            self._forget(now)
            self._others = max(0, used - len(self._sent))
            self._others_until = now + window_s
            self._ask_in = _ASK_AFTER

    def block(self, seconds: float = BLOCK_S) -> None:
        """Let nothing leave for so long."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _take_or_wait_s(self) -> float:
        with self._lock:
            now = self._clock()
            if self._blocked_until > now:
                raise Blocked(self._blocked_until - now)
            self._forget(now)
            others = self._others if now < self._others_until else 0
            if len(self._sent) + others < self._usable:
                self._sent.append(now)
                self._ask_in -= 1
                return 0.0
            ends = [self._others_until] if others else []
            ends += [self._sent[0] + self._window_s] if self._sent else []
            return max(min(ends) - now, 0.001)

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - self._window_s:
            self._sent.popleft()


_SHARED: dict[tuple[str, str, Callable[[], float]], ReadBudget] = {}
_SHARING = Lock()


def shared_budget(base_url: str, api_key: str, clocks: Clocks) -> ReadBudget:
    """Return the budget of an account, one for all hooks of this process that go by the same clock."""
    with _SHARING:
        key = (base_url, api_key, clocks.clock)
        if key not in _SHARED:
            _SHARED[key] = ReadBudget(clock=clocks.clock, sleep=clocks.sleep)
        return _SHARED[key]
