"""How many units of one line are in force from when on, and the rows in which the PSA shows that.

One row per billing period, future ones included. A change inside a period splits its row at the effective date, and
both parts are prorated by days. A change holds for all later rows too; changes add up.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from billing_providers.sandbox.autotask.calendar import AtCalendar, AtPeriod

_CENT = Decimal("0.01")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """What holds from a day on."""

    since: date
    units: int
    unit_price: Decimal
    unit_cost: Decimal


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row. ``price`` and ``cost`` are for all units and the whole row, prorated."""

    row_id: int
    start: date
    end: date
    units: int
    price: Decimal
    cost: Decimal
    unit_price: Decimal
    approved_on: date | None


@dataclass(slots=True)
class Schedule:
    """The units of one line over time.

    :param first: the first day on which the line is there.
    :param first_id: id of the row of the calendar's first period; the others follow.
    :param steps: what holds from when on, by day; the first one since ``first``.
    :param cuts: days inside of periods on which a row starts, in order, and the ids of these rows.
    :param stated: amounts (price, cost) of rows by their start, where they are not the computed ones.
    :param posted: rows by their start that are approved and posted: the day of that, and the row's last day.
    """

    calendar: AtCalendar
    first: date
    first_id: int
    steps: list[Step]
    cuts: list[date] = field(default_factory=list)
    cut_ids: dict[date, int] = field(default_factory=dict)
    stated: dict[date, tuple[Decimal, Decimal]] = field(default_factory=dict)
    posted: dict[date, tuple[date, date]] = field(default_factory=dict)

    def copied(self) -> Schedule:
        """Return a copy that later changes do not reach."""
        return replace(
            self,
            steps=list(self.steps),
            cuts=list(self.cuts),
            cut_ids=dict(self.cut_ids),
            stated=dict(self.stated),
            posted=dict(self.posted),
        )

    def step_on(self, day: date) -> Step | None:
        """Return what holds on a day; None before the line is there."""
        place = bisect_right(self.steps, day, key=lambda step: step.since)
        return self.steps[place - 1] if place else None

    def units_on(self, day: date) -> int:
        """Return the units in force on a day."""
        step = self.step_on(day)
        return step.units if step else 0

    def lowest_from(self, day: date) -> int:
        """Return the fewest units in force from a day on."""
        later = [step.units for step in self.steps if step.since > day]
        return min([self.units_on(day), *later])

    def posted_until(self) -> date | None:
        """Return the last day that is approved and posted; None: nothing is."""
        return max((end for _, end in self.posted.values()), default=None)

    def rows(self, first: date | None = None, last: date | None = None) -> Iterator[UnitRow]:
        """Return the rows that hold a day from ``first`` to ``last``, by their start."""
        periods = self.calendar.periods
        begin = max(self.first, first or self.first)
        for index in range(self.calendar.index_of(begin), len(periods)):
            if last is not None and periods[index].start > last:
                return
            for row in self._rows_of(index, periods[index]):
                if row.end >= begin and (last is None or row.start <= last):
                    yield row

    def row_holding(self, day: date) -> UnitRow:
        """Return the row that holds a day.

        :raises ValueError: when the line is not there on it.
        """
        return next(self.rows(day, day))

    def change(self, day: date, units: int, unit_price: Decimal | None, unit_cost: Decimal | None) -> None:
        """Add units (below zero: take) from a day on, and set price and cost where given; :meth:`cut` comes first."""
        self.stated = {start: amounts for start, amounts in self.stated.items() if start < day}
        now = self.step_on(day)
        assert now is not None  # cutting saw to it
        if now.since != day:
            insort(self.steps, replace(now, since=day), key=lambda step: step.since)
        place = bisect_left(self.steps, day, key=lambda step: step.since)
        self.steps[place:] = [
            Step(
                step.since,
                step.units + units,
                step.unit_price if unit_price is None else unit_price,
                step.unit_cost if unit_cost is None else unit_cost,
            )
            for step in self.steps[place:]
        ]

    def cut(self, day: date, next_id: Callable[[], int]) -> None:
        """Let a row start on a day of the contract; before the line's first day, it is there from this day on."""
        if day < self.first:
            self.steps.insert(0, replace(self.steps[0], since=day, units=0))
            self.first, day = day, self.first
        if day == self.first or day in self.cut_ids or self.calendar.starts_on(day):
            return
        self.stated.pop(self.row_holding(day).start, None)  # both parts are computed anew
        insort(self.cuts, day)
        self.cut_ids[day] = next_id()

    def _rows_of(self, index: int, period: AtPeriod) -> Iterator[UnitRow]:
        opening = max(period.start, self.first)
        if opening > period.end:
            return
        inner = self.cuts[bisect_right(self.cuts, opening) : bisect_right(self.cuts, period.end)]
        starts = [opening, *inner]
        ends = [*(day - _DAY for day in inner), period.end]
        for start, end in zip(starts, ends, strict=True):
            row_id = self.first_id + index if start == opening else self.cut_ids[start]
            yield self._row(row_id, start, end, period.whole_days)

    def _row(self, row_id: int, start: date, end: date, whole_days: int) -> UnitRow:
        step = self.step_on(start)
        assert step is not None
        days = (end - start).days + 1
        price, cost = self.stated.get(start) or (
            _prorated(step.units * step.unit_price, days, whole_days),
            _prorated(step.units * step.unit_cost, days, whole_days),
        )
        approved_on, _ = self.posted.get(start, (None, None))
        return UnitRow(row_id, start, end, step.units, price, cost, step.unit_price, approved_on)


def _prorated(whole: Decimal, days: int, whole_days: int) -> Decimal:
    """Return the part of an amount that so many days bear, to the cent (assumed)."""
    return (whole * days / whole_days).quantize(_CENT, ROUND_HALF_UP)
