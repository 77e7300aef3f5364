"""The billing calendar as an Airflow timetable: the data interval of a run *is* the billing period.

A run's logical date is the first instant of its period, so Airflow itself keeps a period from being scheduled or
back-filled twice. The run starts a settle delay after the period's close, when the source has finished counting.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
from airflow.exceptions import AirflowTimetableInvalid
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable

from billing_providers.model.periods import BillingCalendar, BillingPeriod

SETTLE_DELAY_DEFAULT = timedelta(hours=6)
SETTLE_DELAY_MAX = timedelta(days=28)  # the shortest period; a longer delay would let runs queue behind each other


class BillingPeriodTimetable(Timetable):
    """Runs once per billing period, after its close.

    :param anchor_day: 1–31, the day on which a period starts; clamped to the month's last day, never drifting.
    :param timezone: IANA name; a period starts at the first instant of a local date there, whatever the clocks do.
    :param settle_delay: how long after the close the run starts.
    :raises SettingsError: for a day out of range or an unknown time zone.

    ``catchup=True`` runs every missed period, oldest first; ``catchup=False`` the last one closed.
    When the calendar of a running DAG changes, the next period is the first that starts on or after the local date
    on which the last one ended: no day is billed twice. Days left out by a moved anchor can be back-filled.
    """

    active_runs_limit = 1  # two periods write the same contract lines; a DAG must say max_active_runs=1 itself

    def __init__(
        self, anchor_day: int = 1, timezone: str = "UTC", settle_delay: timedelta = SETTLE_DELAY_DEFAULT
    ) -> None:
        self.calendar = BillingCalendar(anchor_day, timezone)
        self.settle_delay = settle_delay

    @classmethod
    def of(cls, calendar: BillingCalendar, settle_delay: timedelta = SETTLE_DELAY_DEFAULT) -> BillingPeriodTimetable:
        """Return the timetable of a billing calendar."""
        return cls(calendar.anchor_day, calendar.timezone, settle_delay)

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        where = f"day {self.calendar.anchor_day}, {self.calendar.timezone}"
        return f"Billing period from {where}, {_spoken(self.settle_delay)}"

    @property
    def description(self) -> str:
        """What the UI shows beside the schedule."""
        return self.summary

    def validate(self) -> None:
        """Check what Airflow checks when a DAG is loaded.

        :raises AirflowTimetableInvalid: for a negative settle delay, or one as long as a period.
        """
        if not timedelta(0) <= self.settle_delay < SETTLE_DELAY_MAX:
            raise AirflowTimetableInvalid(
                f"BillingPeriodTimetable: settle_delay: out of range; got {self.settle_delay}; allowed: "
                f"0 to less than {SETTLE_DELAY_MAX.days} days"
            )

    def serialize(self) -> dict[str, Any]:
        """Return what :meth:`deserialize` needs: constants only, so that a DAG's version never moves by itself."""
        return {
            "anchor_day": self.calendar.anchor_day,
            "timezone": self.calendar.timezone,
            "settle_delay_s": int(self.settle_delay.total_seconds()),
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> BillingPeriodTimetable:
        """Return the timetable from its serialised form."""
        return cls(data["anchor_day"], data["timezone"], timedelta(seconds=data["settle_delay_s"]))

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
            bounds.append(self.infer_manual_data_interval(run_after=datetime.now(UTC)).start)
        period = self._first_starting_at(max(bounds)) if bounds else None
        if last_automated_data_interval is not None:
            following = self._following(last_automated_data_interval)
            period = max(period, following) if period else following
        if period is None or (restriction.latest is not None and period.start_instant() > restriction.latest):
            return None
        interval = _interval(period)
        return DagRunInfo(run_after=interval.end + self.settle_delay, data_interval=interval)

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
        return hash((self.calendar, self.settle_delay))


def _interval(period: BillingPeriod) -> DataInterval:
    return DataInterval(pendulum.instance(period.start_instant()), pendulum.instance(period.end_instant()))


def _spoken(delay: timedelta) -> str:
    minutes = int(delay.total_seconds()) // 60
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join([*(f"{count} {unit}" for count, unit in parts if count), "after"] if minutes else ["at"]) + " close"
