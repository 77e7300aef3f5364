"""Durations and times of day are read as people write them, and nothing else is."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from billing_providers.settings_file.words import duration_of, time_of


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90 s", timedelta(seconds=90)),
        ("15min", timedelta(minutes=15)),
        ("6 h", timedelta(hours=6)),
        ("1 Hour", timedelta(hours=1)),
        ("5 days", timedelta(days=5)),
        ("1 day 2 h 30 min", timedelta(days=1, hours=2, minutes=30)),
        ("2 weeks", timedelta(weeks=2)),
        ("0 min", timedelta(0)),
        *[(text, None) for text in ("", "6", "h", "6 hx", "1.5 h", "-6 h", "6 h or so", "06:00", "1 month", "٣ h")],
    ],
)
def test_a_duration_is_whole_numbers_with_units(text: str, meant: timedelta | None) -> None:
    """A number without a unit could be anything."""
    assert duration_of(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("06:00", time(6)),
        ("6:30", time(6, 30)),
        ("23:59", time(23, 59)),
        *[(text, None) for text in ("", "6", "24:00", "12:60", "6:3", "6 am", "06:00:00", "06:00Z")],
    ],
)
def test_a_time_of_day_is_hours_and_minutes(text: str, meant: time | None) -> None:
    """A zone is the calendar's."""
    assert time_of(text) == meant
