"""Amounts of parts of a period, rounded once by the rule."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing_providers.engine.proration.conventions import ProrationRule
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.rounding import rounded
from billing_providers.model.decimals import EXACT, Rounding

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """A net amount, its tax, and their sum; each as it is printed."""

    net: Decimal
    tax: Decimal
    total: Decimal


def prorated(price: Decimal, ratio: Fraction, rule: ProrationRule, quantity: Decimal = _ONE) -> Decimal:
    """Return the amount of a quantity at a price for a part of a period.

    :raises ProrationError: for a negative ratio, or a number that is no finite decimal.

    >>> from billing_providers.engine.proration.conventions import Convention
    >>> actual, seat_days = ProrationRule(Convention.ACTUAL), ProrationRule(Convention.ACTUAL, per_unit=True)
    >>> prorated(Decimal(10), Fraction(10, 31), actual, Decimal(3))
    Decimal('9.68')
    >>> prorated(Decimal(10), Fraction(10, 31), seat_days, Decimal(3))
    Decimal('9.69')
    """
    if ratio < 0:
        raise ProrationError(f"a part of {ratio} is below nothing; credits are made of a charge's own part")
    units, share = exact(quantity, "quantity"), ratio
    if rule.ratio_places is not None:
        share = Fraction(rounded(ratio, rule.ratio_places, rule.ratio_rounding))
    unit = exact(price, "price") * share
    if rule.per_unit:
        unit = Fraction(rounded(unit, rule.places, rule.rounding))
    return rounded(unit * units, rule.places, rule.rounding)


def shown_unit_price(price: Decimal, ratio: Fraction, places: int = 2, rounding: Rounding = Rounding.DOWN) -> Decimal:
    """Return a prorated unit price as an invoice prints it. Never multiply it: the amount is made of the exact one."""
    return rounded(exact(price, "price") * ratio, places, rounding)


def taxed(net: Decimal, percent: Decimal, rule: ProrationRule) -> TaxedAmount:
    """Return tax on an amount that is rounded already; the total is the sum of the printed figures."""
    tax = rounded(exact(net, "amount") * exact(percent, "tax per cent") / 100, rule.places, rule.rounding)
    return TaxedAmount(net, tax, EXACT.add(net, tax))


def exact(number: Decimal, what: str) -> Fraction:
    """Return the fraction that a decimal is.

    :raises ProrationError: for a float, NaN or infinity: their digits are not what somebody wrote.
    """
    if not isinstance(number, Decimal) or not number.is_finite():
        raise ProrationError(f"{what} {number!r} is no finite decimal; take it in with decimal_from_text")
    return Fraction(number)
