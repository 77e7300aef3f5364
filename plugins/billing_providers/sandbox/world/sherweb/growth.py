"""Ordinary histories of seats: what a customer buys, adds and gives back over the years, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from billing_providers.sandbox.world.sherweb.records import QuantityEvent
from billing_providers.sandbox.world.sherweb.terms import anniversary

LAST_YEAR = 2028  # histories end with it; what is in force then stays
_CHANGING_PERCENT = 40
_TWICE_PERCENT = 15
_STEPS = (-2, -1, -1, 1, 1, 1, 2)
_SPREAD = 4  # seats that a history strays from the number that was bought


def history(rng: random.Random, seats: int, *, committed: bool) -> tuple[QuantityEvent, ...]:
    """Return the events of a subscription that is bought between February 2024 and May 2025.

    :param committed: fewer seats come only with the renewal, and are asked for before it.
    """
    start = date(2024, 2, 1) + timedelta(days=rng.randrange(480))
    events = [QuantityEvent(start, seats, "purchase")]
    in_force = seats
    for month in _months_after(start):
        if committed:
            in_force = _renew(events, start, month, in_force, seats)
        if rng.randrange(100) >= _CHANGING_PERCENT:
            continue
        times = 2 if rng.randrange(100) < _TWICE_PERCENT else 1
        for day in sorted(month + timedelta(days=rng.randrange(28)) for _ in range(times)):
            step = rng.choice(_STEPS)
            if committed:
                step = abs(step)
            wanted = max(1, seats - _SPREAD, min(seats + _SPREAD, in_force + step))
            if wanted != in_force and not _renews_on(start, day):
                what = "increase" if wanted > in_force else "decrease"
                events.append(QuantityEvent(day, wanted - in_force, what))
                in_force = wanted
    return tuple(sorted(events, key=lambda event: event.day))


def _renew(events: list[QuantityEvent], start: date, month: date, in_force: int, seats: int) -> int:
    """Give back what was added, where the term renews in this month."""
    renewal = anniversary(start, month.year - start.year)
    if renewal.month != month.month or in_force <= seats:
        return in_force
    events.append(QuantityEvent(renewal, seats - in_force, "decrease", renewal - timedelta(days=17)))
    return seats


def _renews_on(start: date, day: date) -> bool:
    return anniversary(start, day.year - start.year) == day


def _months_after(start: date) -> Iterator[date]:
    year, month = start.year + start.month // 12, start.month % 12 + 1
    while year <= LAST_YEAR:
        yield date(year, month, 1)
        year, month = year + month // 12, month % 12 + 1
