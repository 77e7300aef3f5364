"""Runs that start on a day of the month: when they are due, and what happens when somebody changes the day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import DataInterval, TimeRestriction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_providers.model.periods import BillingCalendar, PublishDay
from billing_providers.timetables import billing_period
from billing_providers.timetables.billing_period import BillingPeriodTimetable

ZONES = [
    "UTC",
    "Europe/London",
    "America/Asuncion",  # clocks skip midnight
    "America/Havana",  # midnight comes twice
    "Australia/Lord_Howe",  # clocks move by half an hour
    "Pacific/Kiritimati",
]
days = st.builds(PublishDay, day=st.integers(1, 31), at=st.times(datetime(1, 1, 1).time(), time(23, 59)))
instants = st.datetimes(datetime(2025, 12, 20), datetime(2027, 3, 10), timezones=st.just(UTC))


def at(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.fromisoformat(text))


def monthly(day: int, hour: int = 6, zone: str = "Europe/London") -> BillingPeriodTimetable:
    return BillingPeriodTimetable(1, zone, publish_on=PublishDay(day, time(hour)))


class Scheduler:
    """What Airflow's scheduler does with one DAG: asks for the next run, and creates it once it is due."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, timetable: BillingPeriodTimetable, *, catchup: bool) -> None:
        self.timetable = timetable
        self.catchup = catchup
        self.last: DataInterval | None = None
        self.runs: list[tuple[datetime, DataInterval]] = []
        scheduler = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return scheduler.clock.astimezone(tz)

        monkeypatch.setattr(billing_period, "datetime", Clock)

    def comes_by(self, now: datetime) -> None:
        """Create every run that is due."""
        self.clock = now
        while (info := self._next()).run_after <= now:
            self.last = info.data_interval
            self.runs.append((now, info.data_interval))

    def has_run(self, start: str, end: str) -> None:
        """Say that the last run was about this period."""
        self.last = DataInterval(at(start), at(end))

    def next_start(self, now: str) -> tuple[str, str]:
        """Return the local dates at which the next run starts and its period starts."""
        self.clock = datetime.fromisoformat(now)
        info = self._next()
        zone = ZoneInfo(self.timetable.calendar.timezone)
        start = info.run_after.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        return start, info.data_interval.start.astimezone(zone).strftime("%Y-%m-%d")

    def _next(self) -> Any:
        restriction = TimeRestriction(at("2025-01-01T00:00:00+00:00") if self.catchup else None, None, self.catchup)
        found = self.timetable.next_dagrun_info(last_automated_data_interval=self.last, restriction=restriction)
        assert found is not None
        return found


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    return Scheduler(monkeypatch, monthly(6), catchup=False)


@pytest.mark.parametrize(
    ("day", "close", "due"),
    [
        (1, "2026-07-01", "2026-07-01T05:00:00+00:00"),
        (5, "2026-07-01", "2026-07-05T05:00:00+00:00"),
        (5, "2026-12-01", "2026-12-05T06:00:00+00:00"),
        (31, "2026-07-01", "2026-07-31T05:00:00+00:00"),
        (31, "2026-06-01", "2026-06-30T05:00:00+00:00"),
        (30, "2027-02-01", "2027-02-28T06:00:00+00:00"),
        (29, "2028-02-01", "2028-02-29T06:00:00+00:00"),
    ],
)
def test_a_run_starts_on_its_day_or_the_months_last(day: int, close: str, due: str) -> None:
    """A month without a 31st is billed on its last day, not left out; 06:00 is London's, summer and winter."""
    period = BillingCalendar(1, "Europe/London").period_containing(date.fromisoformat(close) - timedelta(days=1))

    assert period.end == date.fromisoformat(close)
    assert PublishDay(day).run_after(period) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("anchor_day", "day", "inside", "due"),
    [
        (26, 26, "2026-10-30", "2026-11-26T06:00:00+00:00"),
        (26, 28, "2026-10-30", "2026-11-28T06:00:00+00:00"),
        (26, 5, "2026-10-30", "2026-12-05T06:00:00+00:00"),
        (26, 25, "2026-10-30", "2026-12-25T06:00:00+00:00"),
    ],
)
def test_the_first_such_day_on_or_after_the_close_counts(anchor_day: int, day: int, inside: str, due: str) -> None:
    """Nothing is billed before its period has ended, and no later than a month after."""
    period = BillingCalendar(anchor_day, "Europe/London").period_containing(date.fromisoformat(inside))

    assert PublishDay(day).run_after(period) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("zone", "close", "publish", "due"),
    [
        # London, 29 March 2026: 01:00 becomes 02:00. London, 25 October 2026: 02:00 becomes 01:00.
        ("Europe/London", date(2026, 3, 29), PublishDay(29, time(1, 30)), "2026-03-29T01:30:00+00:00"),
        ("Europe/London", date(2026, 10, 25), PublishDay(25, time(1, 30)), "2026-10-25T00:30:00+00:00"),
        # Asuncion, 6 October 2024: midnight becomes 01:00.
        ("America/Asuncion", date(2024, 10, 6), PublishDay(6, time(0, 0)), "2024-10-06T04:00:00+00:00"),
        # Havana, 2 November 2025: 01:00 becomes midnight again.
        ("America/Havana", date(2025, 11, 2), PublishDay(2, time(0, 0)), "2025-11-02T04:00:00+00:00"),
    ],
)
def test_a_time_that_is_skipped_or_comes_twice_is_one_instant(
    zone: str, close: date, publish: PublishDay, due: str
) -> None:
    """A clock change delays a run by as much as it skips, and starts it the first time it comes."""
    period = BillingCalendar(close.day, zone).period_containing(close - timedelta(days=1))

    assert period.end == close
    assert publish.run_after(period) == datetime.fromisoformat(due)


