"""Rows out of an exported report, CSV or XLSX: as text, exactly as the file holds them, or a reason why not.

- CSV: the encoding is UTF-8 (with or without mark), UTF-16, else Windows-1252; the delimiter is the one of
  ``, ; tab |`` that makes the most columns out of the heading row.
- XLSX: numbers are read as text with the 15 significant digits that Excel keeps and shows, so that a stored
  434.99999999999994 is the 435 that people see; dates become ISO dates. A formula is no value: it is refused.
- A workbook is a zip file: one that says that it unpacks to more than a report ever has is refused unread.
- A file that breaks off, or a workbook that is damaged anywhere in what is read, is told as ``broken_off``.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any
from zipfile import ZipFile

from billing_providers.errors import SettingsError

BYTES_MAX = 512 << 20  # of a file, and of what a workbook unpacks to: a million rows have less

_ROWS_MAX = 1_048_576  # of a worksheet
_DELIMITERS = ",;\t|"
_CUT_OFF = frozenset({"unexpected end of data", "truncated data"})  # what decoders call a letter without its last bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A cell that holds no value: a formula or an error of the spreadsheet."""

    why: str


class PlainNumber(str):
    """A cell that the spreadsheet itself holds as a number: plain digits and a decimal point, whatever people see."""

    __slots__ = ()


@dataclass(slots=True)
class Sheet:
    """The heading row and the rows below it, with the row numbers that people see; blank rows are left out."""

    headings: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)
    broken_off: str = ""  # why the file looks half-written; empty when it looks whole
    open_end: bool = False  # the last row has no line end, so its last cell may be cut off
    more_rows: bool = False  # not all rows were asked for, and there may be more
    notes: list[str] = field(default_factory=list)


def read_csv(content: bytes, *, delimiter: str = "", encoding: str = "", where: str) -> Sheet:
    """Return the rows of a CSV file. Empty ``delimiter`` and ``encoding`` are found out.

    :raises SettingsError: when the encoding does not fit.
    """
    sheet = Sheet()
    text = _decoded(content, encoding, sheet, where)
    if text[:4].casefold() == "sep=" and "\n" in text:  # Excel's own hint, no row
        hint, _, text = text.partition("\n")
        delimiter, first_row = delimiter or hint.rstrip("\r")[4:5], 1
    else:
        first_row = 0
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text), strict=True)
    try:
        for cells in rows:
            _take(sheet, rows.line_num + first_row, cells)
    except csv.Error as error:
        sheet.broken_off = f"row {rows.line_num + first_row} cannot be read: {error}"
        return sheet
    sheet.open_end = not text.endswith(("\n", "\r"))
    if sheet.open_end and not sheet.rows:
        sheet.broken_off = "the file breaks off in its headings"
    elif sheet.open_end and len(sheet.rows[-1][1]) < len(sheet.headings):
        sheet.broken_off = f"the last row ({sheet.rows[-1][0]}) is cut off"
    return sheet


def read_xlsx(content: bytes, *, sheet_name: str = "", rows_max: int | None = None, where: str) -> Sheet:
    """Return the rows of a worksheet, by default the first.

    :param rows_max: how many rows are read, headings and blank ones included; None: all.
    :raises SettingsError: when there is no such worksheet, or it unpacks to more than ``BYTES_MAX``.
    """
    from openpyxl import load_workbook

    sheet = Sheet()
    try:
        _refuse_too_large(content, where)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        if sheet_name and sheet_name not in book.sheetnames:
            allowed = ", ".join(book.sheetnames)
            raise SettingsError("no such worksheet", where=where, key="sheet", value=sheet_name, allowed=allowed)
        worksheet: Any = book[sheet_name] if sheet_name else book.worksheets[0]
        worksheet.reset_dimensions()  # where an exporter states too small an area, the rows below it would be lost
        for number, cells in enumerate(islice(worksheet.iter_rows(), rows_max), start=1):
            if number > _ROWS_MAX:  # one row may claim any number, and all before it would be counted up to it
                return Sheet(broken_off=f"it has a row beyond {_ROWS_MAX}, which no worksheet has")
            texts = [_cell_text(cell) for cell in cells]
            _take(sheet, number, texts + [""] * (len(sheet.headings) - len(texts)))
            sheet.more_rows = number == rows_max
        book.close()
    except SettingsError:
        raise
    except Exception as error:  # damage shows wherever it is unpacked or parsed, as any error; nothing of it is trusted
        return Sheet(broken_off=f"it is not a whole workbook ({type(error).__name__})")
    return sheet


def _refuse_too_large(content: bytes, where: str) -> None:
    """Refuse a workbook by the sizes that it states; no part of a zip file is unpacked beyond its own."""
    with ZipFile(io.BytesIO(content)) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > BYTES_MAX:
        raise too_large(size, where)


def too_large(size: int, where: str) -> SettingsError:
    """Return the error for a file that is larger than any report, or unpacks to more."""
    allowed = f"at most {BYTES_MAX >> 20} MB, unpacked"
    return SettingsError(f"is too large ({size >> 20} MB)", where=where, key="url", allowed=allowed)


def _take(sheet: Sheet, number: int, cells: list[Any]) -> None:
    if not any(cell if isinstance(cell, Refused) else cell.strip() for cell in cells):
        return
    if not sheet.headings:
        sheet.headings = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        while sheet.headings and not sheet.headings[-1]:
            sheet.headings.pop()
        return
    while len(cells) > len(sheet.headings) and cells[-1] == "":
        cells.pop()
    sheet.rows.append((number, cells))


def _cell_text(cell: Any) -> Any:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return Refused("a formula; export values")
    if cell.data_type == "e":
        return Refused(f"the spreadsheet error {value}")
    return _value_text(value)


def _value_text(value: Any) -> str:
    if isinstance(value, float):
        return PlainNumber(format(value, ".15g"))
    if isinstance(value, int) and not isinstance(value, bool):
        return PlainNumber(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _decoded(content: bytes, encoding: str, sheet: Sheet, where: str) -> str:
    if not encoding:
        encoding = _encoding(content)
        if encoding == "cp1252":
            sheet.notes.append("the file is not UTF-8 and was read as Windows-1252")
    try:
        return content.decode(encoding)
    except (UnicodeError, LookupError) as error:
        if isinstance(error, UnicodeDecodeError) and error.reason in _CUT_OFF:
            sheet.broken_off = "the file ends inside a letter"
            return content[: len(content) - len(error.object) + error.start].decode(encoding)
        raise SettingsError(
            f"the file cannot be read ({error})",
            where=where,
            key="encoding",
            value=encoding,
            allowed="e.g. utf-8, cp1252",
        ) from None


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)  # a file cut off inside a letter is still UTF-8
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _delimiter(text: str) -> str:
    heading = next(_lines(text), "")
    return max(_DELIMITERS, key=lambda mark: _width(heading, mark))


def _width(heading: str, mark: str) -> int:
    """Return how many columns a delimiter makes; 0 where a cell would be longer than any."""
    try:
        return len(next(csv.reader([heading], delimiter=mark), []))
    except csv.Error:
        return 0


def _lines(text: str) -> Iterator[str]:
    return (line for line in io.StringIO(text) if line.strip())
