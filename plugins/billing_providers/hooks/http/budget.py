"""A request budget per endpoint and rolling hour, kept on our side so that the server never has to say no."""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from threading import Lock

log = logging.getLogger(__name__)

_HOUR_S = 3600.0


class BudgetSpent(Exception):
    """The next request would have to wait longer than allowed; ``wait_s`` says how long."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"free again in {wait_s:.0f} s")
        self.wait_s = wait_s


class RequestBudget:
    """Lets at most ``per_hour`` requests per endpoint leave within any hour. None: no limit.

    It counts the requests of one hook in one process; several workers share a tenant through its Airflow pool.
    Also holds an endpoint back for as long as the server asked all callers to wait.
    """

    def __init__(
        self,
        per_hour: int | None,
        wait_s_max: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._per_hour = per_hour
        self._wait_s_max = wait_s_max
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._sent: dict[str, deque[float]] = defaultdict(deque)
        self._not_before: dict[str, float] = {}

    def take(self, endpoint: str) -> None:
        """Count one request, after waiting for its turn.

        :raises BudgetSpent: when the wait would be longer than ``wait_s_max``.
        """
        waited_s = 0.0
        while (wait_s := self._take_or_wait_s(endpoint)) > 0:
            if waited_s + wait_s > self._wait_s_max:
                raise BudgetSpent(wait_s)
            log.info("%s has to wait %.0f s for its turn", endpoint, wait_s)
            self._sleep(wait_s)
            waited_s += wait_s

    def hold(self, endpoint: str, wait_s: float) -> None:
        """Let no request to this endpoint leave before the time that the server asked for."""
        with self._lock:
            self._not_before[endpoint] = max(self._not_before.get(endpoint, 0.0), self._clock() + wait_s)

    def _take_or_wait_s(self, endpoint: str) -> float:
        with self._lock:
            now = self._clock()
            wait_s = self._not_before.get(endpoint, now) - now
            if self._per_hour is not None:
                sent = self._sent[endpoint]
                while sent and sent[0] <= now - _HOUR_S:
                    sent.popleft()
                if len(sent) >= self._per_hour:
                    wait_s = max(wait_s, sent[0] + _HOUR_S - now)
                elif wait_s <= 0:
                    sent.append(now)
            return wait_s
