"""Every form in which the usage file may arrive: encoding, delimiter, number format, month, headings.

The columns are what rCloud is known to send: client, billable space, year, month. How an export prints them is
assumed; each form below is what spreadsheet programs of some country produce.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

CSV, XLSX = "csv", "xlsx"
NO_BREAK, THIN, NARROW = "\u00a0", "\u2009", "\u202f"


def plain_number(number: Decimal) -> str:
    """1234.50."""
    return f"{number:.2f}"


def english_number(number: Decimal) -> str:
    """1,234.50."""
    return f"{number:,.2f}"


def german_number(number: Decimal) -> str:
    """1.234,50."""
    return _separated(number, ".", ",")


def swiss_number(number: Decimal) -> str:
    """1'234.50, without zeros at the end."""
    return _separated(number, "'", ".").rstrip("0").rstrip(".")


def ambiguous_number(number: Decimal) -> str:
    """1,235: whole, with a separator that may be either."""
    return f"{number:,.0f}"


def _spaced(blank: str) -> Callable[[Decimal], str]:
    return lambda number: _separated(number, blank, ",")


def _separated(number: Decimal, thousands: str, point: str) -> str:
    return f"{number:,.2f}".replace(",", "\0").replace(".", point).replace("\0", thousands)


@dataclass(frozen=True, slots=True)
class RCloudShape:
    """How the file is written.

    :param month: a pattern for ``str.format`` with ``year``, ``month``, ``name`` and ``short``; empty: a date cell
        with the first day of the month (XLSX).
    :param numbers_as_text: XLSX alone: the space is text in ``number`` format, not a number.
    :param managed_id: whether the column Managed ID is there.
    """

    kind: str = CSV
    encoding: str = "utf-8"
    delimiter: str = ","
    quote_all: bool = False
    number: Callable[[Decimal], str] = plain_number
    month: str = "{month}"
    headings: tuple[str, str, str, str] = ("Client", "Billable Space", "Year", "Month")
    managed_id: bool = False
    numbers_as_text: bool = False
    line_end: str = "\r\n"

    def month_text(self, year: int, month: int) -> str:
        """Return the month as this form prints it, in English."""
        return self.month.format(
            year=year, month=month, name=calendar.month_name[month], short=calendar.month_abbr[month]
        )


_LONG = ("Client Name", "Billable Space (GB)", "Year", "Month")
_PLAIN = RCloudShape()
_CONTINENTAL = RCloudShape(delimiter=";", number=german_number)
_SHEET = RCloudShape(kind=XLSX)
SHAPES: dict[str, RCloudShape] = {
    "plain": _PLAIN,
    "bom": replace(_PLAIN, encoding="utf-8-sig"),
    "unix": replace(_PLAIN, line_end="\n"),
    "utf16": RCloudShape(encoding="utf-16", delimiter="\t"),  # "Unicode text" of spreadsheet programs
    "cp1252": replace(_CONTINENTAL, encoding="cp1252"),  # letters that the code page lacks become question marks
    "english": replace(_PLAIN, number=english_number),
    "quoted": replace(_PLAIN, number=english_number, quote_all=True),
    "german": _CONTINENTAL,
    "french": replace(_CONTINENTAL, number=_spaced(NO_BREAK), encoding="utf-8-sig"),
    "french_narrow": replace(_CONTINENTAL, number=_spaced(NARROW)),
    "french_thin": replace(_CONTINENTAL, number=_spaced(THIN)),
    "swiss": replace(_CONTINENTAL, number=swiss_number),
    "tab": replace(_PLAIN, delimiter="\t"),
    "padded_month": replace(_PLAIN, month="{month:02d}"),
    "month_name": replace(_PLAIN, month="{name}"),
    "short_month": replace(_PLAIN, month="{short}"),
    "iso_month": replace(_PLAIN, month="{year}-{month:02d}"),
    "long_headings": replace(_PLAIN, headings=_LONG),
    "small_headings": replace(_PLAIN, headings=("client", "billable_space", "year", "month")),
    "shouted_headings": replace(_PLAIN, headings=(" CLIENT NAME ", "BILLABLE-SPACE", "YEAR", "MONTH")),
    "managed_id": replace(_PLAIN, managed_id=True),
    "ambiguous": replace(_PLAIN, number=ambiguous_number),
    "xlsx": _SHEET,
    "xlsx_managed_id": replace(_SHEET, managed_id=True, headings=_LONG),
    "xlsx_text": replace(_SHEET, numbers_as_text=True, number=german_number, month="{name}"),
    "xlsx_date": replace(_SHEET, month=""),
}  # fmt: skip
