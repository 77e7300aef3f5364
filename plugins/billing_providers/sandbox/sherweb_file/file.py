"""Writes Sherweb's invoice of a period as a file, in any shape and with any trouble.

>>> import tempfile
>>> from datetime import date
>>> from pathlib import Path
>>> from billing_providers.model.periods import BillingCalendar
>>> from billing_providers.sandbox.world import build_world
>>> july = BillingCalendar().period_containing(date(2026, 7, 1))
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "invoice.csv"
...     count = write_sherweb_invoice_file(path, build_world().sherweb, july)
...     path.read_text(encoding="utf-8").splitlines()[0][:40]
'Invoice Number,Invoice Date,Customer,Sub'
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.core.messages import json_number
from billing_providers.sandbox.sherweb.shapes import invoice_number
from billing_providers.sandbox.sherweb_file.rows import COLUMNS, InvoiceRow, row_of
from billing_providers.sandbox.sherweb_file.shapes import EXCEL, SHAPES, XLSX, InvoiceShape
from billing_providers.sandbox.sherweb_file.troubles import TROUBLES
from billing_providers.sandbox.world.sherweb.prices import exact_sum
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb

DATED_AFTER = timedelta(days=1)  # from the period's last day to the invoice


def write_sherweb_invoice_file(
    path: Path, sherweb: Sherweb, period: BillingPeriod, shape: str = "plain", trouble: str = ""
) -> int:
    """Write the invoice of a period, the same charges as the API's, and return the number of charges, whole or not.

    :param shape: a name of :data:`~billing_providers.sandbox.sherweb_file.shapes.SHAPES`; it decides between CSV and
        XLSX.
    :param trouble: a name of :data:`~billing_providers.sandbox.sherweb_file.troubles.TROUBLES`; empty: none.
    :raises ValueError: for an unknown shape or trouble.
    """
    if shape not in SHAPES:
        raise ValueError(f"no shape {shape!r}; there are: {', '.join(SHAPES)}")
    if trouble and trouble not in TROUBLES:
        raise ValueError(f"no trouble {trouble!r}; there are: {', '.join(TROUBLES)}")
    form = SHAPES[shape]
    if trouble == "last_period":
        period = BillingCalendar(period.start.day).period_before(period)
    whole = [row_of(one, invoice_number(period), period.last_day + DATED_AFTER) for one in sherweb.charges(period)]
    rows = TROUBLES[trouble](whole) if trouble else whole
    if form.total:
        rows = [*rows, _total(whole)]
    left_out = (*form.without, *(("Quantity",) if trouble == "missing_column" else ()))
    headings = [heading for heading, _ in COLUMNS if heading not in left_out]
    table = [[form.headings.get(heading, heading) for heading in headings]]
    table += [[_cell(form, row.cells.get(heading), shape == EXCEL, row) for heading in headings] for row in rows]
    content = _xlsx(table) if form.kind == XLSX else _csv(form, table)
    if trouble == "half_written":
        content = content[: len(content) * 3 // 5 - 1]
    path.write_bytes(b"" if trouble == "no_bytes" else content)
    return len(rows) - form.total


def _total(rows: list[InvoiceRow]) -> InvoiceRow:
    return InvoiceRow({"Customer": "Total", "Subtotal": exact_sum(row.cells["Subtotal"] for row in rows)})


def _cell(form: InvoiceShape, value: Any, excel: bool, row: InvoiceRow) -> Any:
    if isinstance(value, Decimal):
        if form.kind != XLSX or form.numbers_as_text:
            return form.number(value)
        if excel and value is row.cells.get("Subtotal"):
            return float(row.cells["Quantity"]) * float(row.cells["Net Price Prorated"])
        return json_number(value) if _is_double(value) else float(value)
    if isinstance(value, date):
        return value if form.kind == XLSX and form.dates_as_dates else value.strftime(form.day)
    return "" if value is None else value


def _is_double(number: Decimal) -> bool:
    return Decimal(repr(float(number))) == number


def _csv(form: InvoiceShape, table: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(
        text,
        delimiter=form.delimiter,
        quoting=csv.QUOTE_ALL if form.quote_all else csv.QUOTE_MINIMAL,
        lineterminator="\r\n",
    ).writerows(table)
    return text.getvalue().encode(form.encoding, errors="replace")


def _xlsx(table: list[list[Any]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Invoice")
    for place, cells in enumerate(table):
        shown = [WriteOnlyCell(sheet, value=cell) for cell in cells]
        for cell, value in zip(shown, cells, strict=True):
            if place and isinstance(value, str) and value.startswith("=") and value != "=1+2":
                cell.data_type = "s"  # a name, not a formula
            elif isinstance(value, float):
                # All 17 digits, as Excel stores them; openpyxl by itself writes 16.
                cell._value = repr(value)  # type: ignore[attr-defined]
        sheet.append(shown)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
