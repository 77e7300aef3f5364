"""Yearly items: billed once on the anniversary, or spread over twelve months; by name, and never both.

A due has a day of its own, counted from the start of the commitment, and belongs to the one billing period that holds
the day. So however periods are cut, nothing is due twice and nothing is lost. The dates of the commitment are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing_providers.engine.proration.allocation import allocate
from billing_providers.engine.proration.amounts import exact, prorated
from billing_providers.engine.proration.anniversaries import months_after
from billing_providers.engine.proration.conventions import Convention, ProrationRule
from billing_providers.engine.proration.ratios import ratio_of_days
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.spans import Span
from billing_providers.model.periods import BillingPeriod

_MONTHS = 12


class AnnualBilling(StrEnum):
    """When a year's amount is due."""

    ANNIVERSARY = "anniversary"  # all of it on the first day of each commitment year
    SPREAD = "spread"  # in twelve parts, on that day of each month


@dataclass(frozen=True, slots=True)
class YearlyItem:
    """What is committed by the year.

    :param term_end: first day after the commitment; None: it renews until somebody ends it.
    :param amount: of one commitment year.
    :param billing_before: how years were billed that started before ``changed_on``. A year is billed to its end as it
        was begun: a change of ``billing`` takes effect on the next anniversary.
    :raises ProrationError: for a term that ends before it has a day, or one of the two fields of a change alone.
    """

    commitment_start: date
    amount: Decimal
    billing: AnnualBilling
    term_end: date | None = None
    billing_before: AnnualBilling | None = None
    changed_on: date | None = None

    def __post_init__(self) -> None:
        exact(self.amount, "yearly amount")
        if self.term_end is not None and self.term_end <= self.commitment_start:
            raise ProrationError(f"a commitment from {self.commitment_start} ends on {self.term_end}; check the dates")
        if (self.billing_before is None) is not (self.changed_on is None):
            raise ProrationError("billing_before and changed_on are told together: how it was billed, and until when")


@dataclass(frozen=True, slots=True)
class YearlyDue:
    """An amount that is due on a day. ``year`` and ``part`` name it: what was billed under them is not billed again."""

    day: date
    amount: Decimal
    year: Span  # the commitment year that it pays for
    part: int  # 1 to ``parts``
    parts: int


def due_in(item: YearlyItem, period: BillingPeriod, rule: ProrationRule) -> tuple[YearlyDue, ...]:
    """Return what is due in a billing period, by day; empty in most periods under ANNIVERSARY.

    Where the billing calendar starts on the 29th to 31st, February's period may hold no monthly day and the one after
    it two: then both parts are due there. Every other calendar has one part in each month's period.

    :param rule: places and rounding of the year's amount. Its convention is asked only for a last year that the term
        cuts short: NONE bills it whole, ACTUAL its days over the days of a full year.
    :raises ProrationError: when something of a year that is cut short is due, under any other convention.
    """
    found: list[YearlyDue] = []
    for number in _years(item, period):
        full = Span(*(months_after(item.commitment_start, (number + more) * _MONTHS) for more in (0, 1)))
        year = Span(full.start, min(full.end, item.term_end or full.end))
        days = _due_days(item, number, year)
        if any(period.contains(day) for day in days):
            amounts = allocate(_amount(item, year, full, rule), [1] * len(days), rule.places)
            parts = enumerate(zip(days, amounts, strict=True), start=1)
            found += [YearlyDue(day, amount, year, part, len(days)) for part, (day, amount) in parts]
    return tuple(due for due in found if period.contains(due.day))


def _years(item: YearlyItem, period: BillingPeriod) -> Iterator[int]:
    """Numbers of the commitment years that may have a due in a period."""
    first = max(0, period.start.year - item.commitment_start.year - 1)
    for year in range(first, period.end.year - item.commitment_start.year + 1):
        start = months_after(item.commitment_start, year * _MONTHS)
        if start < period.end and (item.term_end is None or start < item.term_end):
            yield year


def _due_days(item: YearlyItem, number: int, year: Span) -> list[date]:
    if _billing_of(item, year.start) is AnnualBilling.ANNIVERSARY:
        return [year.start]
    days = (months_after(item.commitment_start, number * _MONTHS + month) for month in range(_MONTHS))
    return [day for day in days if day < year.end]


def _amount(item: YearlyItem, year: Span, full: Span, rule: ProrationRule) -> Decimal:
    """A full year is whole under every convention."""
    if year == full:
        return prorated(item.amount, Fraction(1), rule)
    if rule.convention not in {Convention.ACTUAL, Convention.NONE}:
        raise ProrationError(
            f"the commitment year {full} is cut short on {year.end}, and {rule.convention.value} does not say what is "
            "due; allowed: actual (its days), none (the whole year's amount)"
        )
    return prorated(item.amount, ratio_of_days(year.days, full.days, rule), rule)


def _billing_of(item: YearlyItem, year_start: date) -> AnnualBilling:
    if item.billing_before is not None and item.changed_on is not None and year_start < item.changed_on:
        return item.billing_before
    return item.billing
