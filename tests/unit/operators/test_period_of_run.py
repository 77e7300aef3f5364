from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing_providers.errors import PeriodError
from billing_providers.model.periods import BillingCalendar
from billing_providers.steps.period_of_run import period_of_run

CALENDAR = BillingCalendar(anchor_day=26, timezone="Europe/London")
AFTER = datetime(2026, 10, 27, 12, tzinfo=UTC)
INTERVAL = datetime(2026, 8, 25, 23, tzinfo=UTC)  # 26 August 00:00 in London


@pytest.mark.parametrize(
    ("selector", "interval", "start"),
    [
        ("", INTERVAL, date(2026, 8, 26)),
        ("", None, date(2026, 9, 26)),
        ("Previous", INTERVAL, date(2026, 9, 26)),
        ("current", INTERVAL, date(2026, 10, 26)),
        ("2026-03-01", INTERVAL, date(2026, 2, 26)),
    ],
)
def test_the_param_wins_then_the_interval_then_the_last_closed_period(selector, interval, start):
    """One function resolves the period of a run; a manual run with no logical date works."""
    assert period_of_run(selector, CALENDAR, interval_start=interval, run_after=AFTER).start == start


def test_an_interval_that_is_no_billing_period_is_refused():
    """A period is never guessed."""
    with pytest.raises(PeriodError, match=r"start of a period, e\.g\. 2026-08-25T23:00:00\+00:00"):
        period_of_run("", CALENDAR, interval_start=datetime(2026, 9, 1, tzinfo=UTC), run_after=AFTER)
