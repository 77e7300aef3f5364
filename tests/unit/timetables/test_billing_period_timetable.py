"""The billing calendar as Airflow sees it: which run comes next, and what a hand-made run is about."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pendulum
import pytest
from airflow.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import DataInterval, TimeRestriction
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.errors import SettingsError
from billing_providers.model.periods import BillingCalendar
from billing_providers.timetables import billing_period
from billing_providers.timetables.billing_period import BillingPeriodTimetable

LONDON_26 = BillingPeriodTimetable(26, "Europe/London", timedelta(hours=6))

ZONES = [
    "UTC",
    "Europe/London",
    "America/Montreal",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # clocks move by half an hour
    "America/Asuncion",  # clocks skip midnight
    "Asia/Beirut",
    "America/Havana",  # midnight comes twice
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
]
timetables = st.builds(
    BillingPeriodTimetable,
    anchor_day=st.integers(1, 31),
    timezone=st.sampled_from(ZONES),
    settle_delay=st.integers(0, 27 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
instants = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(pendulum.instance)


def at(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.fromisoformat(text))


def interval(start: str, end: str) -> DataInterval:
    return DataInterval(at(start), at(end))


def catching_up(earliest: str | None, latest: str | None = None) -> TimeRestriction:
    return TimeRestriction(earliest and at(earliest), latest and at(latest), catchup=True)


@pytest.fixture
def now(monkeypatch):
    """Set the clock that the timetable sees."""

    def set_clock(text: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return at(text).astimezone(tz)

        monkeypatch.setattr(billing_period, "datetime", Clock)

    return set_clock


def test_the_data_interval_is_the_period_and_the_run_follows_the_settle_delay():
    """A run's data interval is its billing period; it starts a settle delay after the close."""
    info = LONDON_26.next_dagrun_info(
        last_automated_data_interval=None, restriction=catching_up("2026-10-01T00:00:00+00:00")
    )

    assert info.data_interval == interval("2026-10-26T00:00:00+00:00", "2026-11-26T00:00:00+00:00")
    assert info.run_after == at("2026-11-26T06:00:00+00:00")
    assert info.logical_date == at("2026-10-26T00:00:00+00:00")
    assert (info.partition_date, info.partition_key) == (None, None)


def test_a_clock_change_inside_the_period_moves_its_ends_by_an_hour():
    """Period ends are local midnights, whatever the clocks did in between."""
    info = LONDON_26.next_dagrun_info(
        last_automated_data_interval=interval("2026-08-25T23:00:00+00:00", "2026-09-25T23:00:00+00:00"),
        restriction=catching_up(None),
    )

    assert info.data_interval == interval("2026-09-25T23:00:00+00:00", "2026-10-26T00:00:00+00:00")


def test_catching_up_runs_every_missed_period_once_oldest_first():
    """With catchup, each period since the start date comes exactly once, clamped without drift."""
    timetable, last, starts = BillingPeriodTimetable(31, "UTC"), None, []
    restriction = catching_up("2026-01-10T00:00:00+00:00", "2026-06-15T00:00:00+00:00")
    while info := timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction):
        last = info.data_interval
        starts.append(last.start.date())

    assert starts == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
    ]


@pytest.mark.parametrize(
    ("clock", "start", "run_after"),
    [
        ("2026-11-25T23:59:59+00:00", "2026-09-25T23:00:00+00:00", "2026-10-26T06:00:00+00:00"),
        ("2026-11-26T00:00:00+00:00", "2026-10-26T00:00:00+00:00", "2026-11-26T06:00:00+00:00"),
        ("2026-11-26T09:00:00+00:00", "2026-10-26T00:00:00+00:00", "2026-11-26T06:00:00+00:00"),
    ],
    ids=["last second before the close", "at the close, still settling", "settled"],
)
def test_without_catching_up_the_last_closed_period_comes_first(now, clock, start, run_after):
    """Without catchup, a DAG that is switched on bills the period that just closed, not the ones before it."""
    now(clock)

    info = LONDON_26.next_dagrun_info(
        last_automated_data_interval=interval("2026-05-25T23:00:00+00:00", "2026-06-25T23:00:00+00:00"),
        restriction=TimeRestriction(at("2026-01-01T00:00:00+00:00"), None, catchup=False),
    )

    assert info.data_interval.start == at(start)
    assert info.run_after == at(run_after)