@given(st.integers(1, 31), st.sampled_from(ZONES), days, st.dates(date(1995, 1, 1), date(2040, 1, 1)))
def test_a_run_is_never_due_before_its_close_nor_later_than_a_month_after(
    anchor_day: int, zone: str, publish: PublishDay, inside: date
) -> None:
    """Whatever the clocks do; and a later period is never due earlier."""
    calendar = BillingCalendar(anchor_day, zone)
    period = calendar.period_containing(inside)
    due = publish.run_after(period)

    assert period.end_instant() <= due < period.end_instant() + timedelta(days=32)
    assert due <= publish.run_after(calendar.period_after(period))


@pytest.mark.parametrize(
    ("set_to", "changed_to", "now", "june_has_run", "start", "month"),
    [
        # Set to the 6th, today the 3rd, changed to the 5th: June is billed on the 5th.
        (6, 5, "2026-07-03T12:00:00+01:00", False, "2026-07-05 06:00", "2026-06-01"),
        # Set to the 6th, today the 3rd, changed to the 1st: June is still to be billed, so at once, not in August.
        (6, 1, "2026-07-03T12:00:00+01:00", False, "2026-07-01 06:00", "2026-06-01"),
        # The same day as today: at its time if that is ahead, else at once.
        (6, 3, "2026-07-03T05:00:00+01:00", False, "2026-07-03 06:00", "2026-06-01"),
        (6, 3, "2026-07-03T12:00:00+01:00", False, "2026-07-03 06:00", "2026-06-01"),
        # June was billed on the 1st; whatever the day becomes, it is not billed again: July follows in August.
        (1, 5, "2026-07-03T12:00:00+01:00", True, "2026-08-05 06:00", "2026-07-01"),
        (1, 1, "2026-07-03T12:00:00+01:00", True, "2026-08-01 06:00", "2026-07-01"),
        (2, 31, "2026-07-03T12:00:00+01:00", True, "2026-08-31 06:00", "2026-07-01"),
    ],
)
def test_a_changed_day_moves_the_run_that_is_still_to_come(
    scheduler: Scheduler, set_to: int, changed_to: int, now: str, june_has_run: bool, start: str, month: str
) -> None:
    """A period is billed once, by whichever day is set when its run is due; one whose day has passed starts at once."""
    scheduler.timetable = monthly(set_to)
    scheduler.has_run("2026-04-30T23:00:00+00:00", "2026-05-31T23:00:00+00:00")
    if june_has_run:
        scheduler.has_run("2026-05-31T23:00:00+00:00", "2026-06-30T23:00:00+00:00")

    scheduler.timetable = monthly(changed_to)

    assert scheduler.next_start(now) == (start, month)


def test_a_day_that_has_passed_starts_the_run_once(scheduler: Scheduler) -> None:
    """It is neither lost, as the product that this replaces would have it, nor repeated in August."""
    scheduler.has_run("2026-04-30T23:00:00+00:00", "2026-05-31T23:00:00+00:00")
    now = datetime(2026, 7, 3, 12, tzinfo=UTC)
    scheduler.comes_by(now)
    scheduler.timetable = monthly(1)
    for hours in range(0, 40 * 24, 6):
        scheduler.comes_by(now + timedelta(hours=hours))

    assert [
        (started.strftime("%m-%d %H:%M"), interval.end.strftime("%m-%d")) for started, interval in scheduler.runs
    ] == [
        ("07-03 12:00", "06-30"),
        ("08-01 06:00", "07-31"),
    ]


