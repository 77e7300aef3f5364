"""Durations and times of day as people write them."""

from __future__ import annotations

import re
from datetime import time, timedelta

_UNITS = {
    "s": ("s", "sec", "second", "seconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("week", "weeks"),
}
_SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 86400, "weeks": 604800}
_SECONDS_OF = {word: _SECONDS[unit] for unit, words in _UNITS.items() for word in words}
_PART = re.compile(r"([0-9]{1,6})\s*([a-z]+)\s*", re.IGNORECASE)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")

DURATIONS = "a number with a unit, e.g. 90 s, 15 min, 6 h, 5 days, 1 h 30 min"
TIMES = "hours and minutes, e.g. 06:00"


def duration_of(text: str) -> timedelta | None:
    """Return a duration: whole numbers, each with a unit; None for anything else.

    >>> duration_of("1 h 30 min")
    datetime.timedelta(seconds=5400)
    """
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    if any(word.casefold() not in _SECONDS_OF for _, word in parts):
        return None
    return timedelta(seconds=sum(int(number) * _SECONDS_OF[word.casefold()] for number, word in parts))


def time_of(text: str) -> time | None:
    """Return a time of day; None for anything else.

    >>> time_of("6:30")
    datetime.time(6, 30)
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))
