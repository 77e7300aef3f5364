"""Bounds the requests of one task to a PSA tenant together with those of all other tasks, on whatever worker.

A task leases slots of an endpoint from the ledger and passes them around its threads; after its turn it gives each
slot back, so that other tasks get theirs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from billing_providers.ledger.request_shares import RequestShares

LEASE_S = 240.0  # longer than a request may take, so that a slot never has two requests in flight
TURN_S = 5.0
POLL_S = 0.05
SET_APART = 50


class SharedGate:
    """Lets requests through one by one. Safe for threads; :meth:`close` gives everything back.

    :param slots_max: requests in flight per endpoint, over all processes.
    :param per_hour: requests within an hour, over all processes; None: no limit.
    :param wait_s_max: longest wait for the hour's budget.
    :param exhausted: makes the error that is raised then, given the seconds that would have to be waited.
    """

    def __init__(
        self,
        shares: RequestShares,
        tenant: str,
        owner: str,
        *,
        slots_max: int,
        per_hour: int | None,
        wait_s_max: float,
        exhausted: Callable[[float], Exception],
    ) -> None:
        self._shares = shares
        self._tenant, self._owner = tenant, f"{owner}/{id(self)}"
        self._slots_max, self._per_hour, self._wait_s_max = slots_max, per_hour, wait_s_max
        self._exhausted = exhausted
        self._turn = threading.Condition()
        self._idle: dict[str, dict[int, float]] = {}  # endpoint → slot that nobody uses → when its turn ends
        self._used: dict[str, dict[int, float]] = {}
        self._set_apart = 0
        self._asking = threading.Lock()

    @contextmanager
    def slot(self, endpoint: str) -> Iterator[None]:
        """Wait for a slot and for the budget, and hold both for one request."""
        self._take_budget()
        slot_no = self._enter(endpoint)
        try:
            yield
        finally:
            self._leave(endpoint, slot_no)

    def close(self) -> None:
        """Give back every slot that is not in use, and what is left of the requests set apart."""
        with self._turn:
            idle, self._idle = self._idle, {}
            unused, self._set_apart = self._set_apart, 0
        for endpoint, slots in idle.items():
            for slot_no in slots:
                self._shares.give_slot(self._tenant, endpoint, slot_no, owner=self._owner)
        self._shares.give_back(self._tenant, unused, now=datetime.now(UTC))

    def _enter(self, endpoint: str) -> int:
        while True:
            with self._turn:
                idle, used = self._idle.setdefault(endpoint, {}), self._used.setdefault(endpoint, {})
                if idle:
                    slot_no, ends_at = idle.popitem()
                    used[slot_no] = ends_at
                    return slot_no
                if len(used) >= self._slots_max:
                    self._turn.wait(POLL_S)
                    continue
            if (leased := self._lease(endpoint)) is not None:
                return leased
            with self._turn:
                if not self._idle[endpoint]:
                    self._turn.wait(POLL_S)

    def _lease(self, endpoint: str) -> int | None:
        """Lease one more slot; one thread asks at a time, so that a full house costs few queries."""
        if not self._asking.acquire(blocking=False):
            return None
        try:
            slot_no = self._shares.take_slot(
                self._tenant,
                endpoint,
                self._slots_max,
                owner=self._owner,
                now=datetime.now(UTC),
                lease_s=LEASE_S,
            )
            if slot_no is not None:
                with self._turn:
                    self._used[endpoint][slot_no] = time.monotonic() + TURN_S
            return slot_no
        finally:
            self._asking.release()

    def _leave(self, endpoint: str, slot_no: int) -> None:
        with self._turn:
            ends_at = self._used[endpoint].pop(slot_no)
            over = time.monotonic() >= ends_at
            if not over:
                self._idle[endpoint][slot_no] = ends_at
            self._turn.notify()
        if over:
            self._shares.give_slot(self._tenant, endpoint, slot_no, owner=self._owner)

    def _take_budget(self) -> None:
        if self._per_hour is None:
            return
        waited_s = 0.0
        while True:
            with self._turn:
                if self._set_apart:
                    self._set_apart -= 1
                    return
                granted = self._shares.set_apart(self._tenant, SET_APART, self._per_hour, now=datetime.now(UTC))
                self._set_apart += granted.requests
            if not granted.requests:
                if waited_s + granted.wait_s > self._wait_s_max:
                    raise self._exhausted(granted.wait_s)
                time.sleep(granted.wait_s)
                waited_s += granted.wait_s
