"""Yearly items: once on the anniversary or in twelve parts, never both, whatever the start and the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing_providers.engine.proration import (
    AnnualBilling,
    Convention,
    ProrationError,
    ProrationRule,
    Span,
    YearlyDue,
    YearlyItem,
    due_in,
    months_after,
)
from billing_providers.model.periods import BillingCalendar, BillingPeriod

ANNIVERSARY, SPREAD = AnnualBilling
ACTUAL, NONE, STRICT = (ProrationRule(Convention(name)) for name in ("actual", "none", "strict_30"))

amounts = st.decimals(0, 10**6, places=3)
calendars = st.integers(1, 31).map(BillingCalendar)
starts = st.one_of(
    st.dates(date(2019, 1, 1), date(2029, 12, 31)),
    st.sampled_from([date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31), date(2023, 12, 31), date(2024, 8, 30)]),
)


def periods_from(calendar: BillingCalendar, day: date, count: int) -> list[BillingPeriod]:
    found = [calendar.period_containing(day)]
    while len(found) < count:
        found.append(calendar.period_after(found[-1]))
    return found


def all_due(item: YearlyItem, periods: list[BillingPeriod], rule: ProrationRule = NONE) -> list[YearlyDue]:
    return [due for period in periods for due in due_in(item, period, rule)]


@given(starts, calendars, amounts, st.integers(-13, 40))
@example(date(2024, 2, 29), BillingCalendar(29), Decimal("100"), 0)
@example(date(2023, 2, 28), BillingCalendar(29), Decimal("100"), 0)
def test_a_year_is_billed_once_on_its_anniversary(start, calendar, amount, later):
    """Over 26 periods each commitment year that begins in them is due once, whole, on its first day."""
    periods = periods_from(calendar, start + timedelta(days=30 * later), 26)
    dues = all_due(YearlyItem(start, amount, ANNIVERSARY), periods)
    firsts = [months_after(start, 12 * year) for year in range(15)]
    expected = [day for day in firsts if periods[0].start <= day < periods[-1].end]

    assert [due.day for due in dues] == [due.year.start for due in dues] == expected
    assert len({due.day.year for due in dues}) == len(dues) <= 3
    assert all(due.amount == amount.quantize(Decimal("0.01"), "ROUND_HALF_UP") for due in dues)
    assert all((due.part, due.parts) == (1, 1) for due in dues)


@given(starts, calendars, amounts)
@example(date(2023, 1, 28), BillingCalendar(31), Decimal("100"))
def test_twelve_parts_come_to_the_year_exactly(start, calendar, amount):
    """Spread, two years long: 24 parts, each once, and each year's sum is what the anniversary would have billed."""
    term_end = months_after(start, 24)
    periods = periods_from(calendar, start, 26)
    dues = all_due(YearlyItem(start, amount, SPREAD, term_end), periods)

    assert [due.day for due in dues] == [months_after(start, month) for month in range(24)]
    assert [due.part for due in dues] == [*range(1, 13)] * 2
    for whole in all_due(YearlyItem(start, amount, ANNIVERSARY, term_end), periods):
        parts = [due.amount for due in dues if due.year == whole.year]
        assert (len(parts), sum(parts)) == (12, whole.amount)
        assert max(parts) - min(parts) <= Decimal("0.01")


@given(starts, st.integers(1, 28), amounts)
def test_each_period_has_one_part_where_every_month_has_the_calendars_day(start, anchor, amount):
    """A calendar that starts on the 1st to 28th: one part in each period of the term, none outside."""
    periods = periods_from(BillingCalendar(anchor), start, 26)
    counts = [
        len(due_in(YearlyItem(start, amount, SPREAD, months_after(start, 24)), period, NONE)) for period in periods
    ]

    assert counts == [1] * 24 + [0, 0]


def test_a_february_without_its_day_is_caught_up_in_the_next_period():
    """The calendar starts on the 31st, the parts are due on the 28th: none in [31 Jan, 28 Feb), then two, none lost."""
    periods = periods_from(BillingCalendar(31), date(2023, 1, 28), 4)
    item = YearlyItem(date(2023, 1, 28), Decimal("120.00"), SPREAD)

    assert [[due.day.isoformat() for due in due_in(item, period, NONE)] for period in periods] == [
        ["2023-01-28"],
        [],
        ["2023-02-28", "2023-03-28"],
        ["2023-04-28"],
    ]


@pytest.mark.parametrize(
    ("start", "days"),
    [
        ("2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2024-01-31", ["2024-01-31", "2025-01-31", "2026-01-31", "2027-01-31", "2028-01-31"]),
    ],
)
def test_the_anniversary_comes_back_to_its_own_day(start, days):
    """29 February is billed on the 28th where there is none, and on the 29th again in the next leap year."""
    item = YearlyItem(date.fromisoformat(start), Decimal(365), ANNIVERSARY)
    dues = all_due(item, periods_from(BillingCalendar(1), item.commitment_start, 60))

    assert [due.day.isoformat() for due in dues] == days


def test_the_monthly_day_comes_back_after_a_short_month():
    """From 31 January on: 28 February, 31 March, 30 April; the odd cents of the year stand in its first parts."""
    item = YearlyItem(date(2026, 1, 31), Decimal("100.00"), SPREAD, date(2027, 1, 31))
    dues = all_due(item, periods_from(BillingCalendar(15), date(2026, 1, 31), 14))

    assert [due.day.isoformat() for due in dues[:4]] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert [str(due.amount) for due in dues] == ["8.34"] * 4 + ["8.33"] * 8
    assert {due.year for due in dues} == {Span(date(2026, 1, 31), date(2027, 1, 31))}


