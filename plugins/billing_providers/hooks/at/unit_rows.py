"""Units of lines by day: rows of ``ContractServiceUnits`` and ``ContractServiceBundleUnits`` as schedules.

A row holds the units of one line over a billing period, split where an adjustment took effect; both days are inside
(seen: the vendor's help, two clients). Rows of periods to come exist already. ``approveAndPostDate`` is set once a row
was approved and posted (inferred from its name). Amounts of rows are for all units and the whole period.

``contractServiceID`` may be empty: such a row counts for the only line of its contract and service, if there is one. A
line without a row on a day on which its contract bills other lines has no units on that day: a service that was added
later has none before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from billing_providers.hooks.http.fields import Fields
from billing_providers.model.psa import Days, UnitPeriod

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row. ``line`` is empty where the server told none; the ids are the server's own, without mark."""

    contract: str
    service: str
    line: str
    period: UnitPeriod


@dataclass(frozen=True, slots=True)
class UnitRows:
    """The unit rows of some contracts, of services or of bundles.

    :ivar doubtful: contract and service with rows that name no line and fit several.
    """

    by_line: dict[str, list[UnitPeriod]] = field(default_factory=lambda: defaultdict(list))
    billed: dict[str, set[tuple[date, date, bool]]] = field(default_factory=lambda: defaultdict(set))
    doubtful: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Iterable[UnitRow], lines: dict[tuple[str, str], list[str]]) -> UnitRows:
        """Sort rows by line.

        :param lines: the lines by contract and service.
        """
        held = cls()
        for row in rows:
            place = (row.contract, row.service)
            held.billed[row.contract].add((row.period.start, row.period.end, row.period.posted))
            candidates = [row.line] if row.line else lines.get(place, [])
            if len(candidates) == 1:
                held.by_line[candidates[0]].append(row.period)
            else:
                held.doubtful.add(place)
        return held

    def schedule(self, line: str, contract: str, days: Days) -> tuple[UnitPeriod, ...] | None:
        """Return the units of a line on these days, ascending; None when two rows tell of one day."""
        told = sorted(self.by_line.get(line, ()), key=lambda period: period.start)
        if any(later.start <= earlier.end for earlier, later in pairwise(told)):
            return None
        gaps = [nothing for gap in _gaps(told, days) for nothing in self._nothing(contract, gap)]
        return tuple(sorted([*told, *gaps], key=lambda period: period.start))

    def _nothing(self, contract: str, gap: Days) -> Iterator[UnitPeriod]:
        """Yield the parts of a gap on which the contract bills other lines: there, this one has no units."""
        rows = [row for row in self.billed.get(contract, ()) if row[0] <= gap.last and row[1] >= gap.first]
        cuts = {gap.first, gap.last + _DAY}
        cuts |= {day for start, end, _ in rows for day in (start, end + _DAY) if gap.first < day <= gap.last}
        for first, after in pairwise(sorted(cuts)):
            posted = [row[2] for row in rows if row[0] <= first <= row[1]]
            if posted:
                yield UnitPeriod(first, after - _DAY, Decimal(0), posted=any(posted))


def unit_row(row: Fields, *, line: str, service: str) -> UnitRow:
    """Return one row.

    :param line, service: names of the fields with its line and its service.
    :raises UnreadableAnswer: without contract, days or units.
    """
    start, end, units = row.day("startDate"), row.day("endDate"), row.number("units")
    if start is None or end is None or end < start:
        raise row.unreadable("endDate" if start else "startDate", "a day, and the end not before the start")
    if units is None:
        raise row.unreadable("units", "a number")
    return UnitRow(
        contract=row.identity("contractID"),
        service=row.identity(service),
        line="" if row.get(line) in (None, 0) else row.identity(line),
        period=UnitPeriod(start, end, units, posted=bool(row.text("approveAndPostDate"))),
    )


def _gaps(told: list[UnitPeriod], days: Days) -> Iterator[Days]:
    free = days.first
    for period in told:
        if period.start > free:
            yield Days(free, min(period.start - _DAY, days.last))
        free = max(free, period.end + _DAY)
    if free <= days.last:
        yield Days(free, days.last)
