"""What one unit costs: list price, deductions, fees, and the part of it that falls on some days.

Assumed, since the vendor's description names the fields only: percentages are taken off the list price each, prorated
values are rounded once, half up, to :data:`PLACES`, and a ratio is actual days by the days of the whole period.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing_providers.model.decimals import EXACT
from billing_providers.sandbox.world.resale.terms import half_up
from billing_providers.sandbox.world.sherweb.offers import TIERS
from billing_providers.sandbox.world.sherweb.records import (
    ChargedDeduction,
    ChargedFee,
    Deduction,
    DeductionType,
    Offer,
    Subscription,
)

PLACES = 4  # of prorated values
WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Priced:
    """The money fields of a charge."""

    net_price: Decimal
    net_price_prorated: Decimal
    sub_total: Decimal
    ratio: Fraction
    deductions: tuple[ChargedDeduction, ...]
    fees: tuple[ChargedFee, ...]


def ratio_of(first: date, last: date, whole_first: date, whole_last: date) -> Fraction:
    """Return which part of a whole period the days from ``first`` to ``last`` are, both included."""
    return Fraction((last - first).days + 1, (whole_last - whole_first).days + 1)


def priced(offer: Offer, subscription: Subscription, quantity: Decimal, on: date, ratio: Fraction = WHOLE) -> Priced:
    """Return what a quantity costs.

    :param on: the day whose deductions count.
    :param ratio: which part of a whole cycle is charged.
    """
    deductions = [
        _charged(entry, offer.list_price, quantity, ratio) for entry in deductions_of(offer, subscription, on)
    ]
    fees = tuple(
        ChargedFee(fee, unit := prorated(fee.unit_value, ratio), product(unit, quantity)) for fee in subscription.fees
    )
    net = offer.list_price
    for unit in (*(entry.unit_whole for entry in deductions), *(entry.fee.unit_value for entry in fees)):
        net = EXACT.subtract(net, unit)
    net_prorated = prorated(net, ratio)
    return Priced(net, net_prorated, product(net_prorated, quantity), ratio, tuple(deductions), fees)


def deductions_of(offer: Offer, subscription: Subscription, on: date) -> list[Deduction]:
    """Return the deductions of a day; the performance tier comes last. Offers in other currencies have none."""
    own = [entry for entry in subscription.deductions if entry.since <= on <= entry.until]
    return own if offer.currency != "EUR" else [*own, *(tier for tier in TIERS if tier.since <= on <= tier.until)]


def prorated(value: Decimal, ratio: Fraction) -> Decimal:
    """Return a part of a value; the whole value is not rounded."""
    return value if ratio == WHOLE else half_up(Fraction(value) * ratio, PLACES)


def product(unit: Decimal, quantity: Decimal) -> Decimal:
    """Return a product as a server that counts in doubles prints it; up to 15 digits it is exact."""
    return as_double(EXACT.multiply(unit, quantity))


def as_double(number: Decimal) -> Decimal:
    """Return the number that stands in JSON where a double travels."""
    return Decimal(repr(float(number)))


def exact_sum(numbers: Iterable[Decimal]) -> Decimal:
    """Return a sum without rounding."""
    total = Decimal(0)
    for number in numbers:
        total = EXACT.add(total, number)
    return total


def _charged(entry: Deduction, list_price: Decimal, quantity: Decimal, ratio: Fraction) -> ChargedDeduction:
    whole = entry.value
    if entry.kind is not DeductionType.PROMOTIONAL_MONEY:
        whole = EXACT.multiply(list_price, EXACT.divide(entry.value, Decimal(100)))
    unit = prorated(whole, ratio)
    return ChargedDeduction(entry, unit, whole, product(unit, quantity))
