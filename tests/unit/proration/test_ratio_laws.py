"""Laws of ratios, of rounding and of amounts, for any dates and figures."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billing_providers.engine.proration as proration
from billing_providers.engine.proration import (
    Convention,
    ProrationError,
    ProrationRule,
    Span,
    SpanEnd,
    exchange,
    months_after,
    prorated,
    ratio_of_days,
    ratios_by_period,
    rounded,
    share_from,
    shown_unit_price,
    span_ratio,
)
from billing_providers.errors import SettingsError
from billing_providers.model.decimals import Rounding, round_decimal
from billing_providers.model.periods import BillingCalendar, BillingPeriod

ACTUAL, NONE, PSA = (ProrationRule(Convention(name)) for name in ("actual", "none", "psa"))
ADDITIVE = [ACTUAL, *(ProrationRule(Convention(name)) for name in ("actual_over_30", "strict_30"))]
ADDITIVE += [ProrationRule(Convention.FIXED_DAYS, fixed_days=days) for days in (28, 29, 30, 31)]

rules = st.sampled_from([*ADDITIVE, NONE])
additive = st.sampled_from(ADDITIVE)
calendars = st.integers(1, 31).map(BillingCalendar)
periods = st.builds(BillingCalendar.period_containing, calendars, st.dates(date(1999, 1, 1), date(2101, 1, 1)))
prices = st.decimals(0, 10**6, places=4)


@st.composite
def cuts(draw: st.DrawFn, count: int) -> tuple[BillingPeriod, list[date]]:
    """A billing period and days in it, its end included, in order."""
    period = draw(periods)
    places = sorted(draw(st.lists(st.integers(0, period.days), min_size=count, max_size=count)))
    return period, [period.start + timedelta(days=place) for place in places]


@given(cuts(3), additive)
def test_ratios_of_adjacent_spans_add_up_to_that_of_their_union(cut, rule):
    """Nothing is lost or doubled where a span is cut, before anything is rounded."""
    period, (start, middle, end) = cut
    parts = [span_ratio(Span(*days), rule, period) for days in ((start, middle), (middle, end))]

    assert sum(parts) == span_ratio(Span(start, end), rule, period)


@given(cuts(4), rules)
def test_a_longer_span_is_never_less(cut, rule):
    """A span that holds another one has at least its ratio, and none is below zero."""
    period, (first, start, end, last) = cut

    assert 0 <= span_ratio(Span(start, end), rule, period) <= span_ratio(Span(first, last), rule, period)


@given(periods)
def test_the_days_of_a_period_make_it_whole(period):
    """Actual days: each day the same, and all of them one."""
    days = [Span(period.start + timedelta(days=n), period.start + timedelta(days=n + 1)) for n in range(period.days)]

    assert {span_ratio(day, ACTUAL, period) for day in days} == {Fraction(1, period.days)}
    assert span_ratio(Span(period.start, period.end), ACTUAL, period) == 1


@given(cuts(2), rules)
def test_what_is_left_of_a_period_only_shrinks_and_is_never_above_the_whole(cut, rule):
    """One on the first day, zero on the end, and a later day never has more: a credit stays within its charge."""
    period, (earlier, later) = cut

    assert 1 >= share_from(earlier, rule, period) >= share_from(later, rule, period) >= 0
    assert share_from(period.start, rule, period) == share_from(period.start - timedelta(days=9), rule, period) == 1
    assert share_from(period.end, rule, period) == share_from(period.end + timedelta(days=9), rule, period) == 0


@given(calendars, st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.integers(0, 800))
def test_a_span_over_several_periods_is_the_sum_of_its_parts(calendar, start, days):
    """Whole periods are one each, under every convention; ends are told by their own period."""
    span = Span(start, start + timedelta(days=days))
    ratios = ratios_by_period(span, calendar, ACTUAL)
    per_day = [Fraction(1, calendar.period_containing(span.start + timedelta(days=n)).days) for n in range(span.days)]

    assert sum(ratios) == sum(per_day)
    for rule in [*ADDITIVE, NONE]:
        assert len(ratios_by_period(span, calendar, rule)) == len(ratios)
        assert all(ratio == 1 for ratio in ratios_by_period(span, calendar, rule)[1:-1])


@pytest.mark.parametrize(
    ("start", "last_day", "actual", "over_30", "thirties"),
    [
        ("2021-01-27", "2021-01-31", "5/31", "5/30", "4/30"),
        ("2021-02-27", "2021-02-28", "2/28", "2/30", "4/30"),
        ("2020-02-01", "2020-02-29", "29/29", "29/30", "30/30"),
        ("2021-01-31", "2021-01-31", "1/31", "1/30", "0"),
        ("2021-01-01", "2021-01-31", "31/31", "31/30", "30/30"),
    ],
)
def test_one_span_differs_by_convention(start, last_day, actual, over_30, thirties):
    """Strict 30 and fixed days of 30 are two names for the same figures; the others differ at the ends of months."""
    span = Span.told(date.fromisoformat(start), date.fromisoformat(last_day), SpanEnd.INCLUDED)
    period = BillingCalendar(1).period_containing(span.start)
    told = {rule.convention: span_ratio(span, rule, period) for rule in [*ADDITIVE[:3], ADDITIVE[5]]}

    assert ADDITIVE[5].fixed_days == 30
    assert told == {
        Convention.ACTUAL: Fraction(actual),
        Convention.ACTUAL_OVER_30: Fraction(over_30),
        Convention.STRICT_30: Fraction(thirties),
        Convention.FIXED_DAYS: Fraction(thirties),
    }


def test_days_beyond_a_fixed_month_count_nothing():
    """28 fixed days: from 30 January to 1 February nothing passes, and never less than that."""
    rule = ProrationRule(Convention.FIXED_DAYS, fixed_days=28)

    assert span_ratio(Span(date(2026, 1, 30), date(2026, 2, 1)), rule) == 0
    assert span_ratio(Span(date(2026, 1, 28), date(2026, 2, 1)), rule) == Fraction(1, 28)
    assert span_ratio(Span(date(2026, 2, 28), date(2026, 3, 1)), ADDITIVE[2]) == Fraction(3, 30)


def test_a_rest_is_held_at_one_where_a_convention_would_make_more_of_it():
    """11 February to 13 March are 32 days of 30: what was charged once is not credited 32/30 times."""
    period, day = BillingPeriod(date(2026, 2, 10), date(2026, 3, 13)), date(2026, 2, 11)

    assert span_ratio(Span(day, period.end), ADDITIVE[2], period) == Fraction(32, 30)
    assert share_from(day, ADDITIVE[2], period) == 1


def test_without_proration_any_day_is_the_whole_and_no_day_is_nothing():
    """NONE bills a span whole as soon as it has a day."""
    day = date(2026, 2, 11)

    assert span_ratio(Span(day, day + timedelta(days=1)), NONE) == 1
    assert span_ratio(Span(day, day), NONE) == 0


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6), st.sampled_from(Rounding))
def test_a_fraction_is_rounded_as_the_decimal_that_it_is(number, places, rule):
    """One rounding for the whole product, whichever form the exact figure has."""
    assert str(rounded(Fraction(number), places, rule)) == str(round_decimal(number, places, rule) + 0)


@given(st.fractions(), st.integers(0, 9), st.sampled_from(Rounding))
def test_rounding_moves_a_figure_by_less_than_one_step(value, places, rule):
    """In the direction that the rule names; halves go to the nearer step."""
    step, moved = Fraction(1, 10**places), Fraction(rounded(value, places, rule)) - value

    assert abs(moved) < step
    if rule in {Rounding.HALF_UP, Rounding.HALF_EVEN}:
        assert abs(moved) * 2 <= step
    if rule in {Rounding.CEILING, Rounding.FLOOR}:
        assert moved == 0 or (moved > 0) is (rule is Rounding.CEILING)
    if rule in {Rounding.UP, Rounding.DOWN}:
        assert moved == 0 or (moved * value > 0) is (rule is Rounding.UP)


@pytest.mark.parametrize(
    ("value", "rule", "expected"),
    [
        ("5/1000", Rounding.HALF_UP, "0.01"),
        ("-5/1000", Rounding.HALF_UP, "-0.01"),
        ("5/1000", Rounding.HALF_EVEN, "0.00"),
        ("15/1000", Rounding.HALF_EVEN, "0.02"),
        ("-1/3", Rounding.CEILING, "-0.33"),
        ("-1/3", Rounding.FLOOR, "-0.34"),
        ("-1/1000", Rounding.HALF_UP, "0.00"),
        ("123456789012345678901234567890123456789/100", Rounding.DOWN, "1234567890123456789012345678901234567.89"),
    ],
)
def test_halves_signs_and_long_figures_are_rounded_exactly(value, rule, expected):
    """Halves away from zero unless another rule is named; no negative zero; no digit is lost on the way."""
    assert str(rounded(Fraction(value), 2, rule)) == expected


@given(prices, prices, cuts(1), rules, st.sampled_from([None, 1, 9]), st.booleans())
def test_an_amount_grows_with_price_and_quantity_and_stays_within_the_whole(
    price, more, cut, rule, ratio_places, per_unit
):
    """Whatever is rounded first."""
    period, (day,) = cut
    rule = ProrationRule(
        rule.convention, fixed_days=rule.fixed_days, ratio_places=ratio_places, per_unit=per_unit, places=4
    )
    ratio = share_from(day, rule, period)
    amount = prorated(price, ratio, rule)

    assert 0 <= amount <= price
    assert amount <= prorated(price + more, ratio, rule)
    assert amount <= prorated(price, ratio, rule, Decimal(2))


def test_nothing_is_rounded_before_the_end_unless_the_rule_says_so():
    """4.00 x 17/30: a daily rate of 0.13 or 0.133 would bill 2.21 or 2.26."""
    ratio = Fraction(17, 30)

    assert prorated(Decimal("4.00"), ratio, ACTUAL) == Decimal("2.27")
    assert prorated(Decimal(1000), ratio, ProrationRule(Convention.ACTUAL, ratio_places=1)) == Decimal("600.00")
    assert prorated(Decimal(1000), ratio, ProrationRule(Convention.ACTUAL, places=0)) == Decimal(567)
    cut = ProrationRule(Convention.ACTUAL, ratio_places=1, ratio_rounding=Rounding.DOWN)
    assert prorated(Decimal(1000), ratio, cut) == Decimal("500.00")


@given(prices, prices, cuts(1), rules)
def test_a_credit_is_never_above_the_charge_and_the_net_is_what_is_printed(old, new, cut, rule):
    """The old amount comes back for the rest at most, and the sum of the two lines is the change."""
    period, (day,) = cut
    made = exchange(old, new, share_from(day, rule, period), rule)

    assert -prorated(old, Fraction(1), rule) <= made.credit <= 0 <= made.charge <= prorated(new, Fraction(1), rule)
    assert made.net == made.credit + made.charge


def test_more_than_the_whole_is_neither_credited_nor_charged():
    """35 of 31 days are one."""
    made = exchange(Decimal(100), Decimal(200), Fraction(35, 31), ACTUAL)

    assert (made.credit, made.charge) == (Decimal("-100.00"), Decimal("200.00"))


def test_a_credit_of_nothing_has_no_sign():
    """-0.00 is not a figure that anybody prints."""
    made = exchange(Decimal(0), Decimal(10), Fraction(1, 2), ACTUAL)

    assert (str(made.credit), str(made.charge), str(made.net)) == ("0.00", "5.00", "5.00")


@given(st.dates(date(1990, 1, 31), date(2080, 1, 1)), st.integers(0, 400))
def test_months_are_counted_from_the_first_day_and_come_back_after_short_ones(day, months):
    """The day itself, or the last of a month that has no such day."""
    later = months_after(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda: span_ratio(Span(date(2026, 1, 1), date(2026, 1, 2)), PSA), "the PSA prorates"),
        (
            lambda: share_from(date(2026, 1, 2), PSA, BillingPeriod(date(2026, 1, 1), date(2026, 2, 1))),
            "hand the dated",
        ),
        (lambda: ratio_of_days(1, 7, PSA), "the PSA prorates"),
        (lambda: ratios_by_period(Span(date(2026, 1, 1), date(2026, 1, 1)), BillingCalendar(1), PSA), "PSA prorates"),
        (lambda: span_ratio(Span(date(2026, 1, 1), date(2026, 1, 2)), ACTUAL), "need the billing period"),
        (
            lambda: span_ratio(
                Span(date(2026, 1, 1), date(2026, 2, 2)), ACTUAL, BillingPeriod(date(2026, 1, 1), date(2026, 2, 1))
            ),
            "2026-01-01 up to, not including, 2026-02-02 is not inside the billing period 2026-01-01 to 2026-01-31",
        ),
        (
            lambda: share_from(date(2026, 1, 1), ADDITIVE[1], BillingPeriod(date(2026, 1, 1), date(2026, 4, 1))),
            "actual_over_30 is for months, and 2026-01-01 to 2026-03-31 (UTC) has 90 days",
        ),
        (lambda: ratio_of_days(1, 30, ADDITIVE[1]), "counts the days of a month by itself"),
        (lambda: ratio_of_days(-1, 30, ACTUAL), "-1 of 30 days"),
        (lambda: ratio_of_days(1, 0, ACTUAL), "1 of 0 days"),
        (lambda: Span(date(2026, 1, 2), date(2026, 1, 1)), "from 2026-01-02 ends on 2026-01-01"),
        (lambda: prorated(0.1, Fraction(1), ACTUAL), "price 0.1 is no finite decimal"),
        (lambda: prorated(Decimal("NaN"), Fraction(1), ACTUAL), "price Decimal('NaN') is no finite decimal"),
        (lambda: shown_unit_price(Decimal("Infinity"), Fraction(1)), "no finite decimal"),
        (lambda: prorated(Decimal(1), Fraction(-1, 2), ACTUAL), "-1/2 is below nothing"),
        (lambda: exchange(Decimal(-1), Decimal(1), Fraction(1), ACTUAL), "-1 is replaced by 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(ask, why):
    """A guess would be somebody's money."""
    with pytest.raises(ProrationError) as refused:
        ask()

    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ({"convention": "actual"}, "actual, actual_over_30, fixed_days, strict_30, psa, none"),
        ({"convention": None}, "actual, actual_over_30, fixed_days, strict_30, psa, none"),
        ({"convention": Convention.ACTUAL, "rounding": "half_up"}, "half_up, half_even, up, down, ceiling, floor"),
        ({"convention": Convention.FIXED_DAYS, "fixed_days": 27}, "28 to 31"),
        ({"convention": Convention.ACTUAL, "places": -1}, "0 to 18"),
        ({"convention": Convention.ACTUAL, "ratio_places": 0}, "1 to 18"),
    ],
)
def test_a_rule_is_made_of_names_and_of_numbers_in_reason(wrong, allowed):
    """What is not a member is not a choice; the message lists what may be chosen."""
    with pytest.raises(SettingsError) as refused:
        ProrationRule(**wrong)

    assert refused.value.allowed == allowed


def test_the_examples_in_the_docstrings_are_right():
    """Each public function shows what it does."""
    import doctest
    import pkgutil
    from importlib import import_module

    modules = [
        import_module(f"{proration.__name__}.{found.name}") for found in pkgutil.iter_modules(proration.__path__)
    ]
    results = [doctest.testmod(module) for module in modules]

    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 20
