"""Tables to take along, as CSV or XLSX: all rows of what is shown, and no cell that a spreadsheet would compute.

A file is written beside the memory before its first byte is sent: a fault is told as a page, a slow reader holds no
connection to the ledger.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import IO, Any, Literal

from fastapi import HTTPException, Response
from fastapi.responses import StreamingResponse

from billing_providers.engine.spreadsheet_csv import write_csv

Form = Literal["csv", "xlsx"]

IN_MEMORY = 4 * 1024 * 1024
ROWS_OF_A_SHEET = 1_048_576
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table_file(form: Form, name: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a table as a file to keep.

    :param name: of the file, without its ending; what file systems or headers take ill is replaced.
    :param rows: texts, numbers, days and instants; None is an empty cell.
    """
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - open until it is sent
    try:
        (_write_csv if form == "csv" else _write_xlsx)(file, heading, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    plain = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "._-") else "_" for mark in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}.{form}"'}
    return StreamingResponse(_parts(file), media_type=_TYPES[form], headers=headers)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(64 * 1024):
            yield part


def _write_csv(file: IO[bytes], heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    write_csv(text, ([_told(value) for value in row] for row in chain([heading], rows)))
    text.detach()


def _told(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else _day_or_number(value)


def _day_or_number(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _write_xlsx(file: IO[bytes], heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Billing")
    sheet.freeze_panes = "A2"

    def cell(value: object) -> Any:
        if value is None or isinstance(value, int | Decimal):
            return value
        text = value if isinstance(value, str) else _day_or_number(value)
        made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
        made.data_type = "s"  # a text, whatever it begins with
        return made

    sheet.append([cell(name) for name in heading])
    try:
        for number, row in enumerate(rows, start=2):
            if number > ROWS_OF_A_SHEET:
                raise HTTPException(413, "A sheet has no room for so many rows; take CSV, or choose fewer.")
            sheet.append([cell(value) for value in row])
    except BaseException:
        sheet.close()  # it writes to a file of its own, which would stay open
        raise
    book.save(file)
