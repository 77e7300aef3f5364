"""Terms of a year: they start on the day of the purchase, and on the same day of every year after it."""

from __future__ import annotations

import calendar
from datetime import date, timedelta


def anniversary(start: date, years: int) -> date:
    """Return the day on which a term starts so many years later; 29 February falls on the 28th in common years."""
    year = start.year + years
    return date(year, start.month, min(start.day, calendar.monthrange(year, start.month)[1]))


def term_of(start: date, day: date) -> tuple[date, date] | None:
    """Return first and last day of the term that holds a day; None before the purchase."""
    if day < start:
        return None
    years = day.year - start.year
    if anniversary(start, years) > day:
        years -= 1
    return anniversary(start, years), anniversary(start, years + 1) - timedelta(days=1)
