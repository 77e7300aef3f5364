"""What the processes of an installation share of one PSA tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.request_shares import Granted
from tests.support.ledger_processes import at_once, sends_requests
from tests.support.ledger_values import NOON, TENANT

MINUTE = timedelta(minutes=1)


@pytest.fixture
def other(url: str, ledger: Ledger) -> Iterator[Ledger]:
    """Return the same ledger as another process sees it."""
    with Ledger.at(url) as other:
        yield other


def take(ledger: Ledger, owner: str, *, at: timedelta = timedelta(0), endpoint: str = "Companies") -> int | None:
    return ledger.request_shares.take_slot(TENANT, endpoint, 3, owner=owner, now=NOON + at, lease_s=240)


def test_an_endpoint_has_so_many_slots_and_no_more(ledger: Ledger, other: Ledger) -> None:
    """Three in flight per endpoint, whoever asks; another endpoint and another tenant have their own three."""
    assert [take(ledger, "a"), take(other, "b"), take(ledger, "a"), take(other, "b")] == [1, 2, 3, None]
    assert take(other, "b", endpoint="Contracts") == 1


def test_a_slot_that_is_given_back_is_free_and_one_of_another_owner_is_not(ledger: Ledger, other: Ledger) -> None:
    """Only the owner frees a slot, so a late task cannot free what another one uses by now."""
    for owner in "abc":
        take(ledger, owner)
    other.request_shares.give_slot(TENANT, "Companies", 2, owner="a")
    assert take(other, "d") is None

    other.request_shares.give_slot(TENANT, "Companies", 2, owner="b")
    assert take(other, "d") == 2


def test_the_slots_of_a_dead_process_are_free_when_their_lease_ends(ledger: Ledger, other: Ledger) -> None:
    """A killed task blocks its slots for minutes, not for ever."""
    assert [take(ledger, "dead") for _ in range(3)] == [1, 2, 3]

    assert take(other, "b", at=timedelta(seconds=240)) is None
    assert take(other, "b", at=timedelta(seconds=241)) == 1


def test_an_hour_holds_so_many_requests_and_then_says_how_long_to_wait(ledger: Ledger, other: Ledger) -> None:
    """The budget is the tenant's, not the process's; a rolling hour, with the minutes in which a grant may be used."""
    assert ledger.request_shares.set_apart(TENANT, 50, 120, now=NOON) == Granted(50)
    assert other.request_shares.set_apart(TENANT, 50, 120, now=NOON + 30 * MINUTE) == Granted(50)
    assert ledger.request_shares.set_apart(TENANT, 50, 120, now=NOON + 40 * MINUTE) == Granted(20)
    assert other.request_shares.set_apart(TENANT, 50, 120, now=NOON + 50 * MINUTE) == Granted(0, 16 * 60.0)
    assert other.request_shares.set_apart("another", 50, 120, now=NOON + 50 * MINUTE) == Granted(50)
    assert other.request_shares.set_apart(TENANT, 50, 120, now=NOON + 66 * MINUTE) == Granted(50)


def test_requests_that_were_not_sent_are_given_back(ledger: Ledger, other: Ledger) -> None:
    """A task that ends early leaves the rest of its grant to the others."""
    ledger.request_shares.set_apart(TENANT, 50, 60, now=NOON)
    ledger.request_shares.give_back(TENANT, 45, set_apart_at=NOON)

    assert other.request_shares.set_apart(TENANT, 60, 60, now=NOON + 2 * MINUTE).requests == 55


def test_ten_processes_never_have_more_than_three_requests_in_flight(url: str, ledger: Ledger) -> None:
    """The bound holds across processes: counted in one place from the begin and the end of every request."""
    spans = at_once(sends_requests, *[(url, f"task-{number}", 12) for number in range(10)])

    steps = sorted(step for own in spans for span in own for step in ((span[0], 1), (span[1], -1)))
    in_flight, most = 0, 0
    for _, step in steps:
        in_flight += step
        most = max(most, in_flight)
    assert sum(map(len, spans)) == 120
    assert most == 3
    assert take(ledger, "after", at=timedelta(days=-1)) == 1  # everything was given back
