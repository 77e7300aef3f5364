"""Quantities of a period and the lines that bill it: literal cases, then laws for any list of events."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing_providers.engine.proration import (
    Convention,
    DatedQuantity,
    EventOrder,
    ProrationError,
    ProrationRule,
    QuantityEvent,
    prorated_lines,
    quantities_in,
    share_from,
)
from billing_providers.model.periods import BillingCalendar, BillingPeriod

ACTUAL, NONE, PSA = (ProrationRule(Convention(name)) for name in ("actual", "none", "psa"))
COMPUTED = [ACTUAL, NONE, *(ProrationRule(Convention(n)) for n in ("actual_over_30", "fixed_days", "strict_30"))]
COMPUTED += [ProrationRule(Convention.ACTUAL, ratio_places=2), ProrationRule(Convention.ACTUAL, per_unit=True)]
MARCH = BillingPeriod(date(2026, 3, 1), date(2026, 4, 1))
BY_DAY, BY_ENTRY = EventOrder.BY_DAY, EventOrder.BY_ENTRY


def event(day: str, units: str, price: str | None = None) -> QuantityEvent:
    return QuantityEvent(date.fromisoformat(day), Decimal(units), None if price is None else Decimal(price))


@st.composite
def worlds(draw: st.DrawFn, priced: bool = True) -> tuple[BillingPeriod, list[QuantityEvent]]:
    """A period, and events around it in the order of entry, several on one day and on its boundaries among them."""
    period = draw(st.builds(BillingCalendar, st.integers(1, 31))).period_containing(
        draw(st.dates(date(2023, 1, 1), date(2028, 12, 31)))
    )
    days = st.one_of(
        st.sampled_from([period.start, period.last_day, period.end]),
        st.integers(-20, period.days + 20).map(lambda n: period.start + timedelta(days=n)),
    )
    units = st.one_of(st.integers(0, 30).map(Decimal), st.decimals(0, 99, places=2))
    price = st.one_of(st.none(), st.decimals(0, 500, places=3)) if priced else st.none()
    events = draw(st.lists(st.builds(QuantityEvent, days, units, price), max_size=8))
    return period, [QuantityEvent(date(2022, 1, 1), Decimal(0), Decimal("7.35")), *events]


def held_by_day(events: list[QuantityEvent], order: EventOrder, day: date) -> Decimal:
    """The quantity on a day by other means than those of the product: every day on its own, event by event."""
    held, since = Decimal(0), date.min
    for one in events:
        if order is BY_ENTRY:
            if one.day <= day:
                held = one.quantity
        elif since <= one.day <= day:
            held, since = one.quantity, one.day
    return held


@given(worlds(), st.sampled_from(EventOrder), st.sampled_from(COMPUTED))
def test_each_day_holds_what_its_events_say(world, order, rule):
    """Start, end, peak and the next period's start, against every single day; segments cover the period once."""
    period, events = world
    told = quantities_in(period, events, rule, order=order)
    days = [period.start + timedelta(days=n) for n in range(-1, period.days + 1)]
    before, *inside, after = (held_by_day(events, order, day) for day in days)

    assert (told.before, told.at_start, told.at_end, told.next_start) == (before, inside[0], inside[-1], after)
    assert told.peak == max(inside)
    assert [units for one in told.segments for units in [one.quantity] * one.span.days] == inside
    if rule.convention is not Convention.NONE:
        changes = [
            DatedQuantity(day, b) for day, a, b in zip(days[1:], [before, *inside], inside, strict=False) if a != b
        ]
        assert list(told.steps) == changes


@given(worlds(), st.sampled_from(EventOrder))
def test_time_weighted_units_are_the_mean_of_the_days(world, order):
    """Under actual days: the sum over all days, over their number."""
    period, events = world
    told = quantities_in(period, events, ACTUAL, order=order)
    days = [held_by_day(events, order, period.start + timedelta(days=n)) for n in range(period.days)]

    assert told.weighted == sum(map(Fraction, days)) / period.days


@given(worlds(), st.sampled_from(COMPUTED))
def test_units_that_never_change_weigh_themselves(world, rule):
    """Under every convention, also where a month of 31 days would be 31/30 of itself or 28 days 28/30."""
    period, _ = world
    told = quantities_in(period, [QuantityEvent(date(2020, 1, 1), Decimal(12))], rule, order=BY_DAY)

    assert told.weighted == 12
    assert told.steps == ()


@given(worlds(), st.sampled_from(COMPUTED), st.integers(0, 5))
def test_one_more_unit_throughout_weighs_one_more(world, rule, more):
    """Time weighting is linear in the units and lies between the lowest and the highest."""
    period, events = world
    told = quantities_in(period, events, rule, order=BY_DAY)
    raised = [QuantityEvent(one.day, one.quantity + more) for one in events]

    assert quantities_in(period, raised, rule, order=BY_DAY).weighted == told.weighted + more
    assert min(one.quantity for one in told.segments) <= told.weighted <= told.peak


