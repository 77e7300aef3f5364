"""Exact decimals from input text to output text: one way in, one way out, named rounding rules.

Quantities and money never pass through a float. A value with more than :data:`DIGITS_MAX` significant
digits or an exponent beyond :data:`EXPONENT_MAX` is refused rather than rounded.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from enum import StrEnum

DIGITS_MAX = 28
EXPONENT_MAX = 18

# Wide enough that sums and products of accepted inputs are exact; anything inexact is a defect and raises.
EXACT = decimal.Context(
    prec=120,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Inexact],
)


class DecimalError(ValueError):
    """A text is not a decimal that this product accepts; the message says why."""


class Rounding(StrEnum):
    """How a quantity is brought to a number of places. HALF_UP rounds away from zero."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"
    CEILING = "ceiling"
    FLOOR = "floor"


_RULES = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.UP: decimal.ROUND_UP,
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.CEILING: decimal.ROUND_CEILING,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
}


def decimal_from_text(value: str | int | Decimal) -> Decimal:
    """Return the exact decimal of a text, an integer or a decimal.

    :raises DecimalError: for floats, NaN, infinities, too many digits, an exponent out of reason, other text.

    >>> decimal_from_text(" 1.50 ")
    Decimal('1.50')
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise DecimalError(f"{value!r} is a {type(value).__name__}; decimals are taken from text or integers")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except decimal.InvalidOperation:
        raise DecimalError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise DecimalError(f"{value!r} is not a finite number")
    parts = number.as_tuple()
    exponent = int(parts.exponent)
    if exponent < -EXPONENT_MAX or number.adjusted() > EXPONENT_MAX:
        raise DecimalError(f"{value!r} has an exponent beyond 10^±{EXPONENT_MAX}")
    if len(parts.digits) > DIGITS_MAX:
        raise DecimalError(f"{value!r} has more than {DIGITS_MAX} digits")
    return number


def text_from_decimal(number: Decimal) -> str:
    """Return the canonical plain text: no exponent, no trailing zeros, no negative zero.

    >>> text_from_decimal(Decimal("12.00")), text_from_decimal(Decimal("-0")), text_from_decimal(Decimal("1E+2"))
    ('12', '0', '100')
    """
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def round_decimal(number: Decimal, places: int = 0, rule: Rounding = Rounding.HALF_UP) -> Decimal:
    """Round once, by a named rule, to a number of decimal places (negative places round to tens, hundreds …)."""
    return number.quantize(Decimal(1).scaleb(-places), rounding=_RULES[rule], context=decimal.Context(prec=120))
