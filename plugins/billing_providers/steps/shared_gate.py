"""Bounds the requests of one task to a PSA tenant together with those of all other tasks, on whatever worker.

A task leases slots of an endpoint from the ledger and passes them around its threads. A slot goes back after its turn,
or when nobody used it for a moment, so that other tasks get theirs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from billing_providers.errors import BudgetExhausted, LedgerError
from billing_providers.hooks.http.gate import SharedLimits

if TYPE_CHECKING:
    from billing_providers.ledger.request_shares import RequestShares

log = logging.getLogger(__name__)

LEASE_S = 330.0  # the server ends a request after five minutes, so a slot never has two of them at work
TURN_S = 5.0
IDLE_S = 0.015  # so long a thread may take between two requests without losing its slot
POLL_S = 0.12  # the more tasks wait, the sooner one of them asks
SET_APART = 50
SENT_WITHIN = timedelta(minutes=4)


@dataclass(slots=True)
class _Slot:
    number: int
    ends_at: float
    idle_since: float = 0.0


class SharedGate:
    """Lets requests through one by one. Safe for threads; :meth:`close` gives everything back.

    :param owner: names the task; each gate counts as an owner of its own.
    """

    def __init__(self, ledger: RequestShares, tenant: str, owner: str, limits: SharedLimits) -> None:
        self._ledger, self._tenant, self._owner = ledger, tenant, f"{owner}/{time.time_ns()}/{id(self)}"
        self._limits = limits
        self._per_hour: int | None = None
        self._turn = threading.Condition()
        self._idle: dict[str, list[_Slot]] = {}
        self._used: dict[str, int] = {}
        self._leasing = threading.Lock()
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
        taken = self._enter(endpoint)
        try:
            yield
        finally:
            self._leave(endpoint, taken)

    def close(self) -> None:
        """Give back every slot, and what is left of the requests set apart. No request may be under way."""
        with self._turn:
            self._closed.set()
            self._lying.set()
        self._sweeper.join()
        with self._turn:
            idle, self._idle = self._idle, {}
        for endpoint, slots in idle.items():
            for slot in slots:
                self._give(endpoint, slot)
        with self._budgeting:
            self._give_back_apart()

    def _enter(self, endpoint: str) -> _Slot:
        while True:
            with self._turn:
                idle = self._idle.setdefault(endpoint, [])
                if idle or self._used.setdefault(endpoint, 0) >= self._limits.in_flight_max:
                    if idle:
                        self._used[endpoint] += 1
                        return idle.pop()
                    self._turn.wait(POLL_S)
                    continue
            leased = self._lease(endpoint)
            if leased is not None:
                return leased
            with self._turn:
                if not self._idle[endpoint]:
                    self._turn.wait(POLL_S)

    def _lease(self, endpoint: str) -> _Slot | None:
        """Lease one more slot; one thread asks at a time, so that a full house costs few queries."""
        if not self._leasing.acquire(blocking=False):
            return None
        try:
            now, bound = datetime.now(UTC), self._limits.in_flight_max
            number = self._ledger.take_slot(self._tenant, endpoint, bound, owner=self._owner, now=now, lease_s=LEASE_S)
        finally:
            self._leasing.release()
        if number is None:
            return None
        with self._turn:
            self._used[endpoint] += 1
        return _Slot(number, time.monotonic() + TURN_S)

    def _leave(self, endpoint: str, slot: _Slot) -> None:
        now = time.monotonic()
        over = now >= slot.ends_at or self._closed.is_set()
        if over:
            self._give(endpoint, slot)
        with self._turn:
            self._used[endpoint] -= 1
            if not over:
                slot.idle_since = now
                self._idle[endpoint].append(slot)
                self._lying.set()
            self._turn.notify_all()  # some wait for other endpoints

    def _sweep(self) -> None:
        """Give back what nobody used for a moment; sleeps while nothing lies idle."""
        while not self._closed.is_set():
            with self._turn:
                idle = [(slot.idle_since, endpoint) for endpoint, slots in self._idle.items() for slot in slots]
                if not idle and not self._closed.is_set():
                    self._lying.clear()
            if not idle:
                self._lying.wait()
                continue
            if self._closed.wait(max(0.0, min(idle)[0] + IDLE_S - time.monotonic())):
                return
            self._give_old(time.monotonic() - IDLE_S)

    def _give_old(self, before: float) -> None:
        with self._turn:
            idle = [(endpoint, slot) for endpoint, slots in self._idle.items() for slot in slots]
            old = [(endpoint, slot) for endpoint, slot in idle if slot.idle_since <= before]
            for endpoint, slot in old:
                self._idle[endpoint].remove(slot)
        for endpoint, slot in old:
            self._give(endpoint, slot)

    def _give(self, endpoint: str, slot: _Slot) -> None:
        """Give a slot back. What the PSA answered is worth more than the slot, whose lease ends by itself."""
        try:
            self._ledger.give_slot(self._tenant, endpoint, slot.number, owner=self._owner)
        except LedgerError as error:
            log.warning("A slot for %s stays taken for up to %.0f s: %s", endpoint, LEASE_S, error)

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
