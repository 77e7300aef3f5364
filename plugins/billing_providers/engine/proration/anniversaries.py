"""Days of the month that come back: months after a day, with short months clamped and the day itself never moved."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or that month's last day where it is shorter.

    Always count from the first day: 31 January, 28 February, 31 March; 29 February, 28 February, …, 29 February.

    >>> months_after(date(2024, 2, 29), 12), months_after(date(2024, 2, 29), 48)
    (datetime.date(2025, 2, 28), datetime.date(2028, 2, 29))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
