"""The billing periods of a contract: whole months, quarters, half years or years, from its first to its last day."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from billing_providers.sandbox.world.modules.records import MONTHLY, QUARTERLY, SEMI_ANNUAL, YEARLY, AtContract

_MONTHS = {MONTHLY: 1, QUARTERLY: 3, SEMI_ANNUAL: 6, YEARLY: 12}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AtPeriod:
    """One billing period.

    :param end: its last day.
    :param whole_days: how long it would be if the contract did not start or end within it.
    """

    start: date
    end: date
    whole_days: int


class AtCalendar:
    """All billing periods of a contract, in order. They start on its anchor day (assumed), else on its first day's."""

    def __init__(self, contract: AtContract) -> None:
        self.start, self.end = contract.start, contract.end
        self.periods = _periods(contract)
        self._starts = [period.start for period in self.periods]

    def index_of(self, day: date) -> int:
        """Return the number of the period that holds a day; days outside of the contract: the first or last one."""
        return max(0, bisect_right(self._starts, day) - 1)

    def starts_on(self, day: date) -> bool:
        """Whether a period starts on a day."""
        return self.periods[self.index_of(day)].start == day


def _periods(contract: AtContract) -> list[AtPeriod]:
    months = _MONTHS.get(contract.period_type, 1)
    anchor = contract.anchor_day or contract.start.day
    begin = contract.start.year * 12 + contract.start.month - 1
    if _on(begin, anchor) > contract.start:
        begin -= 1
    found = []
    while _on(begin, anchor) <= contract.end:
        whole_start, following = _on(begin, anchor), _on(begin + months, anchor)
        found.append(
            AtPeriod(
                start=max(whole_start, contract.start),
                end=min(following - _DAY, contract.end),
                whole_days=(following - whole_start).days,
            )
        )
        begin += months
    return found


def _on(month: int, anchor: int) -> date:
    """Return the anchor day of a month (counted from year 0), or the month's last day where it is shorter."""
    year, number = divmod(month, 12)
    return date(year, number + 1, min(anchor, monthrange(year, number + 1)[1]))
