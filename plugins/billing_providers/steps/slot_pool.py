"""The slots of one endpoint that a task has leased, passed around its threads.

One thread at a time asks the ledger for another slot; the others sleep until one comes free, so that a full house costs
few queries and few wakings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

TURN_S = 10.0  # so long a task keeps a slot that others may want
POLL_S = 0.06  # so long a slot may lie between two tasks


@dataclass(slots=True)
class Slot:
    """A leased slot. Times are of the monotonic clock."""

    number: int
    ends_at: float
    idle_since: float = 0.0


class SlotPool:
    """Safe for threads.

    :param lease: asks for one more slot; None when all are taken.
    :param give: gives a slot back; never raises.
    :param slots_max: so many may be held at once.
    """

    def __init__(self, lease: Callable[[], int | None], give: Callable[[int], None], slots_max: int) -> None:
        self._lease, self._give, self._slots_max = lease, give, slots_max
        self._changed = threading.Condition()
        self._idle: list[Slot] = []
        self._held = self._waiting = 0
        self._asking = False

    def enter(self) -> Slot:
        """Wait for a slot and hold it for one request.

        :raises LedgerError: when the ledger cannot be asked.
        """
        with self._changed:
            while not self._idle:
                if not self._asking and self._held < self._slots_max:
                    self._asking = True
                    break
                self._waiting += 1
                try:
                    self._changed.wait()
                finally:
                    self._waiting -= 1
            else:
                return self._idle.pop()
        return self._asked()

    def leave(self, slot: Slot, *, closing: bool) -> bool:
        """Let the next thread have a slot, or other tasks; tell whether it lies idle because nobody waits for it."""
        now = time.monotonic()
        if closing or now >= slot.ends_at:
            self._give_all([slot])
            return False
        with self._changed:
            slot.idle_since = now
            self._idle.append(slot)
            self._changed.notify()
            return not (self._waiting or self._asking)

    def idle_since(self) -> float | None:
        """Return since when a slot lies idle, None when none does."""
        with self._changed:
            return min((slot.idle_since for slot in self._idle), default=None)

    def give_idle(self, until: float) -> None:
        """Give back the slots that lie idle since then or longer."""
        with self._changed:
            old = [slot for slot in self._idle if slot.idle_since <= until]
            self._idle = [slot for slot in self._idle if slot.idle_since > until]
        self._give_all(old)

    def _give_all(self, slots: list[Slot]) -> None:
        for slot in slots:
            self._give(slot.number)
        with self._changed:
            self._held -= len(slots)
            self._changed.notify()

    def _asked(self) -> Slot:
        """Ask until there is a slot, leased or let go by another thread."""
        try:
            while True:
                number = self._lease()
                with self._changed:
                    if number is not None:
                        self._held += 1
                        return Slot(number, time.monotonic() + TURN_S)
                    if self._idle or (self._changed.wait(POLL_S) and self._idle):
                        return self._idle.pop()
        finally:
            with self._changed:
                self._asking = False
                self._changed.notify()
