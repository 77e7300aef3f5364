"""Writes rCloud's usage file of a month, in any shape and with any trouble.

>>> import tempfile
>>> from pathlib import Path
>>> from billing_providers.sandbox.world import build_world
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "rcloud-2026-07.csv"
...     count = write_rcloud_file(path, build_world().resale, 2026, 7)
...     path.read_text(encoding="utf-8").splitlines()[0]
'Client,Billable Space,Year,Month'
"""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

from billing_providers.sandbox.core.messages import json_number
from billing_providers.sandbox.rcloud.rows import FileRow
from billing_providers.sandbox.rcloud.shapes import SHAPES, XLSX, RCloudShape
from billing_providers.sandbox.rcloud.troubles import rows_with
from billing_providers.sandbox.world.resale.backup_records import Month
from billing_providers.sandbox.world.resale.resale import Resale

WRONG_HEADING = "Used Space"


def write_rcloud_file(
    path: Path, resale: Resale, year: int, month: int, shape: str = "plain", trouble: str = ""
) -> int:
    """Write the usage file of a month and return the number of rows below the heading, whole or not.

    :param shape: a name of :data:`~billing_providers.sandbox.rcloud.shapes.SHAPES`; it decides between CSV and XLSX.
    :param trouble: a name of :data:`~billing_providers.sandbox.rcloud.troubles.TROUBLES`; empty: none.
    :raises ValueError: for an unknown shape or trouble.
    """
    if shape not in SHAPES:
        raise ValueError(f"no shape {shape!r}; there are: {', '.join(SHAPES)}")
    form = SHAPES[shape]
    rows = rows_with(trouble, resale, Month(year, month))
    headings = list(form.headings)
    if trouble == "wrong_column":
        headings[1] = WRONG_HEADING
    table = [_with_managed_id(form, headings, "Managed ID"), *(_cells(form, row) for row in rows)]
    content = _xlsx(table) if form.kind == XLSX else _csv(form, table)
    if trouble == "half_written":
        content = content[: len(content) * 3 // 5 - 1]
    path.write_bytes(b"" if trouble == "no_bytes" else content)
    return len(rows)


def _cells(form: RCloudShape, row: FileRow) -> list[Any]:
    numbers = form.kind == XLSX and not form.numbers_as_text
    space: Any = json_number(row.space) if numbers else form.number(row.space)
    if row.cell is not None:
        space = row.cell
    year, month = row.month
    cells = [row.client, space, year, _month(form, year, month)]
    return _with_managed_id(form, cells, row.managed_id)


def _month(form: RCloudShape, year: int, month: int) -> Any:
    if not form.month:
        return date(year, month, 1)
    return month if form.kind == XLSX and form.month == "{month}" else form.month_text(year, month)


def _with_managed_id(form: RCloudShape, cells: list[Any], managed_id: str) -> list[Any]:
    return [cells[0], managed_id, *cells[1:]] if form.managed_id else cells


def _csv(form: RCloudShape, table: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(
        text,
        delimiter=form.delimiter,
        quoting=csv.QUOTE_ALL if form.quote_all else csv.QUOTE_MINIMAL,
        lineterminator=form.line_end,
    ).writerows(table)
    return text.getvalue().encode(form.encoding, errors="replace")


def _xlsx(table: list[list[Any]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Usage")
    for cells in table:
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
