"""From which day on a change can be undone, where the PSA dates quantities: never before the day of the change itself.

A difference cannot be taken back, only followed by another one, and not on the same day. So the earliest day is wanted
that the contract covers, that is not posted, and for which the line was not changed before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing_providers.model.psa import Contract, UnitPeriod

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LegalDay:
    """The earliest legal day, None where there is none; and why it is not the wanted one, for people."""

    day: date | None
    why: str = ""


def legal_day(
    wanted: date, schedule: Sequence[UnitPeriod], contract: Contract | None, taken: Collection[date]
) -> LegalDay:
    """Return the earliest day from the wanted one on from which a line can be changed.

    :param schedule: rows of the line, ascending; days beyond them are not known, and so not legal.
    :param taken: days for which the line was changed before.
    """
    day, why = wanted, ""
    while True:
        if contract is not None and contract.end is not None and day > contract.end:
            return LegalDay(None, f"{why or 'it is too late'}, and contract {contract.name} ends on {contract.end}")
        row = next((row for row in schedule if row.start <= day <= row.end), None)
        if row is None:
            return LegalDay(None, f"{why or 'no units are told'}, and no later day is known to be free")
        if row.posted:
            day, why = row.end + _DAY, f"the days until {row.end} are approved and posted"
        elif day in taken:
            day, why = day + _DAY, f"the line was changed for {day} already"
        else:
            return LegalDay(day, why)