def test_without_catching_up_the_same_period_does_not_come_twice(now):
    """After the last closed period has run, the open one comes next."""
    now("2026-11-26T09:00:00+00:00")

    info = LONDON_26.next_dagrun_info(
        last_automated_data_interval=interval("2026-10-26T00:00:00+00:00", "2026-11-26T00:00:00+00:00"),
        restriction=TimeRestriction(None, None, catchup=False),
    )

    assert info.data_interval == interval("2026-11-26T00:00:00+00:00", "2026-12-26T00:00:00+00:00")


def test_a_start_date_in_the_future_wins_over_the_clock(now):
    """No run is about a period that began before the DAG's start date."""
    now("2026-11-26T09:00:00+00:00")

    info = LONDON_26.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(at("2027-02-01T00:00:00+00:00"), None, catchup=False),
    )

    assert info.data_interval.start == at("2027-02-26T00:00:00+00:00")


def test_no_run_after_the_end_date_and_none_without_any_date():
    """The end date bounds the logical date, inclusively; with catchup and no date at all nothing can be first."""
    last = interval("2026-08-25T23:00:00+00:00", "2026-09-25T23:00:00+00:00")
    on_the_day, before = (
        LONDON_26.next_dagrun_info(last_automated_data_interval=last, restriction=catching_up(None, latest))
        for latest in ("2026-09-25T23:00:00+00:00", "2026-09-25T22:59:59+00:00")
    )

    assert on_the_day.logical_date == at("2026-09-25T23:00:00+00:00")
    assert before is None
    assert (
        LONDON_26.next_dagrun_info(last_automated_data_interval=None, restriction=TimeRestriction(None, None, True))
        is None
    )


@pytest.mark.parametrize(
    ("timetable", "last", "start"),
    [
        (  # 26th → 1st: days up to 1 November are left to a back-fill, none is billed twice
            BillingPeriodTimetable(1, "Europe/London"),
            interval("2026-09-25T23:00:00+00:00", "2026-10-26T00:00:00+00:00"),
            "2026-11-01T00:00:00+00:00",
        ),
        (  # one day earlier still overlaps by a day
            BillingPeriodTimetable(1, "UTC"),
            interval("2026-09-02T00:00:00+00:00", "2026-10-02T00:00:00+00:00"),
            "2026-11-01T00:00:00+00:00",
        ),
        (  # London → UTC: the old period ended an hour before the new midnight
            BillingPeriodTimetable(1, "UTC"),
            interval("2026-08-31T23:00:00+00:00", "2026-09-30T23:00:00+00:00"),
            "2026-10-01T00:00:00+00:00",
        ),
        (  # Montreal → UTC: four hours after it
            BillingPeriodTimetable(1, "UTC"),
            interval("2026-09-01T04:00:00+00:00", "2026-10-01T04:00:00+00:00"),
            "2026-10-01T00:00:00+00:00",
        ),
        (  # a cron schedule before: its logical date is the first instant of our period and is taken
            BillingPeriodTimetable(1, "UTC"),
            interval("2026-10-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00"),
            "2026-11-01T00:00:00+00:00",
        ),
    ],
    ids=["anchor 26 to 1", "anchor 2 to 1", "zone eastward", "zone westward", "from cron"],
)
def test_a_changed_calendar_never_bills_a_day_twice(timetable, last, start):
    """After a change of calendar the next period starts on or after the local date on which the last one ended."""
    info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=catching_up(None))

    assert info.data_interval.start == at(start)


@pytest.mark.parametrize(
    ("run_after", "start", "end"),
    [
        ("2026-11-25T12:00:00+00:00", "2026-09-25T23:00:00+00:00", "2026-10-26T00:00:00+00:00"),
        ("2026-11-26T00:00:00+00:00", "2026-10-26T00:00:00+00:00", "2026-11-26T00:00:00+00:00"),
    ],
)
def test_a_run_made_by_hand_is_about_the_last_closed_period(run_after, start, end):
    """Triggered by hand, a run takes the last period that was closed at that instant."""
    assert LONDON_26.infer_manual_data_interval(run_after=at(run_after)) == interval(start, end)


