"""Every form in which the usage file may arrive: encoding, delimiter, number format, month, headings.

The columns are what rCloud is known to send: client, billable space, year, month. How an export prints them is
assumed; each form below is what spreadsheet programs of some country produce.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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

    words: str  # for people, in the docs
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
_SMALL = ("client", "billable_space", "year", "month")
_SHOUTED = (" CLIENT NAME ", "BILLABLE-SPACE", "YEAR", "MONTH")


def _continental(words: str, **form: Any) -> RCloudShape:
    usual: dict[str, Any] = {"delimiter": ";", "number": german_number}
    return RCloudShape(words, **(usual | form))


SHAPES: dict[str, RCloudShape] = {
    "plain": RCloudShape("CSV: UTF-8, comma, 1234.50, month 7"),
    "bom": RCloudShape("with a byte order mark", encoding="utf-8-sig"),
    "unix": RCloudShape("with the line ends of Unix", line_end="\n"),
    "utf16": RCloudShape("UTF-16 with tabs: the Unicode text of spreadsheets", encoding="utf-16", delimiter="\t"),
    "cp1252": _continental("code page 1252, semicolon; letters that it lacks become `?`", encoding="cp1252"),
    "english": RCloudShape("1,234.50", number=english_number),
    "quoted": RCloudShape("1,234.50, every cell in quotes", number=english_number, quote_all=True),
    "german": _continental("semicolon, 1.234,50"),
    "french": _continental("1 234,50 with a no-break space", number=_spaced(NO_BREAK), encoding="utf-8-sig"),
    "french_narrow": _continental("1 234,50 with a narrow no-break space", number=_spaced(NARROW)),
    "french_thin": _continental("1 234,50 with a thin space", number=_spaced(THIN)),
    "swiss": _continental("1'234.5", number=swiss_number),
    "tab": RCloudShape("with tabs", delimiter="\t"),
    "padded_month": RCloudShape("month 07", month="{month:02d}"),
    "month_name": RCloudShape("month July", month="{name}"),
    "short_month": RCloudShape("month Jul", month="{short}"),
    "iso_month": RCloudShape("month 2026-07", month="{year}-{month:02d}"),
    "long_headings": RCloudShape("Client Name, Billable Space (GB)", headings=_LONG),
    "small_headings": RCloudShape("client, billable_space", headings=_SMALL),
    "shouted_headings": RCloudShape("CLIENT NAME with blanks around it, BILLABLE-SPACE", headings=_SHOUTED),
    "managed_id": RCloudShape("with the column Managed ID", managed_id=True),
    "ambiguous": RCloudShape("1,235 and nothing that tells what the comma means", number=ambiguous_number),
    "xlsx": RCloudShape("XLSX with numbers", kind=XLSX),
    "xlsx_managed_id": RCloudShape("with the column Managed ID", kind=XLSX, managed_id=True, headings=_LONG),
    "xlsx_text": RCloudShape(
        "numbers as text, 1.234,50", kind=XLSX, numbers_as_text=True, number=german_number, month="{name}"
    ),
    "xlsx_date": RCloudShape("the month as a date, its first day", kind=XLSX, month=""),
}
