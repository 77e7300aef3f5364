"""From an exact fraction to a decimal: once, by a named rule, with integers alone."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from billing_providers.model.decimals import Rounding


def rounded(value: Fraction, places: int, rule: Rounding = Rounding.HALF_UP) -> Decimal:
    """Return the value with exactly so many decimal places. Halves are seen exactly: 2/3 never becomes one.

    >>> rounded(Fraction(1, 3), 2), rounded(Fraction(-5, 1000), 2), rounded(Fraction(8, 31), 5, Rounding.CEILING)
    (Decimal('0.33'), Decimal('-0.01'), Decimal('0.25807'))
    """
    scaled = value * Fraction(10) ** places
    steps, rest = divmod(abs(scaled.numerator), scaled.denominator)
    negative, beyond_half = scaled < 0, 2 * rest - scaled.denominator
    away_from_zero = {
        Rounding.HALF_UP: beyond_half >= 0,
        Rounding.HALF_EVEN: beyond_half > 0 or (beyond_half == 0 and steps % 2 == 1),
        Rounding.UP: rest > 0,
        Rounding.DOWN: False,
        Rounding.CEILING: rest > 0 and not negative,
        Rounding.FLOOR: rest > 0 and negative,
    }
    steps += away_from_zero[rule]
    return Decimal(f"{-steps if negative else steps}E{-places}")