@given(worlds(priced=False), st.sampled_from(COMPUTED))
def test_the_lines_of_a_period_come_to_its_time_weighted_units(world, rule):
    """Conservation: charges less credits are price times units, and each line is off by half a cent at most."""
    period, events = world
    told = quantities_in(period, events, rule, order=BY_DAY)
    lines = prorated_lines(told, rule)
    exact = [Fraction(line.quantity) * Fraction(line.unit_price) * line.ratio for line in lines]

    assert sum(exact) == told.weighted * Fraction("7.35")
    if rule.ratio_places is None and not rule.per_unit:
        assert all(
            abs(Fraction(line.amount) - part) <= Fraction(1, 200) for line, part in zip(lines, exact, strict=True)
        )


@given(worlds(), st.sampled_from(COMPUTED), st.sampled_from(EventOrder))
@example((MARCH, [event("2026-01-01", "3", "0.335"), event("2026-03-02", "0"), event("2026-03-02", "3")]), NONE, BY_DAY)
def test_no_day_is_credited_beyond_its_charge(world, rule, order):
    """Each credit takes back one charge, once, at its price and for its units, for days that it charged, never more."""
    period, events = world
    lines = prorated_lines(quantities_in(period, events, rule, order=order), rule)
    charges = {line.charged_on: line for line in lines if line.quantity > 0}
    credits = [line for line in lines if line.quantity < 0]

    assert len(charges) + len(credits) == len(lines)
    assert len({line.charged_on for line in credits}) == len(credits)
    for credit in credits:
        charge = charges[credit.charged_on]
        assert (credit.quantity, credit.unit_price) == (-charge.quantity, charge.unit_price)
        assert charge.span.start < credit.span.start
        assert credit.span.end == charge.span.end == period.end
        assert -charge.amount <= credit.amount <= 0
    for number in range(period.days):
        day = period.start + timedelta(days=number)
        assert sum(line.amount for line in lines if line.span.start <= day) >= 0


@given(worlds(priced=False), st.sampled_from(COMPUTED), st.decimals(0, 50, places=1), st.integers(0, 40))
def test_there_and_back_on_one_day_is_nothing(world, rule, units, number):
    """From a to b to a on one day: no step, no line, not even two that cancel out."""
    period, events = world
    day = period.start + timedelta(days=number)
    back = held_by_day(events, BY_DAY, day)
    bounced = [*events, QuantityEvent(day, units), QuantityEvent(day, back)]

    plain, there_and_back = (quantities_in(period, told, rule, order=BY_DAY) for told in (events, bounced))
    assert there_and_back == plain
    assert prorated_lines(there_and_back, rule) == prorated_lines(plain, rule)


def total(events: list[QuantityEvent], period: BillingPeriod, rule: ProrationRule) -> Decimal:
    lines = prorated_lines(quantities_in(period, events, rule, order=BY_DAY), rule)
    return sum((line.amount for line in lines), Decimal(0))


@given(st.sampled_from(COMPUTED), st.integers(1, 31), st.decimals(0, 50, places=1))
def test_a_change_on_a_boundary_makes_no_line(rule, anchor, units):
    """On the first day it is what the period starts with, on the end it is the next one's."""
    period = BillingCalendar(anchor).period_containing(date(2026, 2, 20))
    held, price = Decimal(10), Decimal("9.99")
    for day, billed in ((period.start, units), (period.end, held)):
        events = [QuantityEvent(date(2026, 1, 2), held, price), QuantityEvent(day, units)]
        told = quantities_in(period, events, rule, order=BY_DAY)
        lines = prorated_lines(told, rule)

        assert told.next_start == units
        assert [(line.quantity, line.ratio, line.amount) for line in lines] == (
            [(billed, 1, lines[0].amount)] if billed else []
        )
        assert told.steps == ((DatedQuantity(day, units),) if day == period.start and units != held else ())


@given(st.sampled_from(COMPUTED), st.integers(2, 31), st.integers(2, 31))
def test_an_earlier_cancellation_never_costs_more(rule, one, other):
    """Monotony: who leaves later pays at least as much, to the cent."""
    paid = [
        total([event("2026-01-01", "7", "12.34"), QuantityEvent(date(2026, 3, day), Decimal(0))], MARCH, rule)
        for day in sorted((one, other))
    ]

    assert 0 <= paid[0] <= paid[1] <= Decimal("86.38")


