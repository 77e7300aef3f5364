"""Several charges of one identity in a period become one quantity, by a rule that has a name."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.rules import load_rules
from billing_providers.engine.rules.steps import steps_from_text
from billing_providers.errors import SettingsError
from billing_providers.model.usage import UsageRecord
from tests.support.usage_rows import PERIOD, charges, one_rule, outcomes, row

START, END = PERIOD.start, PERIOD.end  # 26 January to 26 February, end excluded
WHOLE = {"covers_from": START, "covers_until": END}
# Ten seats, two more from 5 February, one less from 15 February.
BOUGHT_AND_GIVEN_BACK = [
    row(10, **WHOLE, total_cost=Decimal("100")),
    row(2, covers_from=date(2026, 2, 5), covers_until=END, total_cost=Decimal("13.55")),
    row(-1, covers_from=date(2026, 2, 15), covers_until=END, total_cost=Decimal("-3.55")),
]


@pytest.mark.parametrize(
    ("fold", "quantity"),
    [
        ("at_end", "11"),
        ("at_start", "10"),
        ("peak", "12"),
        ("time_weighted", "11"),
        ("{mode: time_weighted, convention: actual_over_30}", "11.033333333333333333"),
    ],
)
def test_one_quantity_stands_for_the_period_and_all_costs_count(fold: str, quantity: str) -> None:
    """10, then 12 for ten days, then 11 for eleven: never 10 + 2 - 1 by accident of the sum, and never a cent lost."""
    (line,) = charges(one_rule(f"fold: {fold}", *BOUGHT_AND_GIVEN_BACK))

    assert line.quantity == Decimal(quantity)
    assert line.total_cost == Decimal(110)


def test_the_days_of_changes_are_kept_with_what_is_held_at_the_end() -> None:
    """Each day once, with the whole quantity from that day on; a line without days tells none."""
    told = one_rule("match: {sku: MS365-BP}, fold: at_end", *BOUGHT_AND_GIVEN_BACK, row(7, sku="AV"))

    av, seats = charges(told)
    assert av.steps == ""
    assert steps_from_text(seats.steps) == [
        (START, Decimal(10)),
        (date(2026, 2, 5), Decimal(12)),
        (date(2026, 2, 15), Decimal(11)),
    ]


def test_what_is_held_outside_the_period_counts_for_nothing() -> None:
    """A charge in advance covers the month to come."""
    ahead = {"covers_from": END, "covers_until": END + timedelta(days=30)}
    (line,) = charges(one_rule("fold: at_end", row(3, **WHOLE), row(9, **ahead)))

    assert line.quantity == 3
    assert json.loads(line.steps) == [["2026-01-26", "3"]]


def test_a_charge_that_tells_no_days_is_held_all_along() -> None:
    """Absent days are the whole period; one open end is that end of it."""
    (line,) = charges(one_rule("fold: peak", row(3), row(2, covers_from=date(2026, 2, 1))))

    assert line.quantity == 5


def test_a_source_that_tells_no_days_at_all_keeps_none() -> None:
    """Not told is not "since the period began": the day on which a change was seen may be known better."""
    (line,) = charges(one_rule("fold: at_end", row(3), row(2)))

    assert (line.quantity, line.steps) == (5, "")


def test_monthly_and_yearly_are_folded_apart() -> None:
    """The same SKU under two terms never overwrites or adds up."""
    found = charges(one_rule("fold: at_end", row(3, **WHOLE), row(8, term="yearly", billing_cycle="yearly", **WHOLE)))

    assert [(line.term, line.quantity) for line in found] == [("monthly", 3), ("yearly", 8)]


def test_a_quantity_that_a_later_rule_changes_keeps_no_days() -> None:
    """Dated steps that no longer lead to the quantity would bill something else."""
    rules = """
    version: 1
    rules:
      - {name: fold, fold: at_end}
      - {name: least, floor: 20}
    """
    from tests.support.usage_rows import ruled

    (line,) = charges(ruled(rules, *BOUGHT_AND_GIVEN_BACK))
    assert (line.quantity, line.steps) == (20, "")


def test_what_is_over_does_not_spoil_the_cost_of_what_is_held() -> None:
    """A term at another price ended inside the period: one unit costs what the charges say that count."""
    old = row(4, covers_from=START, covers_until=date(2026, 2, 1), unit_cost=Decimal(9), total_cost=Decimal(7))
    new = row(6, covers_from=date(2026, 2, 1), covers_until=END, unit_cost=Decimal(10), total_cost=Decimal(48))
    dearer = row(1, covers_from=date(2026, 2, 3), covers_until=END, unit_cost=Decimal(11), total_cost=Decimal(9))

    (line,) = charges(one_rule("fold: at_end", old, new))
    (mixed,) = charges(one_rule("fold: at_end", old, new, dearer))

    assert (line.quantity, line.unit_cost, line.total_cost) == (6, 10, 55)
    assert (mixed.quantity, mixed.unit_cost) == (7, None)


def test_each_row_tells_what_it_counted_for() -> None:
    """A credit that is over by the end counts nothing, and is still there as evidence."""
    rows = [row(10, **WHOLE), row(-4, covers_from=START, covers_until=date(2026, 2, 1))]

    assert [outcome.quantity for outcome in outcomes(one_rule("fold: at_end", *rows))] == [10, 0]


@pytest.mark.parametrize(
    ("fold", "says"),
    [
        ("middle", "at_end, at_start, peak, time_weighted"),
        ("{mode: peak, convention: actual}", "weighs nothing here"),
        ("{mode: time_weighted, convention: psa}", "actual, actual_over_30, fixed_days, strict_30"),
        ("{convention: actual}", "mode"),
    ],
)
def test_a_fold_without_a_known_name_is_refused(fold: str, says: str) -> None:
    """Conventions differ, so none is guessed."""
    with pytest.raises(SettingsError, match=says):
        load_rules(f"version: 1\nrules:\n  - name: fold\n    fold: {fold}\n", "rules.yaml")


DAYS = st.integers(-5, 40).map(lambda number: START + timedelta(days=number))


@st.composite
def charge(draw: st.DrawFn) -> UsageRecord:
    begin, end = sorted((draw(DAYS), draw(DAYS)))
    cost = draw(st.decimals(-100, 100, places=2))
    return row(draw(st.integers(-5, 20)), covers_from=begin, covers_until=end, total_cost=cost)


@given(st.lists(charge(), min_size=1, max_size=6))
def test_folding_agrees_with_counting_every_day_and_keeps_every_cent(rows: list[UsageRecord]) -> None:
    """Whatever the charges: the quantity is that of a calendar filled in day by day, and all costs are kept."""
    calendar = [START + timedelta(days=number) for number in range(PERIOD.days)]
    held = [sum(one.quantity for one in rows if one.covers_from <= day < one.covers_until) for day in calendar]
    wanted = {
        "at_end": held[-1],
        "at_start": held[0],
        "peak": max(held),
        "time_weighted": Fraction(sum(held)) / PERIOD.days,
    }
    for fold, quantity in wanted.items():
        (line,) = charges(one_rule(f"fold: {fold}", *rows))
        assert abs(Fraction(line.quantity) - Fraction(quantity)) < Fraction(1, 10**16)
        assert line.total_cost == sum(one.total_cost for one in rows)
        if fold == "at_end":
            steps = steps_from_text(line.steps)
            by_day = [next((units for day, units in reversed(steps) if day <= one), Decimal(0)) for one in calendar]
            assert by_day == held
