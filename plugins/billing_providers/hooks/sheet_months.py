"""The calendar month that a row names: a year and a month, as people and spreadsheets write them.

Month: ``7``, ``07``, ``July``, ``Jul``, ``2026-07`` or a date of the month. Year: ``2026`` or a date of the year. A
month that names its year needs no year column; where both are there they must agree. ``Jul-26`` is refused: it is
July 2026 to one program and 26 July to another.
"""

from __future__ import annotations

import re
from datetime import date

from billing_providers.hooks.usage_fields import RowFault

YEAR_MIN, YEAR_MAX = 2000, 2099
# Spelled out, as the names that Python knows depend on the machine's language.
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS = {word: number for number, name in enumerate(_NAMES, 1) for word in (name, name[:3])} | {"sept": 9}
_ISO = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})(?:-[0-9]{2}(?:[T ].*)?)?")


def month_named(year_cell: str, month_cell: str) -> date:
    """Return the first day of the month that a row names. An empty ``year_cell``: the month names its year.

    :raises RowFault: for ``year`` or ``month`` when a cell is no such thing, is missing, or the two contradict.
    """
    own_year, month = _month(month_cell.strip())
    year = _year(year_cell.strip()) or own_year
    if year is None:
        raise RowFault("year", "is empty")
    if own_year is not None and own_year != year:
        raise RowFault("year", f"{year_cell!r} is not the year of the month {month_cell!r}")
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise RowFault("year", f"{year} is not a year from {YEAR_MIN} to {YEAR_MAX}")
    return date(year, month, 1)


def names_year(month_cell: str) -> bool:
    """Tell whether a month names its year, as in 2026-07."""
    return _ISO.fullmatch(month_cell.strip()) is not None


def _month(text: str) -> tuple[int | None, int]:
    if not text:
        raise RowFault("month", "is empty")
    iso = _ISO.fullmatch(text)
    number = (
        int(iso["month"]) if iso else int(text) if re.fullmatch("[0-9]{1,2}", text) else _MONTHS.get(text.casefold())
    )
    if number is None or not 1 <= number <= 12:
        raise RowFault("month", f"{text!r} is not a month such as 7, 07, July, Jul or 2026-07")
    return (int(iso["year"]) if iso else None), number


def _year(text: str) -> int | None:
    if not text:
        return None
    iso = _ISO.fullmatch(text)
    if iso is None and not re.fullmatch("[0-9]{4}", text):
        raise RowFault("year", f"{text!r} is not a year such as 2026")
    return int(iso["year"]) if iso else int(text)
