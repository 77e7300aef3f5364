"""Makes live lines of the world's records: cuts their rows of units into billing periods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from billing_providers.sandbox.autotask.calendar import AtCalendar
from billing_providers.sandbox.autotask.live import LiveLine
from billing_providers.sandbox.autotask.schedule import Schedule, Step
from billing_providers.sandbox.world.modules.records import (
    AtContract,
    AtContractService,
    AtContractServiceBundle,
    AtService,
    AtServiceBundle,
    AtUnits,
)

_DAY = timedelta(days=1)


def rows_by_line(units: Iterable[AtUnits]) -> dict[int, list[AtUnits]]:
    """Return rows of units by line, in the order of their days."""
    ordered = sorted(units, key=lambda row: (row.line_id, row.start))
    return {line_id: list(rows) for line_id, rows in groupby(ordered, key=lambda row: row.line_id)}


def live_line(
    entry: AtContractService | AtContractServiceBundle,
    contract: AtContract,
    item: AtService | AtServiceBundle,
    schedule: Schedule,
) -> LiveLine:
    """Return a line of the world as it stands before the first run."""
    return LiveLine(entry.line_id, contract, item, entry.invoice_text, schedule)


def grown_schedule(
    entry: AtContractService | AtContractServiceBundle,
    rows: list[AtUnits],
    calendar: AtCalendar,
    first_id: int,
    next_id: Callable[[], int],
) -> Schedule:
    """Return the schedule of a line.

    :param rows: what the world says, in order; none: no units from the contract's first day on.
    :raises ValueError: for rows that overlap, leave a gap, leave the contract, or state an amount for several periods.
    """
    if not rows:
        step = Step(calendar.start, 0, entry.unit_price, entry.unit_cost)
        return Schedule(calendar, calendar.start, first_id, [step])
    ends = _ends(rows, calendar)
    schedule = Schedule(
        calendar=calendar,
        first=rows[0].start,
        first_id=first_id,
        steps=[Step(row.start, row.units, entry.unit_price, entry.unit_cost) for row in rows],
    )
    for row in rows:
        schedule.cut(row.start, next_id)
    for row, end in zip(rows, ends, strict=True):
        if row.approved_on is not None or row.price is not None or row.cost is not None:
            _state(schedule, row, end)
    return schedule


def _ends(rows: list[AtUnits], calendar: AtCalendar) -> list[date]:
    following = [row.start - _DAY for row in rows[1:]]
    for row, end in zip(rows, [*following, rows[-1].end or calendar.end], strict=True):
        if row.end not in (None, end) or not calendar.start <= row.start <= end <= calendar.end:
            raise ValueError(f"the units of line {row.line_id} from {row.start} do not fit into its contract")
    return [*following, rows[-1].end or calendar.end]


def _state(schedule: Schedule, row: AtUnits, end: date) -> None:
    covered = list(schedule.rows(row.start, end))
    if row.approved_on is not None:
        schedule.posted |= {part.start: (row.approved_on, part.end) for part in covered}
    if row.price is None and row.cost is None:
        return
    if len(covered) != 1:
        raise ValueError(f"the units of line {row.line_id} from {row.start} state an amount for several periods")
    part = covered[0]
    schedule.stated[part.start] = (_or(row.price, part.price), _or(row.cost, part.cost))


def _or(stated: Decimal | None, computed: Decimal) -> Decimal:
    return computed if stated is None else stated
