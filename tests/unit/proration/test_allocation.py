"""Allocation of a total over parts, credits of one charge, and billing at the high-water mark."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.proration import (
    Convention,
    ProrationError,
    ProrationRule,
    allocate,
    credits_within,
    high_water_charges,
    rounded,
)

WHOLE = ProrationRule(Convention.NONE)
money = st.decimals(-(10**9), 10**9, places=2)
weights = st.lists(
    st.one_of(st.integers(0, 400), st.decimals(0, 99, places=3), st.fractions(0, 9)), min_size=1, max_size=20
).filter(any)
quantities = st.lists(st.decimals(0, 10**6, places=3), max_size=12)


@given(money, weights)
def test_parts_sum_to_the_total_exactly_and_follow_their_weights(total, weights):
    """No cent is lost or made; each part is its exact share, rounded to a neighbouring cent; no weight, no part."""
    parts = allocate(total, weights)
    whole = sum(map(Fraction, weights))

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / whole) < Fraction(1, 100)
        assert weight or part == 0
    assert allocate(total, weights, omit_zero=True) == [part for part in parts if part]


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("-100.00", [1, 1, 1], ["-33.34", "-33.33", "-33.33"]),
        ("0.05", [1, 1, 1], ["0.02", "0.02", "0.01"]),
        ("10.00", [0, 1, 0], ["0.00", "10.00", "0.00"]),
        ("0", [3, 4], ["0.00", "0.00"]),
    ],
)
def test_left_over_cents_go_to_the_largest_remainder_and_then_to_the_earlier_part(total, weights, parts):
    """The same input gives the same cents, whoever asks."""
    assert [str(part) for part in allocate(Decimal(total), weights)] == parts


@pytest.mark.parametrize(
    ("total", "weights", "why"),
    [
        ("1", [], "weights none"),
        ("1", [0, 0], "weights 0, 0"),
        ("1", [2, -1], "weights 2, -1"),
        ("1.005", [1], "1.005 has more than 2 places"),
        ("NaN", [1], "total Decimal('NaN') is no finite decimal"),
    ],
)
def test_what_cannot_be_allocated_exactly_is_refused(total, weights, why):
    """A total is never rounded on the way into its parts."""
    with pytest.raises(ProrationError, match=why.replace("(", r"\(").replace(")", r"\)")):
        allocate(Decimal(total), weights)


@given(st.decimals(0, 10**6, places=2), st.lists(st.decimals(-(10**6), 0, places=2), max_size=8))
def test_credits_of_a_charge_never_come_to_more_than_it(charge, wanted):
    """Also over several credits; each is given as it is wanted until nothing is left."""
    given_back = credits_within(charge, wanted)

    assert len(given_back) == len(wanted)
    assert -sum(given_back, Decimal(0)) == min(charge, -sum(wanted, Decimal(0)))
    assert all(asked <= got <= 0 for asked, got in zip(wanted, given_back, strict=True))


@pytest.mark.parametrize(("charge", "wanted"), [("-1", ["0"]), ("1", ["0.01"])])
def test_a_credit_with_the_wrong_sign_is_refused(charge, wanted):
    """A credit above zero would be a second charge."""
    with pytest.raises(ProrationError, match="check the signs"):
        credits_within(Decimal(charge), list(map(Decimal, wanted)))


@given(quantities, st.decimals(0, 999, places=4), st.decimals(0, 1000, places=2))
def test_billing_in_advance_comes_to_the_peak_and_never_refunds(quantities, price, paid):
    """What is billed in the end is what the highest quantity exceeds the paid one, to the cent."""
    charges = high_water_charges(quantities, price, WHOLE, paid)
    peak = max([paid, *quantities])

    assert sum(charges, Decimal(0)) == rounded(Fraction(peak - paid) * Fraction(price), 2)
    assert all(charge >= 0 for charge in charges)
    assert len(charges) == len(quantities)


def test_only_what_exceeds_the_paid_quantity_is_billed():
    """12 are paid: the way to 11 is free, and 15 cost three."""
    charges = high_water_charges(map(Decimal, ["11", "15", "14", "15"]), Decimal("9.99"), WHOLE, Decimal(12))

    assert [str(charge) for charge in charges] == ["0.00", "29.97", "0.00", "0.00"]
