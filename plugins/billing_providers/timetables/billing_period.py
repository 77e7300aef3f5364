"""The billing calendar as an Airflow timetable: the data interval of a run *is* the billing period.

A run's logical date is the first instant of its period, so Airflow itself keeps a period from being scheduled or
back-filled twice. The run starts when the source has finished counting: a settle delay after the period's close, or on
a publish day. Which period is next depends on the last run's period alone, never on that day: whoever changes the day
moves the start of runs that are still to come, and no period is billed twice or left out.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from airflow.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable

from billing_providers.model.periods import BillingCalendar, BillingPeriod, PublishDay

SETTLE_DELAY_DEFAULT = timedelta(hours=6)
SETTLE_DELAY_MAX = timedelta(days=28)  # the shortest period; a longer delay would let runs queue behind each other


class BillingPeriodTimetable(Timetable):
    """Runs once per billing period, after its close.

    :param anchor_day: 1–31, the day on which a period starts; clamped to the month's last day, never drifting.
    :param timezone: IANA name; a period starts at the first instant of a local date there, whatever the clocks do.
    :param settle_delay: how long after the close the run starts.
    :param publish_on: day of the month and local time at which the run starts instead; ``None``: after the delay.
    :raises SettingsError: for a day out of range or an unknown time zone.

    ``catchup=True`` runs every missed period, oldest first; ``catchup=False`` the last one closed (with a publish day,
    the last one that is due, as that day may be close to the next period's end).
    When the calendar of a running DAG changes, the next period is the first that starts on or after the local date
    on which the last one ended: no day is billed twice. Days left out by a moved anchor can be back-filled.
    """

    active_runs_limit = 1  # two periods write the same contract lines; a DAG must say max_active_runs=1 itself

    def __init__(
        self,
        anchor_day: int = 1,
        timezone: str = "UTC",
        settle_delay: timedelta = SETTLE_DELAY_DEFAULT,
        publish_on: PublishDay | None = None,
    ) -> None:
        self.calendar = BillingCalendar(anchor_day, timezone)
        self.settle_delay = settle_delay
        self.publish_on = publish_on

    @classmethod
    def of(
        cls,
        calendar: BillingCalendar,
        settle_delay: timedelta = SETTLE_DELAY_DEFAULT,
        publish_on: PublishDay | None = None,
    ) -> BillingPeriodTimetable:
        """Return the timetable of a billing calendar."""
        return cls(calendar.anchor_day, calendar.timezone, settle_delay, publish_on)

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        where = f"day {self.calendar.anchor_day}, {self.calendar.timezone}"
        return f"Billing period from {where}, {_start_spoken(self.settle_delay, self.publish_on)}"

    @property
    def description(self) -> str:
        """What the UI shows beside the schedule."""
        return self.summary

    def validate(self) -> None:
        """Check what Airflow checks when a DAG is loaded.

        :raises AirflowTimetableInvalid: for a negative settle delay or one as long as a period, or no publish day.
        """
        if self.publish_on is not None and not isinstance(self.publish_on, PublishDay):
            raise AirflowTimetableInvalid(
                f"BillingPeriodTimetable: publish_on: not a publish day; got {self.publish_on!r}; "
                "allowed: PublishDay, None"
            )
        if not timedelta(0) <= self.settle_delay < SETTLE_DELAY_MAX:
            raise AirflowTimetableInvalid(
                f"BillingPeriodTimetable: settle_delay: out of range; got {self.settle_delay}; allowed: "
                f"0 to less than {SETTLE_DELAY_MAX.days} days"
            )

    def serialize(self) -> dict[str, Any]:
        """Return what :meth:`deserialize` needs: constants only, so that a DAG's version never moves by itself."""
        stored = {
            "anchor_day": self.calendar.anchor_day,
            "timezone": self.calendar.timezone,
            "settle_delay_s": int(self.settle_delay.total_seconds()),
        }
        if self.publish_on is not None:  # absent otherwise, so that DAGs without one keep their stored form
            stored["publish_on"] = {"day": self.publish_on.day, "at": self.publish_on.at.isoformat()}
        return stored

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> BillingPeriodTimetable:
        """Return the timetable from its serialised form, also from one without a publish day."""
        day = data.get("publish_on")
        publish_on = PublishDay(day["day"], time.fromisoformat(day["at"])) if day else None
        return cls(data["anchor_day"], data["timezone"], timedelta(seconds=data["settle_delay_s"]), publish_on)

    def run_after(self, period: BillingPeriod) -> datetime:
        """Return the instant, in UTC, at which the run of a period is due."""
        if self.publish_on is not None:
            return self.publish_on.run_after(period)
        return period.end_instant() + self.settle_delay

    def next_runs(self, count: int, now: datetime) -> list[tuple[datetime, BillingPeriod]]:
        """Return the next runs that are due after an instant, for people: local time of the start, and its period.

        :param now: aware.
        """
        period = self.calendar.period_containing(self.calendar.local_date(now))
        while self.run_after(earlier := self.calendar.period_before(period)) > now:
            period = earlier
        runs = []
        for _ in range(count):
            start = self.run_after(period).astimezone(ZoneInfo(self.calendar.timezone))
            runs.append((start, period))
            period = self.calendar.period_after(period)
        return runs

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """Return the last period closed at ``run_after``: what a person means who triggers a run by hand.

        For another period, the DAG's ``billing_period`` param or a back-fill names it.
        """
        current = self.calendar.period_containing(self.calendar.local_date(run_after))
        return _interval(self.calendar.period_before(current))

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the next period to run, or ``None`` when the DAG's dates allow none."""
        bounds = [restriction.earliest] if restriction.earliest else []
        if not restriction.catchup:
            bounds.append(self._first_without_catchup(datetime.now(UTC), last_automated_data_interval).start_instant())
        period = self._first_starting_at(max(bounds)) if bounds else None
        if last_automated_data_interval is not None:
            following = self._following(last_automated_data_interval)
            period = max(period, following) if period else following
        if period is None or (restriction.latest is not None and period.start_instant() > restriction.latest):
            return None
        interval = _interval(period)
        return DagRunInfo(run_after=pendulum.instance(self.run_after(period)), data_interval=interval)

    def _first_without_catchup(self, now: datetime, last: DataInterval | None) -> BillingPeriod:
        """Return the last closed period; with a publish day and once there are runs, the last one that is due.

        A publish day may lie on the next close, or so short before it that the scheduler only comes by after it.
        """
        period = self.calendar.period_before(self.calendar.period_containing(self.calendar.local_date(now)))
        while self.publish_on is not None:
            earlier = self.calendar.period_before(period)
            due, due_earlier = self.run_after(period), self.run_after(earlier)
            waiting = last is not None and (due > now or due == due_earlier)
            if not waiting and due_earlier <= now:
                break
            period = earlier
        return period

    def _following(self, last: DataInterval) -> BillingPeriod:
        """Return the period after a run's interval, also where that run had another calendar."""
        end_date = self.calendar.local_date(last.end)
        period = self.calendar.period_containing(end_date)
        # A run of another schedule may have had an interval without length: its logical date is taken already.
        if period.start < end_date or period.start_instant() <= last.start:
            period = self.calendar.period_after(period)
        return period

    def _first_starting_at(self, instant: datetime) -> BillingPeriod:
        period = self.calendar.period_containing(self.calendar.local_date(instant))
        return period if period.start_instant() >= instant else self.calendar.period_after(period)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BillingPeriodTimetable) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash((self.calendar, self.settle_delay, self.publish_on))


def _interval(period: BillingPeriod) -> DataInterval:
    return DataInterval(pendulum.instance(period.start_instant()), pendulum.instance(period.end_instant()))


def _start_spoken(delay: timedelta, publish_on: PublishDay | None) -> str:
    if publish_on is not None:
        shorter = " or the month's last" if publish_on.day > 28 else ""
        return f"on day {publish_on.day}{shorter} at {publish_on.at:%H:%M}"
    minutes = int(delay.total_seconds()) // 60
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join([*(f"{count} {unit}" for count, unit in parts if count), "after"] if minutes else ["at"]) + " close"
