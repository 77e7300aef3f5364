"""What the world calls right follows from charges and events, by literal values where it is awkward."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world import Outcome
from billing_providers.sandbox.world.sherweb.expected import ExpectedLine
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb

NOVEMBER = BillingCalendar(1).period_containing(date(2026, 11, 1))


def _line(resold: Sherweb, period: BillingPeriod, code: str, offer: str) -> ExpectedLine:
    found = [
        line
        for outcome in Outcome
        for line in resold.expected(period, outcome=outcome).values()
        if (line.customer_code, line.offer_key) == (code, offer)
    ]
    assert len(found) == 1
    return found[0]


def test_units_are_the_rounded_sums_of_the_charges(resold: Sherweb, july: BillingPeriod) -> None:
    """Of everything monthly that is billed; rounding is once, on the sum."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for charge in resold.charges(july):
        if charge.charge_type in {"Recurring", "Usage"}:
            sums[charge.customer_code, charge.offer_key] += charge.quantity
            amounts[charge.customer_code, charge.offer_key] += charge.sub_total
    expected = resold.expected(july)

    monthly = [line for line in expected.values() if line.cycle == "Monthly"]
    assert len(monthly) > 100
    for line in monthly:
        pair = (line.customer_code, line.offer_key)
        assert line.quantity == line.charged == sums[pair]
        assert line.units == sums[pair].quantize(Decimal(1), ROUND_HALF_UP)
        assert line.due == amounts[pair]


def test_the_last_step_is_what_is_in_force_at_the_end(resold: Sherweb, july: BillingPeriod) -> None:
    """Prorated or not, the next month starts with the same number; days of steps rise, units differ."""
    several = 0
    for line in resold.expected(july).values():
        days = [step.day for step in line.steps]
        assert days == sorted(set(days))
        assert days[0] == july.start
        assert all(july.contains(day) for day in days)
        assert line.steps[-1].units == line.units
        units = [step.units for step in line.steps]
        assert all(before != after for before, after in pairwise(units))
        several += len(units) > 1
    assert several > 15


@pytest.mark.parametrize(
    ("code", "offer", "units", "steps"),
    [
        ("SEVR", "premium", 13, [(1, 12), (6, 14), (11, 16), (21, 13)]),
        ("EDGE", "premium", 12, [(1, 11), (31, 12)]),
        ("TURN", "premium", 9, [(1, 9)]),
        ("TURN", "teams", 7, [(1, 5), (8, 7)]),
        ("CANC", "premium", 0, [(1, 6), (14, 0)]),
        ("COMM", "standard", 31, [(1, 35), (16, 29), (28, 31)]),
        ("RENM", "premium", 11, [(1, 10), (20, 11)]),
        ("BOTH", "project_monthly", 5, [(1, 4), (9, 5)]),
        ("ONCE", "teams", 6, [(1, 0), (3, 6)]),
        ("LEAP", "exchange", 21, [(1, 19), (15, 21)]),
        ("LAST", "exchange", 7, [(1, 8), (30, 9), (31, 7)]),
        ("ODDQ", "backup", 12, [(1, 12)]),
        ("ODDQ", "mail_guard", 41, [(1, 41)]),
        ("AZUR", "azure", 1374, [(1, 1374)]),
        ("ZERP", "quick_help", 0, [(1, 0)]),
    ],
)
def test_awkward_quantities_are_settled(
    resold: Sherweb, july: BillingPeriod, code: str, offer: str, units: int, steps: list[tuple[int, int]]
) -> None:
    """In July 2026, by literal values: units at the end, and from which day how many."""
    line = _line(resold, july, code, offer)

    assert line.units == units
    assert [(step.day.day, step.units) for step in line.steps] == steps


@pytest.mark.parametrize(
    ("code", "offer", "costs"),
    [
        ("SEVR", "premium", ("22.00", "20.46", "22.00")),
        ("PROM", "teams", ("4.00", "3.22", "3.50")),  # 0.50 off, and 7 % of 4.00
        ("PROM", "standard", ("12.60", "11.468", "12.35")),  # a fee of 0.25, subtracted as the sentence says
        ("LEAP", "exchange", ("43.20", "40.176", "43.20")),
        ("AZUR", "azure", ("1.1483920571", "1.068004613103", "1.1483920571")),
        ("CURR", "dollars", ("9.00", "9.00", "9.00")),
    ],
)
def test_a_unit_costs_what_each_basis_says(
    resold: Sherweb, july: BillingPeriod, code: str, offer: str, costs: tuple[str, str, str]
) -> None:
    """List price, net price, and net price without the performance tier, all for a whole cycle."""
    found = _line(resold, july, code, offer).costs

    assert found is not None
    assert (found.list_price, found.net, found.net_without_tier) == tuple(map(Decimal, costs))