@given(timetables, instants, st.booleans())
def test_there_is_always_a_next_run(timetable, earliest, catchup):
    """Airflow hides a timetable's errors behind a blank next run, so there must never be one."""
    info = timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest, None, catchup)
    )

    assert info.data_interval.start >= earliest
    assert info.run_after - info.data_interval.end == timetable.settle_delay
    assert all(moment.tzinfo is not None for moment in (info.run_after, *info.data_interval))


@given(timetables, instants)
def test_periods_chain_without_gap_or_overlap(timetable, earliest):
    """Every instant belongs to exactly one period, in every zone, across every clock change."""
    restriction, last = TimeRestriction(earliest, None, True), None
    for _ in range(15):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if last is not None:
            assert info.data_interval.start == last.end
        last = info.data_interval
        first_day = last.start.in_timezone(timetable.calendar.timezone).date()
        assert first_day.day == min(timetable.calendar.anchor_day, first_day.days_in_month)
        assert timedelta(days=28) - timedelta(hours=2) <= last.end - last.start <= timedelta(days=31, hours=2)


@given(timetables, instants)
def test_a_run_made_by_hand_holds_the_day_before_its_close(timetable, moment):
    """The inferred period has ended at the moment, and the next one has not."""
    found = timetable.infer_manual_data_interval(run_after=moment)
    following = timetable.next_dagrun_info(
        last_automated_data_interval=found, restriction=TimeRestriction(None, None, True)
    )

    assert found.end <= moment < following.data_interval.end


@given(timetables)
def test_serialised_and_back_it_is_the_same(timetable):
    """Scheduler and DAG processor see one calendar through the stored form, which is the same bytes each time."""
    stored = json.dumps(timetable.serialize(), sort_keys=True)
    back = BillingPeriodTimetable.deserialize(json.loads(stored))

    assert back == timetable
    assert hash(back) == hash(timetable)
    assert json.dumps(back.serialize(), sort_keys=True) == stored


def test_the_serialised_form_is_stable():
    """A changed form would make every deployed DAG a new version, or unreadable."""
    assert LONDON_26.serialize() == {"anchor_day": 26, "timezone": "Europe/London", "settle_delay_s": 21600}


@pytest.mark.parametrize(
    ("settle_delay", "summary"),
    [
        (timedelta(hours=6), "Billing period from day 26, Europe/London, 6 h after close"),
        (timedelta(days=2, minutes=30), "Billing period from day 26, Europe/London, 2 d 30 min after close"),
        (timedelta(0), "Billing period from day 26, Europe/London, at close"),
    ],
)
def test_the_schedule_reads_as_a_sentence(settle_delay, summary):
    """The UI shows the billing calendar in words."""
    timetable = BillingPeriodTimetable.of(BillingCalendar(26, "Europe/London"), settle_delay)

    assert timetable.summary == summary
    assert timetable.description == summary


@pytest.mark.parametrize("settle_delay", [timedelta(seconds=-1), timedelta(days=28)])
def test_a_settle_delay_out_of_range_is_refused_when_the_dag_loads(settle_delay):
    """A delay as long as a period would let runs queue behind each other; the message names the key and the range."""
    with pytest.raises(
        AirflowTimetableInvalid, match=r"settle_delay: out of range; got .*; allowed: 0 to less than 28"
    ):
        BillingPeriodTimetable(settle_delay=settle_delay).validate()

    BillingPeriodTimetable(settle_delay=timedelta(days=27, hours=23)).validate()


@pytest.mark.parametrize(("anchor_day", "timezone"), [(0, "UTC"), (32, "UTC"), (True, "UTC"), (1, "Europe/Atlantis")])
def test_a_wrong_calendar_is_refused_when_it_is_made(anchor_day, timezone):
    """A wrong calendar never reaches the scheduler."""
    with pytest.raises(SettingsError, match=r"billing calendar: (anchor_day|timezone): "):
        BillingPeriodTimetable(anchor_day, timezone)


def test_importing_the_timetable_is_cheap():
    """Every Airflow component loads the timetable; none may pay for pandas or FastAPI."""
    code = (
        "import sys, billing_providers.plugin;"
        "print(sorted({'pandas', 'numpy', 'fastapi', 'requests', 'openpyxl', 'rapidfuzz'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert printed.strip().splitlines()[-1] == "[]"