@given(
    starts, calendars, amounts, st.integers(-40, 1200), st.sampled_from([(ANNIVERSARY, SPREAD), (SPREAD, ANNIVERSARY)])
)
def test_a_change_of_the_way_bills_no_year_twice_and_none_not_at_all(start, calendar, amount, days, ways):
    """A year is billed to its end as it was begun; the next one is billed the new way."""
    before, after = ways
    changed_on = start + timedelta(days=days)
    item = YearlyItem(start, amount, after, months_after(start, 48), before, changed_on)
    dues = all_due(item, periods_from(calendar, start, 50))
    year_amount = amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")

    for year in (Span(months_after(start, 12 * n), months_after(start, 12 * n + 12)) for n in range(4)):
        parts = [due for due in dues if due.year == year]
        way = before if year.start < changed_on else after
        assert len(parts) == (1 if way is ANNIVERSARY else 12)
        assert sum(due.amount for due in parts) == year_amount
    assert sum(due.amount for due in dues) == 4 * year_amount


@given(starts, st.lists(st.integers(1, 100), min_size=1, max_size=30), amounts, st.sampled_from(AnnualBilling))
def test_however_periods_are_cut_each_due_is_in_one_of_them(start, lengths, amount, billing):
    """Quarters, weeks, or a calendar that was moved: adjacent periods hold what their union holds."""
    item = YearlyItem(start, amount, billing)
    ends = [start - timedelta(days=20)]
    for length in lengths:
        ends.append(ends[-1] + timedelta(days=length))
    parts = [BillingPeriod(*days) for days in pairwise(ends)]

    assert all_due(item, parts) == list(due_in(item, BillingPeriod(ends[0], ends[-1]), NONE))


@pytest.mark.parametrize(
    ("rule", "billing", "expected"),
    [
        (NONE, ANNIVERSARY, ["366.00", "366.00"]),
        (ACTUAL, ANNIVERSARY, ["366.00", "92.25"]),
        (NONE, SPREAD, ["30.50"] * 12 + ["91.50"] * 4),
        (ACTUAL, SPREAD, ["30.50"] * 12 + ["23.07", "23.06", "23.06", "23.06"]),
    ],
)
def test_a_last_year_that_is_cut_short_is_billed_as_its_rule_says(rule, billing, expected):
    """Whole, or 92 of its 365 days; spread over the months that it has, and exactly."""
    item = YearlyItem(date(2024, 1, 31), Decimal("366.00"), billing, date(2025, 5, 3))
    dues = all_due(item, periods_from(BillingCalendar(1), date(2024, 1, 1), 30), rule)

    assert [str(due.amount) for due in dues] == expected
    assert dues[-1].year == Span(date(2025, 1, 31), date(2025, 5, 3))


def test_a_year_that_is_cut_short_is_not_guessed():
    """Neither whole nor by days unless the rule says which; where nothing of it is due no answer is needed."""
    item = YearlyItem(date(2024, 1, 31), Decimal("366.00"), ANNIVERSARY, date(2025, 5, 3))
    first, second = (BillingPeriod(date(year, 1, 1), date(year, 2, 1)) for year in (2024, 2025))

    assert [due.amount for due in due_in(item, first, STRICT)] == [Decimal("366.00")]
    assert due_in(item, BillingPeriod(date(2025, 2, 1), date(2025, 3, 1)), STRICT) == ()
    with pytest.raises(ProrationError, match="is cut short on 2025-05-03, and strict_30 does not say what is due"):
        due_in(item, second, STRICT)


def test_nothing_is_due_before_the_commitment_or_from_its_end_on():
    """The day of the end is not a day of the commitment."""
    item = YearlyItem(date(2025, 3, 10), Decimal(12), SPREAD, date(2026, 3, 10))

    for day in (date(2025, 3, 9), date(2026, 3, 10), date(2030, 3, 10)):
        assert due_in(item, BillingPeriod(day, day + timedelta(days=1)), NONE) == ()
    assert len(due_in(item, BillingPeriod(date(2025, 3, 10), date(2025, 3, 11)), NONE)) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"term_end": date(2026, 1, 1)}, "a commitment from 2026-01-01 ends on 2026-01-01"),
        ({"changed_on": date(2026, 1, 1)}, "told together"),
        ({"billing_before": SPREAD}, "told together"),
        ({"amount": 120.0}, "yearly amount 120.0 is no finite decimal"),
    ],
)
def test_an_item_that_contradicts_itself_is_refused(fields, why):
    """Before anything is due."""
    with pytest.raises(ProrationError, match=why):
        YearlyItem(**{"commitment_start": date(2026, 1, 1), "amount": Decimal(1), "billing": ANNIVERSARY, **fields})


def test_a_term_that_ends_on_a_monthly_day_has_no_part_on_it():
    """31 January up to 30 April are three parts; the fourth would be for days after the term."""
    item = YearlyItem(date(2025, 1, 31), Decimal("90.00"), SPREAD, date(2025, 4, 30))
    dues = due_in(item, BillingPeriod(date(2025, 1, 1), date(2026, 1, 1)), NONE)

    assert [(due.day.isoformat(), str(due.amount)) for due in dues] == [
        ("2025-01-31", "30.00"),
        ("2025-02-28", "30.00"),
        ("2025-03-31", "30.00"),
    ]
