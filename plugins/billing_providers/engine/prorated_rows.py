"""Which pending rows of units cover only a part of their billing period, and where they were split.

The PSA tells rows, not billing periods. The length of a period is that of the contract's cycle; where periods start is
told by the contract's whole rows, else by the integration's calendar (inferred: rows of one contract share their
periods). A row at the contract's first or last day may be short without having been split.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing_providers.model.billing_items import PendingItem
from billing_providers.model.periods import BillingCalendar
from billing_providers.model.psa import Contract

_DAY = timedelta(days=1)
_MONTHS_OF = (("semi", 6), ("half", 6), ("quarter", 3), ("year", 12), ("annual", 12))  # else a month


@dataclass(frozen=True, slots=True)
class Proration:
    """What is known about one row; ``split_on`` is the first day of the later part."""

    prorated: bool
    split_on: date | None


WHOLE = Proration(False, None)


def prorations(
    rows: Sequence[PendingItem], contracts: Mapping[str, Contract], calendar: BillingCalendar
) -> list[Proration]:
    """Return what is known about each row, in the order of the rows.

    :param contracts: by id; a row of an unknown one is held against a month, the shortest period that there is.
    """
    months = {row.contract_id: _months(contracts.get(row.contract_id)) for row in rows}
    begins: dict[str, date] = {}
    for row in rows:
        if not _is_short(row, months[row.contract_id]):
            begins.setdefault(row.contract_id, row.start)
    return [
        _proration(row, months[row.contract_id], begins.get(row.contract_id), contracts.get(row.contract_id), calendar)
        for row in rows
    ]


def _proration(
    row: PendingItem, months: int, begin: date | None, contract: Contract | None, calendar: BillingCalendar
) -> Proration:
    if not _is_short(row, months):
        return WHOLE
    if begin is None and months > 1 and contract is not None:
        begin = contract.start
    first, last = (contract.start, contract.end) if contract else (None, None)
    after = row.end + _DAY
    if row.end != last and not _starts_period(after, months, begin, calendar):
        return Proration(True, after)
    if row.start != first and not _starts_period(row.start, months, begin, calendar):
        return Proration(True, row.start)
    return Proration(True, None)


def _is_short(row: PendingItem, months: int) -> bool:
    return row.end < _months_later(row.start, months) - _DAY


def _starts_period(day: date, months: int, begin: date | None, calendar: BillingCalendar) -> bool:
    if begin is None:
        return calendar.period_containing(day).start == day
    apart = (day.year - begin.year) * 12 + day.month - begin.month
    return apart % months == 0 and day == _months_later(begin, apart)


def _months(contract: Contract | None) -> int:
    cycle = contract.billing_cycle.casefold() if contract else ""
    return next((months for word, months in _MONTHS_OF if word in cycle), 1)


def _months_later(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
