"""Billing periods: half-open ranges of local dates ``[start, end)`` cut by a billing calendar.

Month start = the anchor day, or the month's last day where the month is shorter. The anchor never moves, so
31 January → 28 February → 31 March. "Today" is always an argument.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing_providers.errors import PeriodError, SettingsError


@dataclass(frozen=True, slots=True, order=True)
class BillingPeriod:
    """Half-open range of local dates in one time zone. ``end`` is excluded."""

    start: date
    end: date
    timezone: str = "UTC"

    @property
    def last_day(self) -> date:
        """The last local date inside the period."""
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        """Number of local dates in the period."""
        return (self.end - self.start).days

    def contains(self, day: date) -> bool:
        """Whether the local date lies inside."""
        return self.start <= day < self.end

    def start_instant(self) -> datetime:
        """First instant of the period, in UTC."""
        return first_instant(self.start, self.timezone)

    def end_instant(self) -> datetime:
        """First instant after the period, in UTC."""
        return first_instant(self.end, self.timezone)

    def __str__(self) -> str:
        return f"{self.start.isoformat()} to {self.last_day.isoformat()} ({self.timezone})"


@dataclass(frozen=True, slots=True)
class BillingCalendar:
    """Where one billing period ends and the next starts.

    :param anchor_day: 1–31, the day of the month on which a period starts.
    :param timezone: IANA name; dates are local dates there.
    :raises SettingsError: for a day out of range or an unknown time zone.
    """

    anchor_day: int = 1
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if isinstance(self.anchor_day, bool) or not isinstance(self.anchor_day, int) or not 1 <= self.anchor_day <= 31:
            raise SettingsError(
                "not a day of the month",
                where="billing calendar",
                key="anchor_day",
                value=self.anchor_day,
                allowed="1 to 31",
            )
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
            raise SettingsError(
                "unknown time zone",
                where="billing calendar",
                key="timezone",
                value=self.timezone,
                allowed="an IANA name such as Europe/London",
            ) from None

    def period_containing(self, day: date) -> BillingPeriod:
        """Return the period that holds a local date."""
        start = self._anchor_in(day.year, day.month)
        if day < start:
            start = self._anchor_in(*_month_before(day.year, day.month))
        return BillingPeriod(start, self._anchor_in(*_month_after(start.year, start.month)), self.timezone)

    def period_before(self, period: BillingPeriod) -> BillingPeriod:
        """Return the period that ends where this one starts."""
        return self.period_containing(period.start - timedelta(days=1))

    def period_after(self, period: BillingPeriod) -> BillingPeriod:
        """Return the period that starts where this one ends."""
        return self.period_containing(period.end)

    def local_date(self, instant: datetime) -> date:
        """Return the local date of an aware instant."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def period_selected(self, selector: str, *, now: datetime) -> BillingPeriod:
        """Return the period for ``Previous``, ``Current`` or a date ``YYYY-MM-DD`` inside the wanted period.

        :param now: aware instant at which the run is made.
        :raises PeriodError: for any other text; the message lists the accepted forms.
        """
        text = selector.strip()
        current = self.period_containing(self.local_date(now))
        if text.casefold() == "current":
            return current
        if text.casefold() == "previous":
            return self.period_before(current)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            try:
                return self.period_containing(date.fromisoformat(text))
            except (ValueError, OverflowError):
                pass
        raise PeriodError(
            "incorrect billing period",
            key="billing_period",
            value=selector,
            allowed="Previous, Current, or a date YYYY-MM-DD inside the wanted period",
        )

    def _anchor_in(self, year: int, month: int) -> date:
        return date(year, month, min(self.anchor_day, calendar.monthrange(year, month)[1]))


def first_instant(day: date, timezone: str) -> datetime:
    """Return the first instant of a local date, in UTC; right also where midnight does not exist or comes twice."""
    zone = ZoneInfo(timezone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone, fold=0)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).date() < day:  # the clocks skip midnight: the day starts at the end of the gap
        low, high = instant, instant + timedelta(hours=26)
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            low, high = (middle, high) if middle.astimezone(zone).date() < day else (low, middle)
        instant = high.replace(microsecond=0)
    return instant


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year - 1, 12) if month == 1 else (year, month - 1)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)
