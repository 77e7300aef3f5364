"""A billing period as Sherweb tells it, and whether it is the one asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from billing_providers.hooks.sw.answers import Reply
from billing_providers.model.periods import BillingPeriod

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``start`` until ``end``, which is excluded; None: not told."""

    start: date | None
    end: date | None

    @classmethod
    def of_days(cls, first: date | None, last: date | None) -> Span:
        """Return the span from a first to a last day."""
        return cls(first, None if last is None else last + _DAY)

    def __str__(self) -> str:
        first = self.start.isoformat() if self.start else "(no first day)"
        last = (self.end - _DAY).isoformat() if self.end else "(no last day)"
        return f"{first} to {last}"

    def holds(self, day: date) -> bool:
        """Whether a day lies inside, as far as it is told."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def differs_why(self, period: BillingPeriod) -> str:
        """Say that this is not the billing period asked for; empty when it is."""
        if (self.start, self.end) == (period.start, period.end):
            return ""
        why = f"Sherweb tells of the billing period {self}, asked was {period}"
        if self.start is not None and self.holds(asked_day(period)) and self.start.day != period.start.day:
            why += f"; Sherweb's periods start on day {self.start.day}, the calendar's anchor_day should be that"
        return why


def span_of(reply: Reply) -> Span:
    """Return the billing period of an answer, whose last day is told.

    :raises UnreadableAnswer: for dates that are none.
    """
    first, last = reply.day("periodFrom"), reply.day("periodTo")
    if last == date.max:
        raise reply.fields.unreadable("periodTo", "a last day")
    return Span.of_days(first, last)


def asked_day(period: BillingPeriod) -> date:
    """Return the day by which a period is asked for: in its middle, as the API counts days in UTC."""
    return period.start + (period.end - period.start) // 2
