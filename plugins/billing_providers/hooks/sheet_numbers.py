"""Amounts as spreadsheets write them, read by one decimal mark for the whole file, never cell by cell.

- Seen in exports: ``1,234.50``, ``1.234,50``, ``1 234,50`` (plain, no-break and thin spaces), ``1'234.5``. A group
  mark stands before every three digits or not at all, and a grouped number starts with 1 to 9.
- Example: ``1,234`` is 1234 with a decimal point and 1.234 with a decimal comma. One ``1,234.50`` elsewhere in the
  file decides for both; without any such cell the file is ambiguous and refused.
- A number of a spreadsheet that is no text (:class:`~billing_providers.hooks.report_files.PlainNumber`) is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from billing_providers.errors import SettingsError
from billing_providers.hooks.report_files import PlainNumber
from billing_providers.model.decimals import DecimalError, decimal_from_text, text_from_decimal

_CELLS_SHOWN = 5
_MINUS = "-\N{MINUS SIGN}"
_BLANKS = " \N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"


class DecimalMark(StrEnum):
    """What separates the decimals of a number."""

    POINT = "point"
    COMMA = "comma"


def _shape(decimal: str, thousands: str) -> re.Pattern[str]:
    mark = f"[{thousands}{_BLANKS}{_APOSTROPHES}]"
    grouped = rf"[1-9][0-9]{{0,2}}(?P<mark>{mark})[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*"
    return re.compile(rf"(?P<whole>{grouped}|[0-9]*)(?:{re.escape(decimal)}(?P<decimals>[0-9]+))?")


_SHAPES = {DecimalMark.POINT: _shape(".", ","), DecimalMark.COMMA: _shape(",", ".")}


def decimal_mark_of(cells: Iterable[tuple[str, str]], *, where: str) -> DecimalMark:
    """Return the decimal mark of a file.

    :param cells: (position, text) of every cell of the file that holds an amount; texts that are no number in either
        reading decide nothing.
    :raises SettingsError: when every number fits both readings with different values, or some fit only the one and
        some only the other; shows the cells.
    """
    only: dict[DecimalMark, list[str]] = {DecimalMark.POINT: [], DecimalMark.COMMA: []}
    both: list[str] = []
    for position, text in cells:
        if isinstance(text, PlainNumber):
            continue
        point, comma = (_reading(text.strip(), mark) for mark in DecimalMark)
        if point is not None and comma is None:
            only[DecimalMark.POINT].append(f"{position} {text!r}")
        elif comma is not None and point is None:
            only[DecimalMark.COMMA].append(f"{position} {text!r}")
        elif point is not None and comma is not None and point != comma:
            either = f"{text_from_decimal(point)} or {text_from_decimal(comma)}"
            both.append(f"{position} {text!r} ({either})")
    pointed, with_comma = only[DecimalMark.POINT], only[DecimalMark.COMMA]
    if pointed and with_comma:
        found = f"{_some(pointed)} have a decimal point, {_some(with_comma)} a decimal comma"
        raise _undecided(f"the numbers of the file contradict each other: {found}", where)
    if both and not pointed and not with_comma:
        raise _undecided(f"the numbers of the file can be read in two ways: {_some(both)}", where)
    return DecimalMark.COMMA if with_comma else DecimalMark.POINT


def amount_of(cell: str, mark: DecimalMark) -> Decimal:
    """Return the amount of a cell, 0 or more.

    :raises DecimalError: for an empty or negative cell and for what is no number with this decimal mark.
    """
    text = cell.strip()
    if not text:
        raise DecimalError("is empty")
    unsigned, plain = text.lstrip(_MINUS), isinstance(cell, PlainNumber)
    number = decimal_from_text(unsigned) if plain else _reading(unsigned, mark)
    if number is None:
        raise DecimalError(f"{text!r} is not a number with a decimal {mark}")
    if unsigned != text and (number or not plain):  # a spreadsheet's own -0 is 0
        raise DecimalError(f"{text!r} is negative")
    return decimal_from_text(number)


def _reading(text: str, mark: DecimalMark) -> Decimal | None:
    found = _SHAPES[mark].fullmatch(text)
    if found is None or not text:
        return None
    whole = re.sub("[^0-9]", "", found["whole"]) or "0"
    return Decimal(f"{whole}.{found['decimals'] or ''}")


def _some(cells: list[str]) -> str:
    more = len(cells) - _CELLS_SHOWN
    return ", ".join(cells[:_CELLS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _undecided(problem: str, where: str) -> SettingsError:
    return SettingsError(problem, where=where, key="number_format", value="auto", allowed="point, comma")
