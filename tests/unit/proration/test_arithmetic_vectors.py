"""Figures that were made apart from our code, each under its named convention and through the public functions."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from billing_providers.engine.proration import (
    Convention,
    EventOrder,
    ProrationRule,
    QuantityEvent,
    Span,
    SpanEnd,
    added_amount,
    allocate,
    exchange,
    high_water_charges,
    prorated,
    quantities_in,
    ratio_of_days,
    ratios_by_period,
    rounded,
    share_from,
    shown_unit_price,
    span_ratio,
    taxed,
)
from billing_providers.model.decimals import Rounding
from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.model.usage import UsageKind

ROOT = Path(__file__).parents[3]
VECTORS = json.loads((ROOT / "tests" / "data" / "arithmetic-vectors.json").read_text(encoding="utf-8"))

# What the same collection holds besides, and the test that keeps it: ids P… are periods, I… are laws without figures.
KEPT_ELSEWHERE = {
    "42 more periods": "unit/model/test_periods.py::test_the_selected_period_and_its_instants_are_right",
    "P260": "unit/model/test_periods.py::test_words_are_read_whatever_their_case_and_blanks",  # lenient on purpose
    "P265": "unit/model/test_periods.py::test_an_anchor_beyond_the_months_end_is_clamped_and_comes_back",
    "P267": "unit/model/test_periods.py::test_an_anchor_beyond_the_months_end_is_clamped_and_comes_back",
    "I1": "unit/proration/test_allocation.py::test_parts_sum_to_the_total_exactly_and_follow_their_weights",
    "I2": "unit/proration/test_ratio_laws.py::test_ratios_of_adjacent_spans_add_up_to_that_of_their_union",
    "I3": "unit/proration/test_line_laws.py::test_a_change_on_a_boundary_makes_no_line",
    "I4": "unit/proration/test_line_laws.py::test_no_day_is_credited_beyond_its_charge",
    "I5": "unit/proration/test_line_laws.py::test_there_and_back_on_one_day_is_nothing",
    "I6": "unit/engine_plan/test_plan_laws.py::test_running_again_after_success_plans_nothing",
    "I7": "unit/engine_plan/test_plan_laws.py::test_undoing_a_diff_restores_every_line",
}

Given = dict[str, Any]


def rule_of(vector: dict[str, Any]) -> ProrationRule:
    given = vector["given"]
    return ProrationRule(
        Convention(vector["convention"]),
        fixed_days=given.get("fixed_days", 30),
        ratio_places=given.get("ratio_places"),
        per_unit=vector["op"] == "per_unit",
    )


def day(text: str) -> date:
    return date.fromisoformat(text)


def span_of(given: Given) -> Span:
    if "last_day" in given:
        return Span.told(day(given["start"]), day(given["last_day"]), SpanEnd.INCLUDED)
    return Span.told(day(given["start"]), day(given["end"]), SpanEnd.EXCLUDED)


def ratio_from(given: Given, rule: ProrationRule) -> Fraction:
    """The ratio of days that are counted already, or of a span in the period of its calendar, where it has one."""
    if "days" in given:
        return ratio_of_days(given["days"], given["of_days"], rule)
    span = span_of(given)
    period = BillingCalendar(given["anchor_day"]).period_containing(span.start) if "anchor_day" in given else None
    return span_ratio(span, rule, period)


def of_ratio(given: Given, rule: ProrationRule) -> dict[str, Any]:
    ratio = ratio_from(given, rule)
    return {"fraction": ratio, "ratio": str(rounded(ratio, 9))}


def of_ratios_by_period(given: Given, rule: ProrationRule) -> dict[str, Any]:
    ratios = ratios_by_period(span_of(given), BillingCalendar(given["anchor_day"]), rule)
    return {"parts": [str(ratio) for ratio in ratios], "ratio": str(rounded(sum(ratios, Fraction(0)), 9))}


def of_amount(given: Given, rule: ProrationRule) -> dict[str, Any]:
    quantity = Decimal(given.get("quantity", "1"))
    return {"amount": str(prorated(Decimal(given["price"]), ratio_from(given, rule), rule, quantity))}


def of_per_unit(given: Given, rule: ProrationRule) -> dict[str, Any]:
    return {**of_amount(given, rule), "exact": of_amount(given, ProrationRule(rule.convention))["amount"]}


def of_exchange(given: Given, rule: ProrationRule) -> dict[str, Any]:
    if "on" in given:
        start, end = map(day, given["period"])
        ratios = [share_from(day(given["on"]), rule, BillingPeriod(start, end))]
    else:
        ratios = [Fraction(given["old_ratio"]), Fraction(given["new_ratio"])]
    made = exchange(Decimal(given["old"]), Decimal(given["new"]), ratios[0], rule, *ratios[1:])
    return {"credit": str(made.credit), "charge": str(made.charge), "net": str(made.net)}


def of_added(given: Given, rule: ProrationRule) -> dict[str, Any]:
    amount = Decimal(given["price"]) * Decimal(given.get("quantity", "1"))
    return {"amount": str(added_amount(UsageKind(given["kind"]), amount, ratio_from(given, rule), rule))}


def of_time_weighted(given: Given, rule: ProrationRule) -> dict[str, Any]:
    start, end = map(day, given["period"])
    events = [QuantityEvent(day(since), Decimal(units)) for since, units in given["events"]]
    told = quantities_in(BillingPeriod(start, end), events, rule, order=EventOrder(given["order"]))
    units = told.time_weighted(given["places"], Rounding(given["rounding"]))
    return {"units": str(units), "next_period_units": str(told.next_start)}


def of_high_water(given: Given, rule: ProrationRule) -> dict[str, Any]:
    charges = high_water_charges(map(Decimal, given["sequence"]), Decimal(given["unit_price"]), rule)
    return {"charges": [str(charge) for charge in charges]}


def of_credit_with_tax(given: Given, rule: ProrationRule) -> dict[str, Any]:
    left = ratio_of_days(given["paid_days"] - given["used_days"], given["paid_days"], rule)
    credit = -exchange(Decimal(given["price"]), Decimal(0), left, rule).credit
    told = taxed(credit, Decimal(given["tax_percent"]), rule)
    return {"credit": str(told.net), "tax": str(told.tax), "total": str(told.total)}


def of_shown_unit(given: Given, rule: ProrationRule) -> dict[str, Any]:
    shown = shown_unit_price(Decimal(given["price"]), ratio_from(given, rule))
    return {
        **of_amount(given, rule),
        "shown_unit": str(shown),
        "shown_unit_times_quantity": str(shown * Decimal(given["quantity"])),
    }


def of_allocate(given: Given, rule: None) -> dict[str, Any]:
    weights = [Decimal(weight) for weight in given["weights"]]
    parts = allocate(Decimal(given["total"]), weights, given["places"], omit_zero=given.get("omit_zero", False))
    return {"parts": [str(part) for part in parts], "sum": str(sum(parts))}


OPERATIONS = {name.removeprefix("of_"): made for name, made in globals().items() if name.startswith("of_")}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])
def test_a_figure_comes_out_as_expected_and_never_as_a_known_wrong_one(vector: dict[str, Any]) -> None:
    """Under the convention that is named, to the last digit; what other programs got wrong does not come out."""
    rule = None if vector["convention"] == "largest_remainder" else rule_of(vector)
    told = OPERATIONS[vector["op"]](vector["given"], rule)

    for name, expected in vector["expected"].items():
        assert told[name] == (Fraction(expected) if name == "fraction" else expected), name
    for name, wrong in vector["wrong"].items():
        assert told[name] not in wrong, name


@pytest.mark.parametrize("vector", VECTORS["periods"], ids=lambda row: f"{row['timezone']} day {row['anchor_day']}")
def test_a_billing_period_starts_and_ends_where_it_should(vector: dict[str, Any]) -> None:
    """The periods of the collection that the tests of the calendar do not hold."""
    calendar = BillingCalendar(vector["anchor_day"], vector["timezone"])
    period = calendar.period_selected(vector["selected"], now=datetime.fromisoformat(vector["now"]))

    assert (period.start, period.last_day) == (day(vector["first_day"]), day(vector["last_day"]))
    assert period.days == vector["days"]
    assert period.start_instant() == datetime.fromisoformat(vector["first_instant"])
    assert period.end_instant() == datetime.fromisoformat(vector["end_instant"])


def test_no_vector_is_left_out() -> None:
    """43 figures and 15 periods are tried here; what is kept elsewhere is named, and its test exists."""
    ids = [vector["id"] for vector in VECTORS["vectors"]]

    assert len(ids) == len(set(ids)) == 43
    assert len(VECTORS["periods"]) == 15
    assert {vector["op"] for vector in VECTORS["vectors"]} == set(OPERATIONS)
    for where in KEPT_ELSEWHERE.values():
        module, test = where.split("::")
        assert f"\ndef {test}(" in (ROOT / "tests" / module).read_text(encoding="utf-8"), where
