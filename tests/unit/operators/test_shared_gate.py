"""The gate that bounds a task's requests together with those of other tasks, when the ledger fails it."""

from __future__ import annotations

import logging
import threading
from typing import Any, cast

import pytest

from billing_providers.errors import LedgerError
from billing_providers.hooks.http.gate import SharedLimits
from billing_providers.ledger.request_shares import Granted, RequestShares
from billing_providers.steps import slot_pool
from billing_providers.steps.shared_gate import SharedGate

LIMITS = SharedLimits(in_flight_max=1, wait_s_max=0)


class Shares:
    """A ledger that grants everything and takes nothing back, until it is repaired."""

    def __init__(self) -> None:
        self.broken = True
        self.asked = threading.Event()
        self.given: list[int] = []
        self.back: list[int] = []

    def take_slot(self, *_: Any, **__: Any) -> int:
        return 1

    def give_slot(self, _tenant: str, _endpoint: str, number: int, **_: Any) -> None:
        self._fail()
        self.given.append(number)

    def set_apart(self, _tenant: str, wanted: int, _per_hour: int, **_: Any) -> Granted:
        return Granted(wanted)

    def give_back(self, _tenant: str, unused: int, **_: Any) -> None:
        self._fail()
        self.back.append(unused)

    def _fail(self) -> None:
        self.asked.set()
        if self.broken:
            raise LedgerError("the database is away")


def opened(shares: Shares) -> SharedGate:
    return SharedGate(cast("RequestShares", shares), "tenant", "task", LIMITS)


def sent(gate: SharedGate) -> bool:
    """Send one request in a thread of its own; tell whether it came through."""

    def send() -> None:
        with gate.slot("Companies"):
            came.set()

    came = threading.Event()
    threading.Thread(target=send, daemon=True).start()
    return came.wait(5)


def test_a_slot_that_cannot_be_given_back_neither_loses_an_answer_nor_stops_the_task(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request was answered: an error instead of the answer would make a write doubtful for nothing."""
    monkeypatch.setattr(slot_pool, "TURN_S", 0.0)  # each slot goes back after its request
    gate = opened(Shares())

    with caplog.at_level(logging.WARNING), gate.slot("Companies"):
        pass

    assert "A slot for Companies stays taken for up to 330 s: the database is away" in caplog.text
    assert sent(gate)  # the one slot that may be in use is not counted as in use for ever
    gate.close()


def test_idle_slots_are_still_given_back_after_the_ledger_was_away() -> None:
    """One failure must not keep every later slot from the other tasks."""
    shares = Shares()
    gate = opened(shares)
    assert sent(gate)
    assert shares.asked.wait(5)
    shares.broken = False
    shares.asked.clear()

    assert sent(gate)
    assert shares.asked.wait(5)
    gate.close()
    assert shares.given == [1]


def test_closing_never_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A task that has done its work succeeds; what was set apart counts until its hour is over."""
    gate = opened(Shares())
    gate.limit(1000)
    assert sent(gate)

    gate.close()

    assert "49 requests that were not sent count until their hour is over" in caplog.text
