"""The one function that says which billing period a run is about."""

from __future__ import annotations

from datetime import datetime

from billing_providers.errors import PeriodError
from billing_providers.model.periods import BillingCalendar, BillingPeriod

PERIODS = "Previous, Current, or a date YYYY-MM-DD inside the wanted period"


def period_of_run(
    selector: str, calendar: BillingCalendar, *, interval_start: datetime | None, run_after: datetime
) -> BillingPeriod:
    """Return the billing period of a run.

    The param ``billing_period`` wins. Without it the run's data interval is the period; a run that has none
    (triggered by hand without a logical date) takes the last period that was closed at ``run_after``.

    :raises PeriodError: when the selector is not understood, or the data interval is none of the calendar's periods.
    """
    if selector.strip():
        return calendar.period_selected(selector, now=run_after)
    if interval_start is None:
        return calendar.period_selected("Previous", now=run_after)
    period = calendar.period_containing(calendar.local_date(interval_start))
    if period.start_instant() != interval_start:
        raise PeriodError(
            "the run's data interval does not start with a billing period",
            key="data_interval_start",
            value=interval_start.isoformat(),
            allowed=f"the start of a period, e.g. {period.start_instant().isoformat()}; or set billing_period",
        )
    return period
