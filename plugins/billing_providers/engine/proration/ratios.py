"""Which part of a billing period a span of days is, as an exact fraction. Nothing is rounded here."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from billing_providers.engine.proration.conventions import Convention, ProrationRule
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.spans import Span
from billing_providers.model.periods import BillingCalendar, BillingPeriod

_MONTHLY = {Convention.ACTUAL_OVER_30, Convention.FIXED_DAYS, Convention.STRICT_30}  # their ratio is one of a month
_MONTH_DAYS = range(28, 32)


def span_ratio(span: Span, rule: ProrationRule, period: BillingPeriod | None = None) -> Fraction:
    """Return what the convention makes of a span. It is not held at one: 31 days over 30 are 31/30.

    :param period: the billing period that holds the span. ACTUAL needs it; for the conventions that know their own
        month it is only checked. A span over several periods: :func:`ratios_by_period`.
    :raises ProrationError: under PSA; for a span outside the period, an ACTUAL without period, a period that is no
        month under a convention of months.

    >>> rule = ProrationRule(Convention.ACTUAL)
    >>> february = BillingPeriod(date(2023, 2, 15), date(2023, 3, 15))
    >>> span_ratio(Span(date(2023, 2, 23), date(2023, 3, 15)), rule, february)
    Fraction(5, 7)
    """
    _check_computes(rule)
    if period is not None:
        _check_inside(span, rule, period)
    if rule.convention is Convention.NONE:
        return Fraction(span.days > 0)
    if rule.convention is Convention.ACTUAL:
        if period is None:
            raise ProrationError(f"actual days of {span} need the billing period that holds them; give it")
        return Fraction(span.days, period.days)
    if rule.convention is Convention.ACTUAL_OVER_30:
        return Fraction(span.days, 30)
    month_days = 30 if rule.convention is Convention.STRICT_30 else rule.fixed_days
    return Fraction(_position(span.end, month_days) - _position(span.start, month_days), month_days)


def share_from(day: date, rule: ProrationRule, period: BillingPeriod) -> Fraction:
    """Return which part of a period's amount belongs to the days from ``day`` to the period's end.

    One from the first day on, zero from the end on, in between what the convention says and at most one: what was
    billed for a whole period is never credited beyond that.

    :raises ProrationError: under PSA; for a period that is no month under a convention of months.
    """
    _check_computes(rule)
    if day <= period.start:
        _check_inside(Span(period.start, period.end), rule, period)
        return Fraction(1)
    if day >= period.end:
        return Fraction(0)
    return min(Fraction(1), span_ratio(Span(day, period.end), rule, period))


def ratio_of_days(days: int, of_days: int, rule: ProrationRule) -> Fraction:
    """Return days over the days of the whole (week, quarter, commitment year), never above one. NONE: one.

    :raises ProrationError: under PSA; under a convention that has its own number of days; for impossible numbers.
    """
    _check_computes(rule)
    if rule.convention in _MONTHLY:
        raise ProrationError(f"{rule.convention.value} counts the days of a month by itself; give it a span of dates")
    if days < 0 or of_days < 1:
        raise ProrationError(f"{days} of {of_days} days; allowed: 0 or more of 1 or more")
    return Fraction(1) if rule.convention is Convention.NONE else min(Fraction(1), Fraction(days, of_days))


def ratios_by_period(span: Span, calendar: BillingCalendar, rule: ProrationRule) -> list[Fraction]:
    """Return the ratio of the span in each billing period that it touches. A period that it fills is one.

    >>> rule, span = ProrationRule(Convention.ACTUAL), Span(date(2010, 6, 17), date(2010, 7, 25))
    >>> ratios_by_period(span, BillingCalendar(17), rule)
    [Fraction(1, 1), Fraction(8, 31)]
    """
    _check_computes(rule)
    ratios: list[Fraction] = []
    day = span.start
    while day < span.end:
        period = calendar.period_containing(day)
        part = Span(day, min(span.end, period.end))
        whole = part == Span(period.start, period.end)
        ratios.append(Fraction(1) if whole else span_ratio(part, rule, period))
        day = period.end
    return ratios


def _position(day: date, month_days: int) -> int:
    """Days since the start of a calendar whose months all have ``month_days`` days; later days count nothing."""
    return month_days * (day.year * 12 + day.month) + min(day.day, month_days + 1)


def _check_computes(rule: ProrationRule) -> None:
    if rule.convention is Convention.PSA:
        raise ProrationError("the PSA prorates: there is no ratio to compute; hand the dated quantities through")


def _check_inside(span: Span, rule: ProrationRule, period: BillingPeriod) -> None:
    if not period.start <= span.start <= span.end <= period.end:
        raise ProrationError(f"{span} is not inside the billing period {period}; take each period by itself")
    if rule.convention in _MONTHLY and period.days not in _MONTH_DAYS:
        raise ProrationError(
            f"{rule.convention.value} is for months, and {period} has {period.days} days; allowed: 28 to 31, or actual"
        )
