"""Spans of local dates, and whether the date that is told as their end is still counted: said, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing_providers.engine.proration.refusal import ProrationError


class SpanEnd(StrEnum):
    """What the date that a source tells as an end means."""

    EXCLUDED = "excluded"  # the first day after the span
    INCLUDED = "included"  # the last day of the span (Microsoft's end dates: 15 February to 14 March)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of local dates; ``end`` is excluded. It may be empty.

    :raises ProrationError: when it ends before it starts.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ProrationError(f"a span from {self.start} ends on {self.end}, before it starts; check the dates")

    @classmethod
    def told(cls, start: date, end: date, ends: SpanEnd) -> Span:
        """Return the span of two dates as a source tells them.

        >>> Span.told(date(2021, 1, 27), date(2021, 1, 31), SpanEnd.INCLUDED).days
        5
        """
        return cls(start, end + timedelta(days=1) if ends is SpanEnd.INCLUDED else end)

    @property
    def days(self) -> int:
        """Number of local dates in the span."""
        return (self.end - self.start).days

    def __str__(self) -> str:
        return f"{self.start} up to, not including, {self.end}"
