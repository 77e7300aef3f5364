"""Bounds the requests of one task to a PSA tenant together with those of all other tasks, on whatever worker.

A task leases slots of an endpoint from the ledger and passes them around its threads. A slot goes back after its turn,
or when nobody used it for a moment, so that other tasks get theirs.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from billing_providers.errors import BudgetExhausted, LedgerError
from billing_providers.hooks.http.gate import SharedLimits
from billing_providers.steps.slot_pool import SlotPool

if TYPE_CHECKING:
    from billing_providers.ledger.request_shares import RequestShares

log = logging.getLogger(__name__)

LEASE_S = 330.0  # the server ends a request after five minutes, so a slot never has two of them at work
IDLE_S = 0.008  # so long a thread may take between two requests without losing its slot
SET_APART = 50
SENT_WITHIN = timedelta(minutes=4)


class SharedGate:
    """Lets requests through one by one. Safe for threads; :meth:`close` gives everything back.

    :param owner: names the task; each gate counts as an owner of its own.
    """

    def __init__(self, ledger: RequestShares, tenant: str, owner: str, limits: SharedLimits) -> None:
        self._ledger, self._tenant, self._owner = ledger, tenant, f"{owner}/{time.time_ns()}/{id(self)}"
        self._limits = limits
        self._per_hour: int | None = None
        self._pools: dict[str, SlotPool] = {}
        self._opening = threading.Lock()
        self._budgeting = threading.Lock()
        self._apart, self._apart_at = 0, datetime.now(UTC)
        self._closed, self._lying = threading.Event(), threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="billing-request-slots", daemon=True)
        self._sweeper.start()

    def limit(self, per_hour: int | None) -> None:
        """Bound the requests within an hour from now on; until then there is no such limit."""
        self._per_hour = per_hour

    @contextmanager
    def slot(self, endpoint: str) -> Iterator[None]:
        """Wait for the budget and for a slot of an endpoint, and hold both for one request.

        :raises BudgetExhausted: when the hour's budget is spent for longer than may be waited.
        """
        self._take_budget()
        pool = self._pool(endpoint)
        slot = pool.enter()
        try:
            yield
        finally:
            if pool.leave(slot, closing=self._closed.is_set()):
                self._lying.set()

    def close(self) -> None:
        """Give back every slot, and what is left of the requests set apart. No request may be under way."""
        self._closed.set()
        self._lying.set()
        self._sweeper.join()
        for pool in self._pools.values():
            pool.give_idle(math.inf)
        with self._budgeting:
            self._give_back_apart()

    def _pool(self, endpoint: str) -> SlotPool:
        with self._opening:
            if endpoint not in self._pools:
                lease, give = partial(self._lease, endpoint), partial(self._give, endpoint)
                self._pools[endpoint] = SlotPool(lease, give, self._limits.in_flight_max)
            return self._pools[endpoint]

    def _lease(self, endpoint: str) -> int | None:
        now, bound = datetime.now(UTC), self._limits.in_flight_max
        return self._ledger.take_slot(self._tenant, endpoint, bound, owner=self._owner, now=now, lease_s=LEASE_S)

    def _give(self, endpoint: str, number: int) -> None:
        """Give a slot back. What the PSA answered is worth more than the slot, whose lease ends by itself."""
        try:
            self._ledger.give_slot(self._tenant, endpoint, number, owner=self._owner)
        except LedgerError as error:
            log.warning("A slot for %s stays taken for up to %.0f s: %s", endpoint, LEASE_S, error)

    def _sweep(self) -> None:
        """Give back what nobody used for a moment; sleeps while nothing lies idle."""
        while not self._closed.is_set():
            self._lying.clear()
            with self._opening:
                pools = list(self._pools.values())
            idle = [since for pool in pools if (since := pool.idle_since()) is not None]
            if not idle:
                self._lying.wait()
                continue
            if self._closed.wait(max(0.0, min(idle) + IDLE_S - time.monotonic())):
                return
            for pool in pools:
                pool.give_idle(time.monotonic() - IDLE_S)

    def _take_budget(self) -> None:
        if self._per_hour is None:
            return
        waited_s = 0.0
        while True:
            with self._budgeting:
                now = datetime.now(UTC)
                if now - self._apart_at >= SENT_WITHIN:
                    self._give_back_apart()
                if not self._apart:
                    granted = self._ledger.set_apart(self._tenant, SET_APART, self._per_hour, now=now)
                    self._apart, self._apart_at = granted.requests, now
                if self._apart:
                    self._apart -= 1
                    return
            if waited_s + granted.wait_s > self._limits.wait_s_max:
                raise BudgetExhausted(
                    f"the budget of {self._per_hour} requests per hour for {self._tenant} is used up by the "
                    f"tasks of this installation, free again in {granted.wait_s:.0f} s; nothing was sent"
                )
            time.sleep(granted.wait_s)
            waited_s += granted.wait_s

    def _give_back_apart(self) -> None:
        unused, self._apart = self._apart, 0
        if not unused:
            return
        try:
            self._ledger.give_back(self._tenant, unused, set_apart_at=self._apart_at)
        except LedgerError as error:
            log.warning("%d requests that were not sent count until their hour is over: %s", unused, error)
