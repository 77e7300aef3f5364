"""How many units of an offer a customer has: on each day of a period, and for the whole of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.sherweb.charges import ChargeBook
from billing_providers.sandbox.world.sherweb.prices import exact_sum
from billing_providers.sandbox.world.sherweb.records import ChargeType, Counted, Cycle, SherwebCharge, Subscription

COUNTED_TYPES = frozenset({ChargeType.RECURRING.value, ChargeType.USAGE.value})


@dataclass(frozen=True, slots=True)
class Step:
    """Units that are in force from a day on."""

    day: date
    units: Decimal


def is_quantity(charge: SherwebCharge) -> bool:
    """Whether a charge says how much there is: setup, money and unknown kinds do not."""
    return charge.charge_type in COUNTED_TYPES


def subscriptions_of(book: ChargeBook, code: str, offer_key: str) -> list[Subscription]:
    """Return what a customer has bought of an offer."""
    return [entry for entry in book.subscriptions if (entry.customer_code, entry.offer_key) == (code, offer_key)]


def quantity_of(
    book: ChargeBook, charges: Iterable[SherwebCharge], code: str, offer_key: str, last_day: date
) -> Decimal:
    """Return the exact quantity of a period: usage, or what is in force at its end.

    Of monthly offers it is stated by the charges. Of yearly ones it is not: their charges come once a year.

    :param charges: those of the period that ends on ``last_day``.
    """
    if book.offers[offer_key].cycle is Cycle.YEARLY:
        owned = subscriptions_of(book, code, offer_key)
        return Decimal(sum(entry.in_force(last_day) for entry in owned))
    return charged_quantity(charges, code, offer_key)


def charged_quantity(charges: Iterable[SherwebCharge], code: str, offer_key: str) -> Decimal:
    """Return the exact sum of the quantities that are charged."""
    return exact_sum(
        charge.quantity
        for charge in charges
        if (charge.customer_code, charge.offer_key) == (code, offer_key) and is_quantity(charge)
    )


def steps_of(book: ChargeBook, code: str, offer_key: str, period: BillingPeriod, whole: Decimal) -> tuple[Step, ...]:
    """Return the units of a quota on the first day of a period, and on each later day on which they differ.

    Changes of one day are one step; those that cancel out are none. Usage has one step, ``whole``.
    """
    owned = subscriptions_of(book, code, offer_key)
    if book.offers[offer_key].counted is not Counted.QUOTA:
        return (Step(period.start, whole),)
    days = sorted({event.day for entry in owned for event in entry.events if period.start < event.day < period.end})
    steps: list[Step] = []
    for day in (period.start, *days):
        units = Decimal(sum(entry.in_force(day) for entry in owned))
        if not steps or steps[-1].units != units:
            steps.append(Step(day, units))
    return tuple(steps)