def test_a_period_with_several_changes_to_the_cent():
    """10 units from before, 12 from the 11th, two events on the 21st, and the price raised for the new charge alone."""
    events = [
        event("2025-12-01", "10", "31.00"),
        event("2026-03-11", "12"),
        event("2026-03-21", "20"),
        event("2026-03-21", "9", "62.00"),
        event("2026-04-01", "11"),
    ]
    told = quantities_in(MARCH, events, ACTUAL, order=BY_DAY)

    assert (told.before, told.at_start, told.at_end, told.next_start, told.peak) == (10, 10, 9, 11, 12)
    assert told.steps == (DatedQuantity(date(2026, 3, 11), Decimal(12)), DatedQuantity(date(2026, 3, 21), Decimal(9)))
    assert told.weighted == Fraction(10 * 10 + 12 * 10 + 9 * 11, 31)
    assert [
        (str(line.span.start), line.charged_on.day, str(line.quantity), str(line.unit_price), str(line.amount))
        for line in prorated_lines(told, ACTUAL)
    ] == [
        ("2026-03-01", 1, "10", "31.00", "310.00"),
        ("2026-03-11", 1, "-10", "31.00", "-210.00"),
        ("2026-03-11", 11, "12", "31.00", "252.00"),
        ("2026-03-21", 11, "-12", "31.00", "-132.00"),
        ("2026-03-21", 21, "9", "62.00", "198.00"),
    ]


def test_a_price_that_changes_is_credited_at_the_old_one_and_makes_no_step():
    """The units stay, the rest of the month is exchanged at the new price; the same price again is no change."""
    events = [event("2026-03-01", "4", "31.00"), event("2026-03-11", "4", "15.50"), event("2026-03-21", "4", "15.50")]
    told = quantities_in(MARCH, events, ACTUAL, order=BY_DAY)

    assert told.steps == (DatedQuantity(MARCH.start, Decimal(4)),)
    assert [str(line.amount) for line in prorated_lines(told, ACTUAL)] == ["124.00", "-84.00", "42.00"]


def test_a_later_entry_with_an_earlier_date_cancels_only_by_entry():
    """Scheduled to 10 on the 20th, then entered: 15 from the 10th on. By day both hold, by entry the plan is gone."""
    events = [event("2026-03-01", "5"), event("2026-03-20", "10"), event("2026-03-10", "15")]

    assert [step.quantity for step in quantities_in(MARCH, events, PSA, order=BY_DAY).steps] == [5, 15, 10]
    assert [step.quantity for step in quantities_in(MARCH, events, PSA, order=BY_ENTRY).steps] == [5, 15]


def test_without_proration_the_units_at_the_end_are_billed_for_the_whole_period():
    """One step, on the period's first day, and none where the month ends as the last one did."""
    events = [event("2026-01-01", "10", "2.00"), event("2026-03-11", "12"), event("2026-03-31", "9")]
    told = quantities_in(MARCH, events, NONE, order=BY_DAY)

    assert told.steps == (DatedQuantity(MARCH.start, Decimal(9)),)
    assert (told.time_weighted(2), told.peak) == (Decimal("9.00"), 12)
    assert sum(line.amount for line in prorated_lines(told, NONE)) == Decimal("18.00")
    back = [*events, event("2026-03-31", "10")]
    assert quantities_in(MARCH, back, NONE, order=BY_DAY).steps == ()


def test_when_the_psa_prorates_only_dated_quantities_are_told():
    """Each change with its day, no weights, and amounts are refused rather than made."""
    told = quantities_in(MARCH, [event("2026-03-11", "12", "1")], PSA, order=BY_DAY)

    assert told.steps == (DatedQuantity(date(2026, 3, 11), Decimal(12)),)
    assert (told.weighted, told.time_weighted(2)) == (None, None)
    with pytest.raises(ProrationError, match="the PSA prorates"):
        prorated_lines(told, PSA)


def test_a_period_without_events_holds_nothing():
    """No quantity is not an error, and makes neither step nor line."""
    told = quantities_in(MARCH, [], ACTUAL, order=BY_ENTRY)

    assert (told.at_start, told.peak, told.weighted, told.steps, prorated_lines(told, ACTUAL)) == (0, 0, 0, (), [])


@pytest.mark.parametrize(
    ("units", "price", "why"),
    [
        (Decimal(-1), None, "-1 units from 2026-03-11 on; a quantity that is held is 0 or more"),
        (12.000000000000002, None, "quantity 12.000000000000002 is no finite decimal"),
        (Decimal(1), Decimal("NaN"), r"unit price Decimal\('NaN'\) is no finite decimal"),
    ],
)
def test_an_event_that_says_no_quantity_is_refused(units, price, why):
    """A float is not what somebody bought, and nobody holds less than nothing."""
    with pytest.raises(ProrationError, match=why):
        QuantityEvent(date(2026, 3, 11), units, price)


def test_units_without_a_price_are_not_billed_at_zero():
    """No event tells a price: refused, with the day."""
    told = quantities_in(MARCH, [event("2026-03-11", "12")], ACTUAL, order=BY_DAY)

    with pytest.raises(ProrationError, match="12 units from 2026-03-11 on have no price"):
        prorated_lines(told, ACTUAL)
    assert share_from(date(2026, 3, 11), ACTUAL, MARCH) == Fraction(21, 31)
