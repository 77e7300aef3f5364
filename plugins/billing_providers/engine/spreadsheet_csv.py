"""The one writer of CSV files for people: no cell is a formula, and reading it back gives the text that was meant.

- A spreadsheet takes a cell for a formula that begins with ``= + - @``, also behind blanks, quotation marks or a tab,
  and some take the full-width signs as well. Where semicolons or tabs separate cells, what follows one begins a cell.
- Such a cell gets an apostrophe in front, the spreadsheets' own sign for a text. A plain number stays a number.
- ``#`` begins a remark in our own tables, so a text that begins with it is marked in the same way.
- Example: ``=HYPERLINK(…)`` is written ``'=HYPERLINK(…)``, ``'=x`` is ``''=x``, and ``-12.5`` stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

from billing_providers.plain_text import plain_text

_SIGNS = (
    "-=+@"
    "\N{MINUS SIGN}"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
    "\N{SMALL EQUALS SIGN}\N{SMALL PLUS SIGN}\N{SMALL HYPHEN-MINUS}\N{SMALL COMMERCIAL AT}"
)
_PASSED_OVER = r"\s'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x1f"
_FORMULA = rf"(?:[{_PASSED_OVER}]*[{_SIGNS}]|'*[\t\r\n#])"
_BEGINS = re.compile(rf"(^|[;\t])(?={_FORMULA})")
_MADE_TEXT = re.compile(rf"(^|[;\t])'(?={_FORMULA})")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def csv_text(heading: Iterable[str], rows: Iterable[Iterable[str]], *, line_end: str = "\r\n") -> str:
    """Return a CSV file, every cell harmless in a spreadsheet."""
    text = io.StringIO(newline="")
    write_csv(text, [heading, *rows], line_end=line_end)
    return text.getvalue()


def write_csv(file: TextIO, rows: Iterable[Iterable[str]], *, delimiter: str = ",", line_end: str = "\r\n") -> None:
    """Write rows to a file that is open for text, every cell harmless in a spreadsheet."""
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([harmless_cell(cell) for cell in row] for row in rows)


def harmless_cell(text: str) -> str:
    """Return the cell that stands for a text.

    >>> harmless_cell("=1+1"), harmless_cell("-12.5"), harmless_cell("Acme")
    ("'=1+1", '-12.5', 'Acme')
    """
    text = plain_text(text)
    return text if _NUMBER.fullmatch(text) else _BEGINS.sub(r"\1'", text)


def text_of_cell(cell: str) -> str:
    """Return the text that a cell stands for.

    >>> text_of_cell("'=1+1"), text_of_cell("'tis"), text_of_cell("-12.5")
    ('=1+1', "'tis", '-12.5')
    """
    return _MADE_TEXT.sub(r"\1", cell)
