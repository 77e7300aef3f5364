"""Reads a cron expression that names one time of one day of every month, which is what a billing job has."""

from __future__ import annotations

from dataclasses import dataclass

_FIELD_COUNT = 5


@dataclass(frozen=True, slots=True)
class CronTime:
    """One time of one day of every month, without a time zone."""

    day: int
    hour: int
    minute: int

    @property
    def words(self) -> str:
        """The time as a person says it.

        >>> CronTime(26, 22, 0).words
        'on day 26 of every month at 22:00'
        """
        return f"on day {self.day} of every month at {self.hour:02d}:{self.minute:02d}"


def read_cron(expression: str) -> CronTime | None:
    """Return the time that a five-field expression names; ``None`` when it is no single time of every month.

    >>> read_cron("0 22 26 * *")
    CronTime(day=26, hour=22, minute=0)
    """
    fields = expression.split()
    if len(fields) != _FIELD_COUNT or fields[3:] != ["*", "*"]:
        return None
    if not all(field.isascii() and field.isdigit() and len(field) <= 2 for field in fields[:3]):
        return None
    minute, hour, day = (int(field) for field in fields[:3])
    return CronTime(day, hour, minute) if minute <= 59 and hour <= 23 and 1 <= day <= 31 else None
