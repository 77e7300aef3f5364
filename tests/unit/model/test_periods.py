"""The billing calendar: anchors, months' ends, time zones, clock changes, and what a person may select."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.errors import PeriodError, SettingsError
from billing_providers.model.periods import BillingCalendar, BillingPeriod, first_instant

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "period-vectors.json").read_text(encoding="utf-8"))

calendars = st.builds(
    BillingCalendar,
    anchor_day=st.integers(1, 31),
    timezone=st.sampled_from(["UTC", "Europe/London", "Australia/Lord_Howe", "America/Asuncion", "America/Havana"]),
)
days = st.dates(date(1990, 1, 1), date(2050, 1, 1))


@pytest.mark.parametrize("vector", VECTORS["periods"], ids=lambda row: f"{row['timezone']} day {row['anchor_day']}")
def test_the_selected_period_and_its_instants_are_right(vector):
    """Local dates of the period, and the instants at which it starts and ends, agree with independent vectors."""
    calendar = BillingCalendar(vector["anchor_day"], vector["timezone"])
    period = calendar.period_selected(vector["selected"], now=datetime.fromisoformat(vector["now"]))

    assert (period.start.isoformat(), period.last_day.isoformat()) == (vector["first_day"], vector["last_day"])
    assert period.days == vector["days"]
    assert period.start_instant() == datetime.fromisoformat(vector["first_instant"])
    assert period.end_instant() == datetime.fromisoformat(vector["end_instant"])


@pytest.mark.parametrize("chain", VECTORS["chains"], ids=lambda chain: f"day {chain['anchor_day']}")
def test_an_anchor_beyond_the_months_end_is_clamped_and_comes_back(chain):
    """31 January, 29 February, 31 March: the anchor itself never moves."""
    calendar = BillingCalendar(chain["anchor_day"])
    period, starts = calendar.period_containing(date.fromisoformat(chain["starts"][0])), []
    for _ in chain["starts"]:
        starts.append(period.start.isoformat())
        period = calendar.period_after(period)

    assert starts == chain["starts"]


@pytest.mark.parametrize("refused", VECTORS["refused"], ids=lambda row: row["why"])
def test_a_selection_that_is_not_understood_is_refused(refused):
    """A period is never guessed: code 10 with the value and the accepted forms."""
    calendar = BillingCalendar(26, "Europe/London")
    with pytest.raises(PeriodError) as caught:
        calendar.period_selected(refused["selected"], now=datetime(2026, 6, 15, 12, tzinfo=UTC))

    assert caught.value.finding_number == 10
    assert caught.value.value == refused["selected"]
    assert "Previous, Current, or a date YYYY-MM-DD inside the wanted period" in str(caught.value)


@pytest.mark.parametrize("selected", ["Previous", " previous ", "PREVIOUS"])
def test_words_are_read_whatever_their_case_and_blanks(selected):
    """A person who types a word means the word."""
    now = datetime(2026, 6, 15, 12, tzinfo=UTC)

    assert BillingCalendar(1).period_selected(selected, now=now) == BillingPeriod(date(2026, 5, 1), date(2026, 6, 1))


@given(calendars, days)
def test_every_day_is_in_exactly_one_period(calendar, day):
    """Periods chain without gap or overlap, forwards and backwards."""
    period = calendar.period_containing(day)
    before, after = calendar.period_before(period), calendar.period_after(period)

    assert period.contains(day)
    assert not before.contains(day)
    assert not after.contains(day)
    assert (before.end, after.start) == (period.start, period.end)
    assert calendar.period_after(before) == period == calendar.period_before(after)
    assert 28 <= period.days <= 31


@given(calendars, days)
def test_the_first_instant_of_a_day_is_on_that_day_and_no_earlier_one_is(calendar, day):
    """Right also where the clocks skip midnight, or come to it twice."""
    zone, instant = ZoneInfo(calendar.timezone), first_instant(day, calendar.timezone)

    assert instant.astimezone(zone).date() == day
    assert (instant - timedelta(seconds=1)).astimezone(zone).date() < day


def test_where_midnight_comes_twice_the_day_starts_at_the_first():
    """Havana sets its clocks back at 01:00: the day has 25 hours and starts with the first midnight."""
    assert first_instant(date(2025, 11, 2), "America/Havana") == datetime(2025, 11, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor_day", "timezone", "key", "allowed"),
    [
        (0, "UTC", "anchor_day", "1 to 31"),
        (32, "UTC", "anchor_day", "1 to 31"),
        ("1", "UTC", "anchor_day", "1 to 31"),
        (True, "UTC", "anchor_day", "1 to 31"),
        (1, "Europe/Atlantis", "timezone", "an IANA name such as Europe/London"),
        (1, "", "timezone", "an IANA name such as Europe/London"),
        (1, "../etc/passwd", "timezone", "an IANA name such as Europe/London"),
    ],
)
def test_a_wrong_calendar_names_the_key_the_value_and_what_is_allowed(anchor_day, timezone, key, allowed):
    """Settings faults are found before the run, and say what to do."""
    with pytest.raises(SettingsError) as caught:
        BillingCalendar(anchor_day, timezone)

    value = anchor_day if key == "anchor_day" else timezone
    assert (caught.value.key, caught.value.value, caught.value.allowed) == (key, value, allowed)
