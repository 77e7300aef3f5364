"""One run at a time per PSA tenant and billing period, seen from two connections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from billing_providers.errors import LockHeld
from billing_providers.ledger.ledger import Ledger
from tests.support.ledger_values import NOON, NOVEMBER, OCTOBER, TENANT

MINUTE = timedelta(minutes=1)


@pytest.fixture
def other(url: str, ledger: Ledger) -> Iterator[Ledger]:
    """Return the same ledger as another process sees it."""
    with Ledger.at(url) as other:
        yield other


def test_second_run_is_told_who_holds_the_lock(ledger: Ledger, other: Ledger) -> None:
    """Law 9: two runs for one period and tenant cannot overlap; other periods and tenants are free."""
    ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)

    with pytest.raises(LockHeld, match=r"run-1 works on .* expires at 2026-11-02T12:10:00\+00:00"):
        other.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON + 9 * MINUTE)

    assert other.locks.acquire(TENANT, NOVEMBER, "run-2", 600, NOON).token == 1
    assert other.locks.acquire("another", OCTOBER, "run-2", 600, NOON).token == 1


def test_expired_lock_is_taken_over_and_says_from_whom(ledger: Ledger, other: Ledger) -> None:
    """A crashed run blocks the period until its lock expires, no longer."""
    first = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)
    assert (first.token, first.taken_over_from, first.expired_at) == (1, None, None)

    taken = other.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON + 10 * MINUTE)

    assert (taken.owner, taken.token, taken.taken_over_from) == ("run-2", 2, "run-1")
    assert taken.expired_at == NOON + 10 * MINUTE
    with pytest.raises(LockHeld, match="run-1 lost its lock"):
        ledger.locks.renew(first, NOON + 10 * MINUTE)


def test_same_run_takes_its_lock_again_with_a_new_token(ledger: Ledger, other: Ledger) -> None:
    """A task that Airflow starts again goes on; the earlier try, should it still live, is fenced off."""
    first = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)
    again = other.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON + MINUTE)

    assert (again.token, again.taken_over_from) == (2, None)
    with pytest.raises(LockHeld):
        ledger.locks.renew(first, NOON + MINUTE)


def test_renewed_lock_lives_longer(ledger: Ledger, other: Ledger) -> None:
    """A long push keeps its lock by renewing it, also just after it expired unnoticed."""
    lock = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)

    renewed = ledger.locks.renew(lock, NOON + 11 * MINUTE)

    assert renewed.expires_at == NOON + 21 * MINUTE
    with pytest.raises(LockHeld):
        other.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON + 20 * MINUTE)
    assert other.locks.holder(TENANT, OCTOBER) == renewed


def test_released_lock_is_free_but_its_token_is_spent(ledger: Ledger, other: Ledger) -> None:
    """Releasing frees the period at once, and no later holder ever gets an old token."""
    assert ledger.locks.holder(TENANT, OCTOBER) is None
    lock = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)

    ledger.locks.release(lock)

    assert ledger.locks.holder(TENANT, OCTOBER) is None
    assert other.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON).token == 2


def test_releasing_a_lost_lock_leaves_the_new_holder_alone(ledger: Ledger, other: Ledger) -> None:
    """The last task of a run that was overtaken must not free the other run's lock."""
    lost = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)
    taken = other.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON + 10 * MINUTE)

    ledger.locks.release(lost)

    held = ledger.locks.holder(TENANT, OCTOBER)
    assert held is not None
    assert (held.owner, held.token) == ("run-2", taken.token)


@pytest.mark.parametrize(("first", "then"), [(True, False), (False, True), (True, True)])
def test_a_run_that_works_alone_shares_the_tenant_with_no_run_of_any_period(
    ledger: Ledger, other: Ledger, first: bool, then: bool
) -> None:
    """The close of one period and a run inside the next change the same lines; whoever comes second waits."""
    ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON, alone=first)

    with pytest.raises(LockHeld, match=f"run-1 works on .* for the period from {OCTOBER}"):
        other.locks.acquire(TENANT, NOVEMBER, "run-2", 600, NOON + 9 * MINUTE, alone=then)

    assert other.locks.acquire("another", NOVEMBER, "run-2", 600, NOON, alone=then).token == 1


def test_two_runs_that_do_not_work_alone_share_the_tenant(ledger: Ledger, other: Ledger) -> None:
    """A run that worked alone leaves nothing behind that keeps two closes apart."""
    ledger.locks.release(ledger.locks.acquire(TENANT, NOVEMBER, "run-1", 600, NOON, alone=True))

    ledger.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON)
    assert other.locks.acquire(TENANT, NOVEMBER, "run-3", 600, NOON).taken_over_from is None


def test_renewing_the_lock_renews_being_alone(ledger: Ledger, other: Ledger) -> None:
    """A long push stays alone for as long as it lives."""
    lock = ledger.locks.acquire(TENANT, NOVEMBER, "run-1", 600, NOON, alone=True)
    ledger.locks.renew(lock, NOON + 9 * MINUTE)

    with pytest.raises(LockHeld, match="run-1"):
        other.locks.acquire(TENANT, OCTOBER, "run-2", 600, NOON + 18 * MINUTE)


@pytest.mark.parametrize(("first", "then"), [(True, False), (False, True)])
def test_a_run_whose_lock_expired_is_fenced_off_by_a_run_of_another_period(
    ledger: Ledger, other: Ledger, first: bool, then: bool
) -> None:
    """A push that slept too long must not go on beside the one that took its place."""
    lost = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON, alone=first)
    other.locks.acquire(TENANT, NOVEMBER, "run-2", 600, NOON + 10 * MINUTE, alone=then)

    with pytest.raises(LockHeld, match="run-1 lost its lock"):
        ledger.locks.renew(lost, NOON + 10 * MINUTE)
    with pytest.raises(LockHeld, match="run-1 lost its lock"):
        ledger.journal.require_lock(lost)
    if then:
        with pytest.raises(LockHeld, match="run-2"):
            ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON + 11 * MINUTE)


def test_the_same_run_takes_its_lock_again_alone(ledger: Ledger, other: Ledger) -> None:
    """Each task of a run takes the lock anew."""
    ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON, alone=True)

    assert other.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON + MINUTE, alone=True).token == 2


def test_a_lock_that_was_renewed_while_it_was_watched_is_not_taken_over(ledger: Ledger, other: Ledger) -> None:
    """By a clock that is ahead every lock looks expired; a renewal shows that its holder lives."""
    lock = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 600, NOON)
    ahead = NOON + 60 * MINUTE
    seen = other.locks.expired_in_the_way(TENANT, OCTOBER, "run-2", ahead)
    ledger.locks.renew(lock, NOON + MINUTE)

    with pytest.raises(LockHeld, match=r"run-1 works on .* looks expired by the clock of this machine"):
        other.locks.acquire(TENANT, OCTOBER, "run-2", 600, ahead, watched=seen)

    seen = other.locks.expired_in_the_way(TENANT, OCTOBER, "run-2", ahead)
    assert other.locks.acquire(TENANT, OCTOBER, "run-2", 600, ahead, watched=seen).taken_over_from == "run-1"
