"""Exact arithmetic on columns of quantities: products, sums by group, and what may be kept of the result.

A quantity that can no longer be kept exactly is :data:`OUT_OF_RANGE`. It is never rounded into a plausible number;
it ends as a finding, and its customer is held.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.engine.rules.columns import Column
from billing_providers.model.decimals import DIGITS_MAX, EXACT, EXPONENT_MAX, Rounding, round_decimal

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Codes, Mask

OUT_OF_RANGE = Decimal("NaN")
# No quotient of ours comes so near to a half in the places that are kept that its 120th digit decides.
_WIDE = decimal.Context(prec=EXACT.prec, rounding=decimal.ROUND_HALF_UP)


def is_known(quantity: Decimal | None) -> bool:
    """Whether a quantity is there and in range."""
    return quantity is not None and not quantity.is_nan()


def product(quantity: Decimal, factor: Decimal) -> Decimal:
    """Return the exact product, or ``OUT_OF_RANGE``."""
    try:
        return EXACT.multiply(quantity, factor)
    except decimal.DecimalException:
        return OUT_OF_RANGE


def quotient(amount: Decimal, factor: Decimal) -> Decimal:
    """Return an amount divided by a factor: exact where a decimal can be, else far beyond the places that are kept."""
    return _WIDE.divide(amount, factor)


def amount_kept(amount: Decimal | None) -> Decimal | None:
    """Return an amount in the form that is stored; None where there is none, or none that can be kept."""
    stored = OUT_OF_RANGE if amount is None else kept(amount)
    return stored if is_known(stored) else None


def total_of(unit: Decimal | None, quantity: Decimal | None) -> Decimal | None:
    """Return quantity times the amount of one unit, as both are kept; None where either is not known."""
    amount, counted = amount_kept(unit), amount_kept(quantity)
    return None if amount is None or counted is None else product(amount, counted)


def kept(quantity: Decimal) -> Decimal:
    """Return a quantity in the form that is stored: plain, at most 18 places (half up) and 28 digits.

    Only a binary unit or a long chain of factors makes more places than the 18 that are kept.
    """
    if quantity.is_nan():
        return OUT_OF_RANGE
    plain = _plain(quantity)
    return plain if plain.adjusted() <= EXPONENT_MAX and len(plain.as_tuple().digits) <= DIGITS_MAX else OUT_OF_RANGE


def _plain(number: Decimal) -> Decimal:
    if not number:
        return Decimal(0)
    plain = EXACT.normalize(number)
    exponent = int(plain.as_tuple().exponent)
    if exponent < -EXPONENT_MAX:
        return _plain(round_decimal(plain, EXPONENT_MAX, Rounding.HALF_UP))
    return plain if exponent <= 0 else plain.quantize(Decimal(1), context=EXACT)


def total(column: Column, mask: Mask) -> Decimal:
    """Return the sum of the masked rows, to 18 places; rows without a known quantity add nothing."""
    import numpy as np

    counts = np.bincount(column.codes[mask], minlength=len(column.values))
    with decimal.localcontext(EXACT):
        known = (code for code in np.flatnonzero(counts) if is_known(column.values[code]))
        return _plain(sum((column.values[code] * int(counts[code]) for code in known), Decimal(0)))


def sums_of_groups(column: Column, rows: Codes, starts: Codes) -> Column:
    """Return the exact sum of each group as a column.

    :param rows: row numbers, group after group; every row must have a known quantity.
    :param starts: where each group starts in ``rows``.
    """
    import numpy as np

    codes = column.codes[rows]
    used = np.flatnonzero(np.bincount(codes, minlength=len(column.values)))
    known = [column.values[code] for code in used]
    places = max((-int(value.as_tuple().exponent) for value in known), default=0)
    places = max(places, 0)
    scaled: Any = np.zeros(len(column.values), dtype=object)
    scaled[used] = [int(value.scaleb(places, EXACT)) for value in known]
    # Python integers: exact whatever their size
    sums = Column.of(np.add.reduceat(scaled[codes], starts))
    sums.values = [Decimal(value).scaleb(-places, EXACT) for value in sums.values]
    return sums
