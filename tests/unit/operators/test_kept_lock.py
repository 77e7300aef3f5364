"""The lock of a push is kept while its requests wait."""

from __future__ import annotations

import logging
import threading

import pytest

from billing_providers.errors import LedgerError, LockHeld
from billing_providers.steps import kept_lock as keeping
from billing_providers.steps.kept_lock import kept_lock


class Renewal:
    """Renews as it is told; wakes whoever waits for so many calls."""

    def __init__(self, *troubles: LedgerError) -> None:
        self._troubles = list(troubles)
        self.calls = threading.Semaphore(0)

    def __call__(self) -> None:
        self.calls.release()
        if self._troubles:
            raise self._troubles.pop(0)

    def called(self, timeout: float = 5) -> bool:
        return self.calls.acquire(timeout=timeout)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "ASK_EVERY_S", 0.001)


def keepers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "billing-lock"]


def test_the_lock_is_renewed_until_the_work_ends() -> None:
    """A write may wait an hour for the PSA's budget, and the lock lives for half of that."""
    renewal = Renewal()

    with kept_lock(renewal):
        assert renewal.called()
        assert renewal.called()

    assert keepers() == []


def test_a_ledger_that_is_away_for_a_moment_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    """The lock lives on, so the next time may do."""
    renewal = Renewal(LedgerError("the database is away"))

    with kept_lock(renewal):
        assert renewal.called()
        assert renewal.called()

    assert "the lock could not be renewed: the database is away" in caplog.text


def test_a_lost_lock_is_told_and_not_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    """What leaves next is stopped by its own question; this thread has nothing left to do."""
    renewal = Renewal(LockHeld("held by another run now"))

    with caplog.at_level(logging.WARNING), kept_lock(renewal):
        assert renewal.called()
        assert not renewal.called(timeout=0.05)

    assert "held by another run now" in caplog.text