def test_several_prices_are_no_price(resold: Sherweb, july: BillingPeriod) -> None:
    """One of two subscriptions has a promotion: no single unit cost is right. Nothing in force has none either."""
    assert _line(resold, july, "PROM", "premium").costs is None
    assert _line(resold, july, "CANC", "premium").costs is None


def test_a_year_is_spread_or_billed_once(resold: Sherweb, july: BillingPeriod) -> None:
    """Spread: what is in force, at a twelfth of the cost. Once: what is charged in the month, mostly nothing."""
    last, november = _line(resold, july, "LAST", "exchange"), _line(resold, NOVEMBER, "LAST", "exchange")

    assert (last.quantity, last.charged, last.due) == (7, 8, Decimal("281.3444"))
    assert (november.quantity, november.charged, november.due) == (7, 0, 0)
    assert november.line_id in resold.yearly_without_charges(NOVEMBER)
    assert last.line_id not in resold.yearly_without_charges(july)
    assert last.costs is not None
    spread = last.costs.spread()
    assert (spread.list_price, spread.net, spread.net_without_tier) == tuple(
        map(Decimal, ("3.6000", "3.3480", "3.6000"))
    )


def test_what_is_held_says_why(resold: Sherweb, july: BillingPeriod) -> None:
    """Each reason once where it is a case of its own; the quarterly contract holds all of its customer's lines."""
    held = [(entry.customer_code, entry.offer_key, entry.why) for entry in resold.held(july)]

    assert [entry for entry in held if entry[0] != "QCON"] == [
        ("NOAC", "", "no_account"),
        ("NEWO", "brand_new", "offer_unmapped"),
        ("NOLN", "premium", "line_missing"),
        ("CURR", "dollars", "other_currency"),
        ("NEGA", "teams", "negative_sum"),
        ("CRED", "teams", "negative_sum"),
    ]
    assert {why for code, _, why in held if code == "QCON"} == {"contract_not_monthly"}
    assert len([code for code, _, _ in held if code == "QCON"]) == 6


def test_without_the_id_customers_of_one_name_are_held(resold: Sherweb, july: BillingPeriod) -> None:
    """All lines of both, and nothing else."""
    with_id, without = resold.expected(july), resold.expected(july, id_tag=False)

    gone = {line.customer_code for line_id, line in with_id.items() if line_id not in without}
    assert gone == {"DUPA", "DUPB"}
    assert len(with_id) - len(without) == 12
    held = [(entry.customer_code, entry.why) for entry in resold.held(july, id_tag=False) if not entry.offer_key]
    assert held == [("NOAC", "no_account"), ("DUPA", "name_of_several"), ("DUPB", "name_of_several")]


def test_guards_may_hold_what_falls_to_zero(resold: Sherweb, july: BillingPeriod) -> None:
    """A cancellation, and a usage of 0 on a live line; a 0 on a line at 0 is nothing."""
    guarded = resold.expected(july, outcome=Outcome.GUARDED)

    assert [(line.customer_code, line.offer_key, line.units_before, line.units) for line in guarded.values()] == [
        ("ZERP", "office_protect", 3, 0),
        ("CANC", "premium", 6, 0),
    ]


def test_lines_without_charges(resold: Sherweb, july: BillingPeriod) -> None:
    """What was cancelled before the period, and what has charges that are no quantities."""
    names = {line.line_id: (line.customer_code, line.offer_key) for line in resold.tenant.lines}

    assert [names[line_id] for line_id in resold.without_charges(july)] == [("UNKT", "legacy"), ("CANC", "teams")]


def test_every_line_is_told_exactly_once(resold: Sherweb, july: BillingPeriod) -> None:
    """Each line comes to one outcome, or has no charges."""
    for period in (july, NOVEMBER):
        told = [line_id for outcome in Outcome for line_id in resold.expected(period, outcome=outcome)]
        told += resold.without_charges(period)

        assert sorted(told) == sorted(line.line_id for line in resold.tenant.lines)


@pytest.mark.parametrize("anchor", [1, 12, 31])
def test_other_months_and_calendars_are_mostly_healthy(resold: Sherweb, anchor: int) -> None:
    """Whenever it is asked: most lines are billed, and a good part of them changes."""
    for day in (date(2025, 9, 20), date(2026, 7, 20), date(2027, 4, 20)):
        period = BillingCalendar(anchor).period_containing(day)
        billed = resold.expected(period)

        assert 110 <= len(billed) <= 140
        assert 30 <= sum(line.units != line.units_before for line in billed.values()) <= 100
