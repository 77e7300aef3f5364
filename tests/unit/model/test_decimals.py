"""Exact decimals: one way in, one way out, named rounding."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.model.decimals import (
    EXACT,
    DecimalError,
    Rounding,
    decimal_from_text,
    round_decimal,
    text_from_decimal,
)

# Digits and places within what is accepted: at most 28 digits, none beyond 10^±18.
accepted = st.integers(0, 18).flatmap(
    lambda places: st.integers(-(10**19) + 1, 10**19 - 1).map(lambda units: Decimal(units).scaleb(-places))
)


@given(accepted)
def test_a_decimal_survives_the_way_through_text(number):
    """What goes out as text comes back as the same number, and the text is canonical."""
    text = text_from_decimal(number)

    assert decimal_from_text(text) == number
    assert text_from_decimal(decimal_from_text(text)) == text
    assert "E" not in text
    assert text != "-0"
    assert not ("." in text and text.endswith("0"))


@given(st.lists(accepted, max_size=50))
def test_sums_are_exact_whatever_their_order(numbers):
    """Adding in the exact context loses nothing: order cannot matter."""
    with decimal.localcontext(EXACT):
        forwards = sum(numbers, Decimal(0))
        backwards = sum(reversed(numbers), Decimal(0))

    assert forwards == backwards == sum(map(decimal_as_fraction, numbers), 0)


def decimal_as_fraction(number: Decimal):
    from fractions import Fraction

    return Fraction(number)


def test_an_inexact_operation_is_a_defect_and_raises():
    """Nothing is rounded behind anybody's back."""
    with decimal.localcontext(EXACT), pytest.raises(decimal.Inexact):
        Decimal(1) / Decimal(3)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("12.00", "12"),
        (" 0012.50\t", "12.5"),
        ("-0.0", "0"),
        ("1E+2", "100"),
        ("1e-3", "0.001"),
        ("9999999999999999999", "9999999999999999999"),
        ("0.000000000000000001", "0.000000000000000001"),
        (7, "7"),
        (Decimal("1.10"), "1.1"),
    ],
)
def test_what_is_read_is_printed_plainly(given_value, expected):
    """No exponent, no trailing zeros, no negative zero."""
    assert text_from_decimal(decimal_from_text(given_value)) == expected


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        ("NaN", "not a finite number"),
        ("sNaN", "not a finite number"),
        ("Infinity", "not a finite number"),
        ("-inf", "not a finite number"),
        ("1e30", "exponent beyond"),
        ("1e19", "exponent beyond"),
        ("1e-19", "exponent beyond"),
        ("1e999999999", "exponent beyond"),
        ("12345678901.123456789012345678", "more than 28 digits"),
        ("", "not a number"),
        ("   ", "not a number"),
        ("1,5", "not a number"),
        ("1 000", "not a number"),
        ("0x10", "not a number"),
        (1.5, "float"),
        (float("nan"), "float"),
        (True, "bool"),
        (None, "NoneType"),
        (b"1", "bytes"),
    ],
)
def test_what_is_no_exact_number_is_refused_with_the_reason(refused, why):
    """Floats, NaN, infinities and unreasonable exponents never become money."""
    with pytest.raises(DecimalError, match=why):
        decimal_from_text(refused)


@pytest.mark.parametrize(
    ("rule", "rounded"),
    [
        # of 2.5, 3.5, -2.5, 2.4, 2.6, -2.4, -2.6, 2
        (Rounding.HALF_UP, ["3", "4", "-3", "2", "3", "-2", "-3", "2"]),
        (Rounding.HALF_EVEN, ["2", "4", "-2", "2", "3", "-2", "-3", "2"]),
        (Rounding.UP, ["3", "4", "-3", "3", "3", "-3", "-3", "2"]),
        (Rounding.DOWN, ["2", "3", "-2", "2", "2", "-2", "-2", "2"]),
        (Rounding.CEILING, ["3", "4", "-2", "3", "3", "-2", "-2", "2"]),
        (Rounding.FLOOR, ["2", "3", "-3", "2", "2", "-3", "-3", "2"]),
    ],
)
def test_each_rounding_rule_does_what_its_name_says(rule, rounded):
    """Halves, signs and whole numbers, for each named rule."""
    numbers = ["2.5", "3.5", "-2.5", "2.4", "2.6", "-2.4", "-2.6", "2"]

    assert [text_from_decimal(round_decimal(Decimal(number), 0, rule)) for number in numbers] == rounded


@pytest.mark.parametrize(
    ("number", "places", "expected"),
    [
        ("1.005", 2, "1.01"),  # a binary float would give 1.00
        ("2.675", 2, "2.68"),
        ("0.0449", 2, "0.04"),  # once, not by way of 0.045
        ("1250", -2, "1300"),
        ("9999999999999999999.5", 0, "10000000000000000000"),
    ],
)
def test_rounding_happens_once_at_the_named_place(number, places, expected):
    """The result is the nearest value at that place, of the exact number."""
    assert text_from_decimal(round_decimal(Decimal(number), places)) == expected


def test_every_rounding_rule_is_reachable_by_its_name():
    """Settings name rules by text; each text is a rule, and each rule has a vector above."""
    assert {rule.value for rule in Rounding} == {"half_up", "half_even", "up", "down", "ceiling", "floor"}
