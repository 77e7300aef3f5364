"""What is taken along is what was shown: no cell computes anything, numbers stay numbers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from billing_providers.engine.spreadsheet_csv import text_of_cell
from billing_providers.pages.table_file import Form, table_file

DANGEROUS = ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1', "\ufeff=1", "＝1", "＋1", "－1", "＠1"]
NUMBERS: list[object] = [Decimal("-12.50"), Decimal("1E+3"), -3, 0, None]


async def _body(answer: Any) -> bytes:
    return b"".join([part async for part in answer.body_iterator])


def content(form: Form, rows: list[list[object]], name: str = "x") -> bytes:
    import asyncio

    return asyncio.run(_body(table_file(form, name, ["a"], rows)))


def test_no_text_of_a_csv_file_is_a_formula() -> None:
    """Whatever stands before the sign; the text itself is kept behind an apostrophe."""
    told = content("csv", [[value] for value in [*DANGEROUS, "plain = 1", "株"]])
    rows = list(csv.reader(io.StringIO(told.decode("utf-8-sig"), newline="")))

    assert [row[0] for row in rows if not row[0].startswith("'")] == ["a", "plain = 1", "株"]
    assert [text_of_cell(row[0]) for row in rows] == ["a", *DANGEROUS, "plain = 1", "株"]
    assert told.startswith("\ufeff".encode())


def test_no_cell_of_a_sheet_is_a_formula() -> None:
    """A cell of text is text, and nothing is put before it."""
    texts = ["=1+1", "@x", "-1", "'quoted", "a\x07b"]
    sheet = load_workbook(io.BytesIO(content("xlsx", [[value] for value in texts]))).active

    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == ["=1+1", "@x", "-1", "'quoted", "a\ufffdb"]
    assert {cell.data_type for cell in cells} == {"s"}


def test_numbers_and_days_stay_what_they_are() -> None:
    """Exactly, without exponents."""
    days: list[object] = [date(2026, 10, 1), datetime(2026, 10, 1, 2, 3, 4, tzinfo=UTC)]
    rows = list(csv.reader(io.StringIO(content("csv", [[*NUMBERS, *days]]).decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(content("xlsx", [NUMBERS]))).active

    assert rows[1] == ["-12.50", "1000", "-3", "0", "", "2026-10-01", "2026-10-01 02:03:04"]
    assert [cell.value for cell in sheet[2]] == [-12.5, 1000, -3, 0]  # an empty cell is not written


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_fault_is_told_before_anything_is_sent(form: Form) -> None:
    """Half a file would be taken for all of it."""

    def rows() -> Any:
        yield ["one"]
        raise ValueError("the ledger went away")

    with pytest.raises(ValueError, match="went away"):
        table_file(form, "x", ["a"], rows())


def test_a_file_name_carries_nothing_into_the_header() -> None:
    """Neither quotation marks nor line ends nor folders."""
    answer = table_file("csv", 'a/b"\r\nX: 1 é', ["a"], [])

    assert answer.headers["content-disposition"] == 'attachment; filename="a_b___X__1__.csv"'
