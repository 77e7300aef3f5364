"""Counting in columns gives the numbers that exact decimals give, whatever their size."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_providers.engine import columns
from billing_providers.engine.columns import labels_of, product, scaled, sums
from billing_providers.engine.shares import split_units
from billing_providers.model.decimals import Rounding

# The first call imports pandas, which no deadline should count.
calm = settings(deadline=None)

# Up to the limits of model.decimals: 28 digits, 18 places either way.
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6) | (
    st.sampled_from([Decimal("1E+18"), Decimal("-1E-18"), Decimal("0.10"), Decimal("1E+2"), Decimal("9" * 28)])
)


@calm
@given(st.lists(st.tuples(st.integers(0, 3), decimals), max_size=30))
def test_sums_by_group_are_exact(rows: list[tuple[int, Decimal]]):
    """Neither float nor overflow: the sums are those of whole numbers of the smallest unit."""
    scale, (column,) = scaled([[quantity for _, quantity in rows]])
    groups = np.array([group for group, _ in rows], dtype=np.int64)

    totals = sums(groups, column.units, 4)

    for group in range(4):
        expected = sum((Fraction(quantity) for of, quantity in rows if of == group), Fraction(0))
        assert Fraction(scale.decimal(totals[group])) == expected


@calm
@given(st.lists(st.tuples(decimals, decimals), max_size=20))
def test_wide_and_narrow_integers_give_the_same_numbers(pairs: list[tuple[Decimal, Decimal]]):
    """The fast path is the same statements on 64 bits; it is taken only where nothing can overflow."""

    def results() -> list[object]:
        scale, (left, right) = scaled([[one for one, _ in pairs], [other for _, other in pairs]])
        rounded = scale.rounded(left.units, 0, Rounding.HALF_UP)
        multiplied = product(left.units, right.units)
        return [scale.places, [int(x) for x in left.units], [int(x) for x in rounded], [int(x) for x in multiplied]]

    fast = results()
    limit, columns._SUM_MAX = columns._SUM_MAX, 0
    try:
        assert results() == fast
    finally:
        columns._SUM_MAX = limit


@calm
@given(st.lists(decimals, min_size=1, max_size=20))
def test_rounding_in_columns_is_rounding_of_each(quantities: list[Decimal]):
    """Every value is rounded once, half away from zero."""
    scale, (column,) = scaled([quantities])

    rounded = scale.rounded(column.units, 0, Rounding.HALF_UP)

    assert [scale.decimal(units) for units in rounded] == [
        quantity.quantize(Decimal(1), rounding=ROUND_HALF_UP) for quantity in quantities
    ]


def test_what_is_no_decimal_is_masked_and_never_zero_by_accident():
    """None, NaN and floats are missing."""
    _, (column,) = scaled([[Decimal(1), None, Decimal("NaN"), 1.5, Decimal(0)]])  # type: ignore[list-item]

    assert column.missing.tolist() == [False, True, True, True, False]


def test_texts_are_the_same_when_their_trimmed_texts_are():
    """Unicode blanks count as blanks; case does not."""
    labels = labels_of(["a", " a\u00a0", "A", "", None, "\u2003"])  # type: ignore[list-item]

    assert [labels.labels[code] for code in labels.codes] == ["a", "a", "A", "", "", ""]


shares = st.lists(st.integers(1, 50), min_size=1, max_size=6).map(
    lambda weights: [Fraction(weight, sum(weights)) for weight in weights]
)


@calm
@given(st.integers(-(10**24), 10**24), shares)
def test_parts_sum_to_the_whole_and_are_off_by_less_than_one(units: int, parts: list[Fraction]):
    """The largest remainder: no unit is lost or made, and nobody is a whole unit away from the exact share."""
    split = split_units(units, parts)

    assert sum(split) == units
    assert all(abs(part - units * share) < 1 for part, share in zip(split, parts, strict=True))
