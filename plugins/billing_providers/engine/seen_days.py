"""Changes inside an open period take effect on the day on which they were seen, also where the PSA dates quantities.

Such a PSA was asked what the line holds today. The change moves back to the day on which it was seen as far as the line
holds the same from there on, nothing of those days is posted, and no earlier change stands on the day.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta

from billing_providers.engine.effective_dates import day_of_change
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.psa import UnitPeriod


def on_days_seen(changes: Sequence[LineChange], live: LiveLines, inputs: PlanInputs) -> list[LineChange]:
    """Return the changes on their days; those of a PSA without schedules have theirs already."""
    if not inputs.capabilities.dates_quantities or not inputs.seen_on:
        return list(changes)
    schedules = dict(zip(live.ids, live.columns["schedule"], strict=True))
    taken = {(write.line_id, write.effective_date) for write in inputs.dated_writes}
    return [_moved(change, schedules.get(change.line_id, ()), taken, inputs) for change in changes]


def _moved(
    change: LineChange, schedule: Sequence[UnitPeriod], taken: set[tuple[str, date]], inputs: PlanInputs
) -> LineChange:
    day = day_of_change(inputs, change.customer_codes, change.skus)
    today = inputs.scope.as_of
    if change.step or change.kind is ChangeKind.END_LINE or change.effective_date != today or day >= today:
        return change  # what does not take effect today has a day by another rule
    while day < change.effective_date:
        if (change.line_id, day) not in taken and _same_from(day, change, schedule):
            return dataclasses.replace(change, effective_date=day)
        day += timedelta(days=1)
    return change


def _same_from(day: date, change: LineChange, schedule: Sequence[UnitPeriod]) -> bool:
    rows = [row for row in schedule if row.end >= day and row.start <= change.effective_date]
    known = bool(rows) and rows[0].start <= day
    return known and all(row.units == change.quantity_before and not row.posted for row in rows)
