"""Every source that reads a file: a changed CSV or XLSX file gives a result, a finding or an error by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from openpyxl import Workbook

from billing_providers.errors import BillingError
from billing_providers.hooks.report_files import read_csv, read_xlsx
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageRead
from billing_providers.sandbox.world import World
from tests.fuzz.budget import examples
from tests.fuzz.hostile import TEXTS, byte_changes, cell_changes
from tests.fuzz.told import SECONDS_MAX, result_or_error
from tests.fuzz.usage import SOURCES, check_kept, settings_of, usage_of
from tests.support.source_twins import SOURCE_TWINS

ROWS = 12  # of a valid file are enough: what is changed is a cell, a row or a byte
FILES = [key for key in SOURCES if SOURCE_TWINS[key].put is not None]
NO_SERVER = [key for key in FILES if key != "kaseya_modules"]  # that one asks a server too: its file is module_metrics'


class FileSource:
    """A source and the rows of its valid file."""

    def __init__(self, key: str, world: World, folder: Path) -> None:
        self.key = key
        self.settings = settings_of(key, world, folder)
        self.file = folder / "usage-2026-10.csv"
        with self.file.open(encoding="utf-8", newline="") as text:
            self.rows = list(csv.reader(text))[: ROWS + 1]

    def of_kind(self, kind: str) -> IntegrationSettings:
        """Return settings that read the same file as another kind, at once."""
        options = {**self.settings.source_options, "kind": kind, "whole_file_after_s": 0}
        return replace(self.settings, source_options=options)

    def read(self, content: bytes, kind: str) -> UsageRead | BillingError:
        """Read another content, and check what comes of it."""
        self.file.write_bytes(content)
        settings = self.of_kind(kind)
        read = result_or_error(lambda: usage_of(settings))
        if isinstance(read, UsageRead):
            check_kept(read, self.key)
        return read


@pytest.fixture(scope="module", params=NO_SERVER)
def source(request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory) -> FileSource:
    """One source of the registry that reads a file."""
    return FileSource(request.param, world, tmp_path_factory.mktemp(request.param))


def as_csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def as_xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for cells in rows:
        sheet.append([_xlsx_cell(cell) for cell in cells])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _xlsx_cell(cell: Any) -> Any:
    """Return what a workbook can hold of a cell: a number as a number, no control characters."""
    text = "".join(letter for letter in str(cell) if letter >= " " and not "\ud800" <= letter <= "\udfff")
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    return "inf" if text.casefold() in {"inf", "infinity"} else text


def test_the_valid_file_of_each_source_is_read(source: FileSource) -> None:
    """Changing what is refused anyway would try nothing."""
    for kind, content in (("csv", as_csv(source.rows)), ("xlsx", as_xlsx(source.rows))):
        read = source.read(content, kind)
        assert isinstance(read, UsageRead), read
        assert len(read.records) > 3, (kind, read.incomplete_why, read.malformed[:2])


@examples(120)
@given(change=cell_changes())
def test_a_csv_file_with_other_cells_is_read_or_refused(
    source: FileSource, change: Callable[[list[list[Any]]], list[list[Any]]]
) -> None:
    """A wrong cell holds its customer, a wrong heading refuses the file: by row, column and value."""
    source.read(as_csv(change(source.rows)), "csv")


@examples(60)
@given(change=byte_changes())
def test_a_csv_file_with_other_bytes_is_read_or_refused(source: FileSource, change: Callable[[bytes], bytes]) -> None:
    """Another encoding, a cut-off end or other line ends: told, and never taken for fewer customers."""
    source.read(change(as_csv(source.rows)), "csv")


@examples(40)
@given(change=cell_changes())
def test_a_workbook_with_other_cells_is_read_or_refused(
    source: FileSource, change: Callable[[list[list[Any]]], list[list[Any]]]
) -> None:
    """A workbook is read by the same rules as a CSV file."""
    source.read(as_xlsx(change(source.rows)), "xlsx")


@examples(40)
@given(change=byte_changes())
def test_a_workbook_with_other_bytes_is_read_or_refused(source: FileSource, change: Callable[[bytes], bytes]) -> None:
    """A damaged workbook is told as broken off; nothing of it is trusted."""
    source.read(change(as_xlsx(source.rows)), "xlsx")


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_every_hostile_text_in_every_cell_of_a_row(source: FileSource, text: str) -> None:
    """Each text in each column of the last row, one after the other: read as it is, a finding, or an error by name."""
    for column in range(len(source.rows[0])):
        last = list(source.rows[-1])
        last[column] = text
        source.read(as_csv([*source.rows[:-1], last]), "csv")


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ("99999999999", "A99999999999"),
        ("1048577", "A1048577"),
        ("2", "ZZZZZZ2"),
        ("x", "A2"),
        ("-5", "A1"),
        ("0", "A0"),
    ],
)
def test_a_workbook_that_says_it_has_a_billion_rows_is_refused_at_once(row: str, cell: str) -> None:
    """A row number of one line of XML must not keep a worker busy for a day."""
    sheet = f"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
      <row r="1"><c r="A1" t="inlineStr"><is><t>Client</t></is></c></row>
      <row r="{row}"><c r="{cell}" t="inlineStr"><is><t>Asp</t></is></c></row></sheetData></worksheet>"""
    content = io.BytesIO()
    with ZipFile(io.BytesIO(as_xlsx([["x"]]))) as valid, ZipFile(content, "w") as changed:
        for name in valid.namelist():
            changed.writestr(name, sheet if name.endswith("sheet1.xml") else valid.read(name))

    found = result_or_error(lambda: read_xlsx(content.getvalue(), where="w"), seconds=SECONDS_MAX)

    assert not isinstance(found, BillingError)
    if row in {"99999999999", "1048577"}:
        assert found.broken_off == "it has a row beyond 1048576, which no worksheet has"
    else:
        assert found.broken_off or len(found.rows) <= 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x" * 1_000_000 + b"\n1\n", "row 1 cannot be read: field larger than field limit (131072)"),
        (b"a,b\n" + b"x" * 10_000_000 + b",1\n", "row 2 cannot be read: field larger than field limit (131072)"),
    ],
)
def test_a_cell_of_a_megabyte_is_told_by_its_row(content: bytes, told: str) -> None:
    """What is larger than any cell is told, and repeated in no message; a heading too."""
    assert read_csv(content, where="w").broken_off == told
