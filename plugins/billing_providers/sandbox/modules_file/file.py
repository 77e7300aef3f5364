"""Writes the metrics file of a month, in any shape and with any trouble.

>>> import tempfile
>>> from pathlib import Path
>>> from billing_providers.sandbox.world import build_world
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "modules-2026-07.csv"
...     count = write_metrics_file(path, build_world().modules, 2026, 7)
...     path.read_text(encoding="utf-8").splitlines()[0]
'Module,Organization,Billing Type,Count'
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

from billing_providers.sandbox.core.messages import json_number
from billing_providers.sandbox.modules_file.rows import FileRow
from billing_providers.sandbox.modules_file.shapes import (
    BILLING_TYPE,
    COUNT,
    DATE,
    MODULE,
    ORGANIZATION,
    ORGANIZATION_ID,
    PERIOD,
    SHAPES,
    UNIT,
    XLSX,
    MetricsShape,
)
from billing_providers.sandbox.modules_file.troubles import rows_with
from billing_providers.sandbox.world.modules.modules import Modules
from billing_providers.sandbox.world.modules.rmm import stable_id

WRONG_HEADING = "Quantity Used"


def write_metrics_file(
    path: Path,
    modules: Modules,
    year: int,
    month: int,
    shape: str = "plain",
    trouble: str = "",
    only: Collection[str] = (),
) -> int:
    """Write the metrics file of a month and return the number of rows below the heading, whole or not.

    :param shape: a name of :data:`~billing_providers.sandbox.modules_file.shapes.SHAPES`; it decides between CSV and
        XLSX.
    :param trouble: a name of :data:`~billing_providers.sandbox.modules_file.troubles.TROUBLES`; empty: none.
    :param only: the modules that are in it; empty: all.
    :raises ValueError: for an unknown shape or trouble.
    """
    if shape not in SHAPES:
        raise ValueError(f"no shape {shape!r}; there are: {', '.join(SHAPES)}")
    form = SHAPES[shape]
    rows = [row for row in rows_with(trouble, modules, year, month) if not only or row.module in only]
    table: list[list[Any]] = [form.heading_row(), *(_cells(form, row) for row in rows)]
    place = form.columns.index(COUNT)
    if trouble == "wrong_column":
        table[0][place] = WRONG_HEADING
    if trouble == "missing_column":
        table = [cells[:place] + cells[place + 1 :] for cells in table]
    content = _xlsx(table) if form.kind == XLSX else _csv(form, table)
    if trouble == "half_written":
        content = content[: len(content) * 3 // 5 - 1]
    path.write_bytes(b"" if trouble == "no_bytes" else content)
    return len(rows)


def _cells(form: MetricsShape, row: FileRow) -> list[Any]:
    numbers = form.kind == XLSX and not form.numbers_as_text
    count: Any = json_number(row.count) if numbers else form.number(row.count)
    known: dict[str, Any] = {
        MODULE: row.module,
        ORGANIZATION: row.organization,
        BILLING_TYPE: row.billing_type,
        COUNT: count if row.cell is None else row.cell,
        ORGANIZATION_ID: stable_id("organization", f"{row.module}/{row.organization}") if row.organization else "",
        UNIT: "Count",
        DATE: row.day.strftime(form.date_form) if form.date_form else row.day,
        PERIOD: f"{row.day:%Y-%m}",
    }
    return [known[name] for name in form.columns]


def _csv(form: MetricsShape, table: list[list[Any]]) -> bytes:
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
    sheet = book.create_sheet("Metrics")
    for cells in table:
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
