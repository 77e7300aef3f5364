"""Billing periods: half-open ranges of local dates ``[start, end)`` cut by a billing calendar.

Month start = the anchor day, or the month's last day where the month is shorter. The anchor never moves, so
31 January → 28 February → 31 March. "Today" is always an argument.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
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
        _check_day(self.anchor_day, "billing calendar", "anchor_day")
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
        start = _day_in(day.year, day.month, self.anchor_day)
        if day < start:
            start = _day_in(*_month_before(day.year, day.month), self.anchor_day)
        end = _day_in(*_month_after(start.year, start.month), self.anchor_day)
        return BillingPeriod(start, end, self.timezone)

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


@dataclass(frozen=True, slots=True)
class PublishDay:
    """The day of the month on which a closed period is billed: the same day for every month, never a lost month.

    :param day: 1–31; in a shorter month its last day.
    :param at: local time of the billing calendar, without a zone. A time that the clocks skip is taken as much later
        as they skip; of a time that comes twice, the first.
    :raises SettingsError: for a day out of range, or what is not a local time.

    A run belongs to a period, not to a day: it starts on the first such day on or after the period's close. So a
    changed day moves the runs of periods that have not run yet, and bills none of them twice.
    """

    day: int
    at: time = time(6)

    def __post_init__(self) -> None:
        _check_day(self.day, "publish day", "day")
        if not isinstance(self.at, time) or self.at.tzinfo is not None:
            raise SettingsError(
                "not a local time", where="publish day", key="at", value=self.at, allowed="e.g. datetime.time(6, 30)"
            )

    def first_on_or_after(self, day: date) -> date:
        """Return the first publish day that is not before a local date."""
        here = _day_in(day.year, day.month, self.day)
        return here if here >= day else _day_in(*_month_after(day.year, day.month), self.day)

    def run_after(self, period: BillingPeriod) -> datetime:
        """Return the instant, in UTC, at which the run of a period is due. Never before the period's close."""
        wall = datetime.combine(self.first_on_or_after(period.end), self.at, ZoneInfo(period.timezone))
        return wall.astimezone(UTC)


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


def _check_day(day: object, where: str, key: str) -> None:
    if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 31:
        raise SettingsError("not a day of the month", where=where, key=key, value=day, allowed="1 to 31")


def _day_in(year: int, month: int, day: int) -> date:
    """Return a day of a month, or the month's last day where the month is shorter."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year - 1, 12) if month == 1 else (year, month - 1)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)
