"""A total over parts that sum to it exactly, by the largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing_providers.engine.proration.amounts import exact
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.shares import split_units


def allocate(
    total: Decimal, weights: Sequence[Decimal | int | Fraction], places: int = 2, *, omit_zero: bool = False
) -> list[Decimal]:
    """Return a part of the total for each weight, with so many places; ties go to the earlier part.

    :param total: of any sign; with no more places than the parts.
    :param omit_zero: leave out parts of zero, so that they make no line; the others keep their order.
    :raises ProrationError: for no weights, a negative one, weights that are all zero, a total with more places.

    >>> allocate(Decimal("5"), [1, 1, 1], 0), allocate(Decimal("0.01"), [100, 1], omit_zero=True)
    ([Decimal('2'), Decimal('2'), Decimal('1')], [Decimal('0.01')])
    """
    parts = [exact(weight, "weight") if isinstance(weight, Decimal) else Fraction(weight) for weight in weights]
    whole = sum(parts, Fraction(0))
    if not whole or min(parts) < 0:
        told = ", ".join(str(weight) for weight in weights) or "none"
        raise ProrationError(f"weights {told}; allowed: zero or more each, and at least one above zero")
    units = exact(total, "total") * Fraction(10) ** places
    if units.denominator != 1:
        raise ProrationError(f"{total} has more than {places} places; round it first, by a rule that is named")
    split = split_units(units.numerator, [part / whole for part in parts])
    return [Decimal(f"{unit}E{-places}") for unit in split if unit or not omit_zero]
