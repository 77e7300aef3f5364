"""When a run starts and how long it waits: settings that are checked when they are made."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from billing_providers.errors import SettingsError
from billing_providers.model.periods import BillingCalendar, PublishDay
from billing_providers.model.settings import IntegrationSettings


def settings(**changed: Any) -> IntegrationSettings:
    return IntegrationSettings("rcloud_to_connectwise", "rcloud", "connectwise", **changed)


@pytest.mark.parametrize(
    ("day", "at", "problem"),
    [
        (0, time(6), "publish day: day: not a day of the month; got 0; allowed: 1 to 31"),
        (32, time(6), "publish day: day: not a day of the month; got 32; allowed: 1 to 31"),
        (True, time(6), "publish day: day: not a day of the month; got True; allowed: 1 to 31"),
        ("5", time(6), "publish day: day: not a day of the month; got '5'; allowed: 1 to 31"),
        (5, "06:00", "publish day: at: not a local time; got '06:00'; allowed: e.g. datetime.time(6, 30)"),
        (5, time(6, tzinfo=UTC), "publish day: at: not a local time; got datetime.time(6, 0, tzinfo=datetime.timezone"),
    ],
)
def test_a_wrong_publish_day_names_the_key_the_value_and_what_is_allowed(day: Any, at: Any, problem: str) -> None:
    """A time with a zone of its own would contradict the billing calendar's."""
    with pytest.raises(SettingsError) as caught:
        PublishDay(day, at)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"publish_on": 5},
            "publish_on: not a publish day; got 5; allowed: PublishDay(5), PublishDay(5, time(9, 30)), N",
        ),
        (
            {"usage_poke": timedelta(0)},
            "usage_poke: out of range; got datetime.timedelta(0); allowed: a timedelta of 1 s",
        ),
        ({"usage_poke": 300}, "usage_poke: out of range; got 300; allowed: a timedelta of 1 s or more"),
        ({"usage_wait": timedelta(seconds=-1)}, "allowed: a timedelta of 0 s or more"),
    ],
)
def test_wrong_waits_are_found_when_the_dag_is_loaded(changed: dict[str, Any], problem: str) -> None:
    """A settings fault is told before the run starts."""
    with pytest.raises(SettingsError) as caught:
        settings(**changed)

    assert str(caught.value).startswith("rcloud_to_connectwise: ")
    assert problem in str(caught.value)


def test_without_settings_a_run_follows_its_close_and_waits_half_a_day() -> None:
    """A publish day is somebody's choice."""
    made = settings()

    assert (made.publish_on, made.usage_poke, made.usage_wait) == (None, timedelta(minutes=5), timedelta(hours=12))


@pytest.mark.parametrize(
    ("day", "on", "first"),
    [
        (5, date(2026, 7, 1), date(2026, 7, 5)),
        (5, date(2026, 7, 5), date(2026, 7, 5)),
        (5, date(2026, 7, 6), date(2026, 8, 5)),
        (5, date(2026, 12, 6), date(2027, 1, 5)),
        (31, date(2027, 2, 1), date(2027, 2, 28)),
        (31, date(2028, 2, 28), date(2028, 2, 29)),
        (31, date(2026, 4, 30), date(2026, 4, 30)),
        (30, date(2026, 1, 31), date(2026, 2, 28)),
    ],
)
def test_the_first_publish_day_that_is_not_before_a_date(day: int, on: date, first: date) -> None:
    """A month that is shorter has its last day."""
    assert PublishDay(day).first_on_or_after(on) == first


def test_a_run_is_due_at_the_local_time() -> None:
    """Half past nine in London is an hour earlier by UTC in summer."""
    calendar, publish = BillingCalendar(1, "Europe/London"), PublishDay(6, time(9, 30))
    june, november = (calendar.period_containing(day) for day in (date(2026, 6, 15), date(2026, 11, 15)))

    assert publish.run_after(june) == datetime(2026, 7, 6, 8, 30, tzinfo=UTC)
    assert publish.run_after(november) == datetime(2026, 12, 6, 9, 30, tzinfo=UTC)
