"""Reads mapping tables as people keep them: CSV from a spreadsheet, with strict columns and exact places in errors.

UTF-8 with or without byte order mark; comma, semicolon or tab, whichever fits the header. Blank rows and rows whose
first cell starts with ``#`` are skipped.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from billing_providers.engine.spreadsheet_csv import text_of_cell
from billing_providers.errors import SettingsError
from billing_providers.model.decimals import DecimalError, decimal_from_text

_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its place (``customers.csv, line 4``) and its trimmed cells by column name, empty when absent."""

    where: str
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def fault(self, problem: str, column: str, *, allowed: str = "") -> SettingsError:
        """Return the error for one cell."""
        return SettingsError(problem, where=self.where, key=column, value=self[column] or None, allowed=allowed)


def read_text(path: str | Path) -> str:
    """Return a mapping file's text.

    :raises SettingsError: when the file is missing, is not UTF-8 or holds a NUL character.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"is not UTF-8 (byte {error.start})", where=str(path), allowed="CSV saved as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SettingsError("holds a NUL character", where=f"{path}, line {line}", allowed="CSV saved as UTF-8")
    return text


def read_table(text: str, origin: str, columns: Sequence[str], required: str) -> list[TableRow]:
    """Return the rows of a table.

    :param columns: every allowed column.
    :param required: the column that must be there.
    :raises SettingsError: for an unknown, repeated or missing column and a row that is longer than the header.
    """
    text = text.removeprefix("\ufeff")
    delimiter = delimiter_of(text, columns)
    header: list[str] | None = None
    rows = []
    for line, trimmed in filled_rows(text, delimiter, origin):
        where = f"{origin}, line {line}"
        if header is None:
            header = _checked_header(trimmed, where, columns, required)
            continue
        if any(trimmed[len(header) :]):
            raise SettingsError(f"has {len(trimmed)} cells, the header {len(header)}", where=where)
        rows.append(TableRow(where, line, dict(zip(header, trimmed, strict=False))))
    if header is None:
        raise SettingsError("has no header", where=origin, allowed=", ".join(columns))
    return rows


def delimiter_of(text: str, columns: Sequence[str]) -> str:
    """Return what stands between the cells of a table: whichever mark fits its header."""
    header_line = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return max(_DELIMITERS, key=lambda mark: sum(cell in columns for cell in _cells(header_line, mark)))


def filled_rows(text: str, delimiter: str, origin: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and trimmed cells of every row; blank rows and those that start with ``#`` are skipped.

    An apostrophe that only marks a text, as in ``'=x``, is taken off: our own lists and spreadsheets write it.

    :raises SettingsError: where a row cannot be read, such as a quotation mark that opens a cell and never closes it.
    """
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed) and not trimmed[0].startswith("#"):
                yield reader.line_num, [text_of_cell(cell).strip() for cell in trimmed]
    except csv.Error as error:
        where = f"{origin}, line {reader.line_num}"
        raise SettingsError(f"cannot be read: {error}", where=where, allowed="rows of a CSV file") from None


def near(name: str, known: Sequence[str]) -> str:
    """Return a hint that ends a message: the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def share_of(row: TableRow) -> Fraction | None:
    """Return the row's share, None when its cell is empty.

    :raises SettingsError: unless it is a decimal or a fraction above 0 and up to 1.
    """
    text = row["share"]
    if not text:
        return None
    allowed = "a decimal such as 0.25 or a fraction such as 1/3, above 0 and up to 1"
    try:
        numbers = [Fraction(decimal_from_text(part)) for part in text.split("/")]
        share = numbers[0] / numbers[1] if len(numbers) == 2 else numbers[0]
    except (DecimalError, ZeroDivisionError):
        raise row.fault("is not a share", "share", allowed=allowed) from None
    if len(numbers) > 2 or not 0 < share <= 1:
        raise row.fault("is not a share", "share", allowed=allowed)
    return share


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"').casefold() for cell in line.split(delimiter)]


def _checked_header(cells: list[str], where: str, columns: Sequence[str], required: str) -> list[str]:
    header = [cell.casefold() for cell in cells]
    while header and not header[-1]:
        header.pop()
    for number, name in enumerate(header, 1):
        if name not in columns:
            hint = near(name, columns)
            raise SettingsError(
                f"unknown column{hint}", where=where, key=f"column {number}", value=name, allowed=", ".join(columns)
            )
        if header.count(name) > 1:
            raise SettingsError("the column comes twice", where=where, key=name)
    if required not in header:
        raise SettingsError("the column is missing", where=where, key=required, allowed=", ".join(columns))
    return header