@settings(max_examples=60, deadline=None)
@given(
    anchor_day=st.integers(1, 31),
    zone=st.sampled_from(ZONES),
    first=days,
    changes=st.lists(st.tuples(instants, days), max_size=6),
    gap_h=st.integers(8, 23),
    catchup=st.booleans(),
)
def test_changed_at_any_time_each_period_is_billed_exactly_once(
    anchor_day: int,
    zone: str,
    first: PublishDay,
    changes: list[tuple[datetime, PublishDay]],
    gap_h: int,
    catchup: bool,
) -> None:
    """Each closed period gets one run, none two, none is lost, and none starts before its period has ended."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        scheduler = Scheduler(monkeypatch, BillingPeriodTimetable(anchor_day, zone, publish_on=first), catchup=catchup)
        calendar = scheduler.timetable.calendar
        scheduler.last = DataInterval(*_interval_of(calendar, date(2025, 12, 1)))
        following = calendar.period_after(calendar.period_containing(date(2025, 12, 1)))
        now, end, waiting = (
            datetime(2025, 12, 20, tzinfo=UTC),
            datetime(2027, 4, 20, tzinfo=UTC),
            sorted(changes, key=_when),
        )
        while now < end:
            scheduler.comes_by(now)
            now = min([now + timedelta(hours=gap_h), *(when for when, _ in waiting[:1])])
            if waiting and now == waiting[0][0]:
                scheduler.timetable = BillingPeriodTimetable(anchor_day, zone, publish_on=waiting.pop(0)[1])

        expected = []
        while scheduler.timetable.run_after(following) <= now - timedelta(hours=gap_h):
            expected.append(following.start_instant())
            following = calendar.period_after(following)
        billed = [interval.start for _, interval in scheduler.runs]
        assert billed[: len(expected)] == expected
        assert len(set(billed)) == len(billed) <= len(expected) + 1
        assert all(started >= interval.end for started, interval in scheduler.runs)


def _when(change: tuple[datetime, PublishDay]) -> datetime:
    return change[0]


def _interval_of(calendar: BillingCalendar, day: date) -> tuple[pendulum.DateTime, pendulum.DateTime]:
    period = calendar.period_containing(day)
    return pendulum.instance(period.start_instant()), pendulum.instance(period.end_instant())


def test_a_late_day_does_not_lose_its_period_to_the_next_close(scheduler: Scheduler) -> None:
    """Day 31: a scheduler that was down from the 31st to the 1st still bills June before it waits for July."""
    scheduler.timetable = monthly(31)
    scheduler.has_run("2026-04-30T23:00:00+00:00", "2026-05-31T23:00:00+00:00")

    assert scheduler.next_start("2026-08-01T09:00:00+00:00") == ("2026-07-31 06:00", "2026-06-01")


def test_a_dag_that_is_switched_on_bills_the_last_closed_period_on_its_day(scheduler: Scheduler) -> None:
    """A new DAG does not start with a month that somebody has billed by hand already."""
    scheduler.timetable = monthly(31)

    assert scheduler.next_start("2026-07-10T09:00:00+00:00") == ("2026-07-31 06:00", "2026-06-01")


def test_a_dag_that_rested_for_months_bills_the_last_period_that_is_due(scheduler: Scheduler) -> None:
    """Without catchup, missed periods are left to a back-fill."""
    scheduler.has_run("2025-12-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00")

    assert scheduler.next_start("2026-07-10T09:00:00+00:00") == ("2026-07-06 06:00", "2026-06-01")
    assert scheduler.next_start("2026-07-02T09:00:00+00:00") == ("2026-06-06 06:00", "2026-05-01")


def test_two_periods_that_are_due_on_one_day_are_both_billed(scheduler: Scheduler) -> None:
    """Anchor 31, day 30: the periods that end on 31 January and 28 February are both due on 28 February."""
    scheduler.timetable = BillingPeriodTimetable(31, "UTC", publish_on=PublishDay(30))
    scheduler.has_run("2025-11-30T00:00:00+00:00", "2025-12-31T00:00:00+00:00")
    scheduler.comes_by(datetime(2026, 2, 28, 6, 0, 1, tzinfo=UTC))

    assert [interval.end.strftime("%m-%d") for _, interval in scheduler.runs] == ["01-31", "02-28"]


def test_a_dag_that_is_switched_on_between_two_closes_bills_both_periods_that_wait_for_their_day(
    scheduler: Scheduler,
) -> None:
    """Neither of them is due yet, so neither is missed."""
    scheduler.timetable = BillingPeriodTimetable(31, "UTC", publish_on=PublishDay(30))

    assert scheduler.next_start("2026-02-28T03:00:00+00:00") == ("2026-02-28 06:00", "2025-12-31")


def test_the_next_runs_are_listed_for_people() -> None:
    """Twelve dates show at a glance that no month is left out."""
    runs = monthly(31).next_runs(12, datetime(2026, 7, 3, 12, tzinfo=UTC))

    assert [f"{start:%Y-%m-%d %H:%M} {period.start:%b}" for start, period in runs] == [
        "2026-07-31 06:00 Jun",
        "2026-08-31 06:00 Jul",
        "2026-09-30 06:00 Aug",
        "2026-10-31 06:00 Sep",
        "2026-11-30 06:00 Oct",
        "2026-12-31 06:00 Nov",
        "2027-01-31 06:00 Dec",
        "2027-02-28 06:00 Jan",
        "2027-03-31 06:00 Feb",
        "2027-04-30 06:00 Mar",
        "2027-05-31 06:00 Apr",
        "2027-06-30 06:00 May",
    ]


def test_the_next_runs_after_a_settle_delay_are_listed_too() -> None:
    """A run that is still settling is the first of them; one that is due now is not."""
    timetable = BillingPeriodTimetable(26, "Europe/London", timedelta(hours=6))

    (start, period), *_ = timetable.next_runs(1, datetime(2026, 11, 26, 5, tzinfo=UTC))
    assert (start.isoformat(), period.start) == ("2026-11-26T06:00:00+00:00", date(2026, 10, 26))
    (start, period), *_ = timetable.next_runs(1, datetime(2026, 11, 26, 6, tzinfo=UTC))
    assert (start.isoformat(), period.start) == ("2026-12-26T06:00:00+00:00", date(2026, 11, 26))


@given(st.integers(1, 31), st.sampled_from(ZONES), days)
def test_serialised_and_back_it_is_the_same(anchor_day: int, zone: str, publish: PublishDay) -> None:
    """Scheduler and DAG processor see one day through the stored form, which is the same bytes each time."""
    timetable = BillingPeriodTimetable(anchor_day, zone, publish_on=publish)
    stored = json.dumps(timetable.serialize(), sort_keys=True)
    back = BillingPeriodTimetable.deserialize(json.loads(stored))

    assert (back, hash(back), back.publish_on) == (timetable, hash(timetable), publish)
    assert json.dumps(back.serialize(), sort_keys=True) == stored


def test_stored_forms_from_before_still_load() -> None:
    """A DAG that was deployed before there was a publish day keeps its form, byte for byte."""
    stored = {"anchor_day": 26, "timezone": "Europe/London", "settle_delay_s": 21600}

    back = BillingPeriodTimetable.deserialize(stored)

    assert (back.publish_on, back.settle_delay, back.serialize()) == (None, timedelta(hours=6), stored)
    assert monthly(5).serialize() == {
        "anchor_day": 1,
        "timezone": "Europe/London",
        "settle_delay_s": 21600,
        "publish_on": {"day": 5, "at": "06:00:00"},
    }


def test_timetables_with_different_days_differ() -> None:
    """A changed day is a changed schedule."""
    assert monthly(5) != monthly(6)
    assert monthly(5) != monthly(5, hour=7)
    assert monthly(5) != BillingPeriodTimetable(1, "Europe/London")


@pytest.mark.parametrize(
    ("publish", "summary"),
    [
        (PublishDay(5), "Billing period from day 1, Europe/London, on day 5 at 06:00"),
        (
            PublishDay(31, time(9, 30)),
            "Billing period from day 1, Europe/London, on day 31 or the month's last at 09:30",
        ),
    ],
)
def test_the_schedule_reads_as_a_sentence(publish: PublishDay, summary: str) -> None:
    """The UI shows the day in words."""
    assert BillingPeriodTimetable.of(BillingCalendar(1, "Europe/London"), publish_on=publish).summary == summary


def test_what_is_no_publish_day_is_refused_when_the_dag_loads() -> None:
    """The message names the key, the value and what is allowed."""
    wrong: Any = 5
    with pytest.raises(
        AirflowTimetableInvalid, match="publish_on: not a publish day; got 5; allowed: PublishDay, None"
    ):
        BillingPeriodTimetable(publish_on=wrong).validate()

    monthly(5).validate()
