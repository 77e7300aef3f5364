"""What lines leave over: price less cost, exactly, and only where both are known."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.margin import margin, margins
from billing_providers.model.changes import ChangeKind, FieldChange, LineField, MatchedLine
from tests.support.diffs import change, diff_of

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=6)


@pytest.mark.parametrize(
    ("quantity", "cost", "price", "included", "expected"),
    [
        ("5", "7", "10", None, "15"),
        ("5", "10.10", "10", None, "-0.50"),
        ("0.3", "0.1", "0.2", None, "0.03"),
        ("0", "7", "10", "50", "0"),
        ("60", "1", "2", "50", "-40"),
        ("40", "1", "2", "50", "-40"),
        ("-2", "7", "10", None, "-6"),
    ],
)
def test_a_margin_is_what_is_billed_less_what_all_of_it_costs(quantity, cost, price, included, expected):
    """Included units are not billed and cost all the same; a credit takes its margin back."""
    told = margin(*map(Decimal, (quantity, cost, price)), included=None if included is None else Decimal(included))

    assert told == Decimal(expected)


@pytest.mark.parametrize("unknown", [0, 1, 2])
def test_what_is_not_known_is_no_margin(unknown):
    """A missing cost is not a cost of zero."""
    values = [Decimal(1), Decimal(2), Decimal(3)]
    values[unknown] = None

    assert margin(*values) is None


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_margin_is_never_rounded(quantity, cost, price):
    """However many places meet, the margin is the exact product."""
    assert Fraction(margin(quantity, cost, price)) == (Fraction(price) - Fraction(cost)) * Fraction(quantity)


def test_the_total_counts_each_line_as_it_ends():
    """Of two steps of a line the last counts; a line without cost is counted as unknown, not as zero."""
    changes = (
        change("c1", line_id="100", step=1, quantity_after=Decimal(9)),
        change("c2", line_id="100", step=2, quantity_after=Decimal(5)),
        change("c3", line_id="", kind=ChangeKind.ADD_LINE, service_id="8", quantity_after=Decimal(2)),
        change("c4", line_id="", kind=ChangeKind.ADD_LINE, service_id="9", unit_cost=None),
    )

    found = margins(diff_of(*changes))

    assert [found.of[one.change_id] for one in changes] == [Decimal(27), Decimal(15), Decimal(6), None]
    assert (found.total, found.lines, found.unknown) == (Decimal(21), 3, 1)


def test_included_units_are_those_of_the_line_unless_the_change_sets_them():
    """A change of the quantity alone leaves the included volume of the line in force."""
    line = MatchedLine("100", "10", "1", "5", "ASP", "X", Decimal(5), included=Decimal(2))
    sets = change("c2", line_id="100", fields=(FieldChange(LineField.INCLUDED, "2", "4"),))

    def of(one):
        return margins(dataclasses.replace(diff_of(one), matched=(line,))).of[one.change_id]

    assert (of(change("c1")), of(sets)) == (Decimal(-5), Decimal(-25))
