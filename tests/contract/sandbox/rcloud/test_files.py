"""rCloud's usage file: the same figures in every shape, and each trouble exactly where it says."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.sandbox.rcloud.file import write_rcloud_file
from billing_providers.sandbox.rcloud.shapes import SHAPES, XLSX
from billing_providers.sandbox.rcloud.troubles import TROUBLES
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.resale.backup_records import Month
from billing_providers.sandbox.world.resale.resale import Resale

CSV_SHAPES = [name for name, shape in SHAPES.items() if shape.kind != XLSX]
XLSX_SHAPES = [name for name, shape in SHAPES.items() if shape.kind == XLSX]


@pytest.fixture(scope="module")
def resale(world: World) -> Resale:
    return world.resale


def _written(folder: Path, resale: Resale, shape: str = "plain", trouble: str = "", month: int = 7) -> Path:
    path = folder / f"usage-{shape}-{trouble}-{month}"
    write_rcloud_file(path, resale, 2026, month, shape, trouble)
    return path


def _table(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as source:
        return list(csv.reader(source, delimiter=delimiter))


def _sheet(path: Path) -> list[tuple[Any, ...]]:
    from openpyxl import load_workbook

    return list(load_workbook(io.BytesIO(path.read_bytes())).active.values)


def _spaces(resale: Resale, month: int = 7) -> dict[str, Decimal]:
    return {row.client.name: row.space for row in resale.cloud(Month(2026, month))}


def test_the_plain_file_holds_the_four_columns_of_a_month(resale: Resale, tmp_path: Path) -> None:
    """Client, billable space, year, month: one row for each client with usage in that month."""
    head, *rows = _table(_written(tmp_path, resale))

    assert head == ["Client", "Billable Space", "Year", "Month"]
    assert {client: Decimal(space) for client, space, *_ in rows} == _spaces(resale)
    assert {tuple(row[2:]) for row in rows} == {("2026", "7")}
    assert len(rows) == 29
    assert "Van den Berg, Zonen BV" in _spaces(resale)


@pytest.mark.parametrize(
    ("shape", "start"),
    [
        ("plain", b"Client,"),
        ("bom", b"\xef\xbb\xbfClient,"),
        ("utf16", b"\xff\xfeC\x00l\x00"),
        ("tab", b"Client\tBillable Space\t"),
        ("german", b"Client;Billable Space;"),
        ("quoted", b'"Client","Billable Space","Year"'),
        ("long_headings", b"Client Name,Billable Space (GB),"),
        ("small_headings", b"client,billable_space,"),
        ("managed_id", b"Client,Managed ID,Billable Space,"),
        ("xlsx", b"PK\x03\x04"),
    ],
)
def test_files_begin_as_their_shape_says(resale: Resale, tmp_path: Path, shape: str, start: bytes) -> None:
    """Byte order marks, delimiters and headings are there as bytes."""
    assert _written(tmp_path, resale, shape).read_bytes().startswith(start)


@pytest.mark.parametrize("shape", CSV_SHAPES)
def test_every_csv_shape_holds_the_same_clients(resale: Resale, tmp_path: Path, shape: str) -> None:
    """Read in its own encoding and delimiter, every shape has all clients and rows of one width."""
    form = SHAPES[shape]

    table = _table(_written(tmp_path, resale, shape), form.encoding, form.delimiter)

    assert {len(row) for row in table} == {5 if form.managed_id else 4}
    expected = [name.encode(form.encoding, "replace").decode(form.encoding) for name in _spaces(resale)]
    assert [row[0] for row in table[1:]] == expected


@pytest.mark.parametrize(
    ("shape", "printed"),
    [
        ("plain", "1198.91"),
        ("english", "1,198.91"),
        ("quoted", "1,198.91"),
        ("german", "1.198,91"),
        ("cp1252", "1.198,91"),
        ("french", "1\u00a0198,91"),
        ("french_narrow", "1\u202f198,91"),
        ("french_thin", "1\u2009198,91"),
        ("swiss", "1'198.91"),
        ("ambiguous", "1,199"),
    ],
)
def test_numbers_are_printed_as_their_country_does(resale: Resale, tmp_path: Path, shape: str, printed: str) -> None:
    """The same 1198.91 GB in each number format; one format leaves open what the comma means."""
    form = SHAPES[shape]
    name = 'O\'Brien & "Sons" Ltd'
    assert _spaces(resale)[name] == Decimal("1198.91")

    rows = _table(_written(tmp_path, resale, shape), form.encoding, form.delimiter)

    assert [row[1] for row in rows if row[0] == name] == [printed]


@pytest.mark.parametrize(
    ("shape", "printed"),
    [("plain", "7"), ("padded_month", "07"), ("month_name", "July"), ("short_month", "Jul"), ("iso_month", "2026-07")],
)
def test_months_are_printed_in_every_way(resale: Resale, tmp_path: Path, shape: str, printed: str) -> None:
    """The same month as a number, a padded number, a name, a short name, and with its year."""
    assert {row[3] for row in _table(_written(tmp_path, resale, shape))[1:]} == {printed}


def test_letters_that_a_code_page_lacks_become_question_marks(resale: Resale, tmp_path: Path) -> None:
    """As spreadsheet programs do when they save in a code page: the name is another one then."""
    names = [row[0] for row in _table(_written(tmp_path, resale, "cp1252"), "cp1252", ";")]

    assert "Brno P?esné Díly s.r.o." in names
    assert "Malmö Arkitekter AB" in names


@pytest.mark.parametrize("shape", XLSX_SHAPES)
def test_workbooks_hold_typed_cells(resale: Resale, tmp_path: Path, shape: str) -> None:
    """Numbers are numbers unless the shape says text; a month may be a date."""
    head, *rows = _sheet(_written(tmp_path, resale, shape))
    kinds = {type(row[-3]) for row in rows}
    months = {row[-1] for row in rows}

    assert len(rows) == 29
    assert (str in kinds) == (shape == "xlsx_text")
    assert months == {{"xlsx_text": "July", "xlsx_date": datetime(2026, 7, 1)}.get(shape, 7)}
    assert ("Managed ID" in head) == (shape == "xlsx_managed_id")
    if shape == "xlsx":
        assert {row[0]: Decimal(str(row[1])) for row in rows} == _spaces(resale)


def test_the_managed_id_follows_from_the_customer(resale: Resale, tmp_path: Path) -> None:
    """One id for each client, the same in every month and for every seed."""
    rows = _table(_written(tmp_path, resale, "managed_id"))[1:]

    assert len({row[1] for row in rows}) == len(rows)
    assert [row[1] for row in rows if row[0] == "Dijon Moutarderie SA"] == ["RC-DIJO"]


def test_last_month_s_file_is_last_month_s_whole(resale: Resale, tmp_path: Path) -> None:
    """Figures and labels are those of June."""
    rows = _table(_written(tmp_path, resale, trouble="last_month"))

    assert rows == _table(_written(tmp_path, resale, month=6))


def test_a_relabelled_file_has_last_month_s_figures(resale: Resale, tmp_path: Path) -> None:
    """June's clients and numbers, labelled July: only a comparison with June finds it."""
    rows = _table(_written(tmp_path, resale, trouble="relabelled"))[1:]

    assert {row[0]: Decimal(row[1]) for row in rows} == _spaces(resale, month=6) != _spaces(resale)
    assert {row[3] for row in rows} == {"7"}


def test_one_row_may_be_of_last_month(resale: Resale, tmp_path: Path) -> None:
    """The last row says June, all others July."""
    rows = _table(_written(tmp_path, resale, trouble="one_row_of_last_month"))[1:]

    assert {row[3] for row in rows[:-1]} == {"7"}
    assert rows[-1][3] == "6"


def test_last_month_of_january_is_december(resale: Resale, tmp_path: Path) -> None:
    """The year goes back with it."""
    rows = _table(_written(tmp_path, resale, trouble="last_month", month=1))[1:]

    assert {tuple(row[2:]) for row in rows} == {("2025", "12")}


@pytest.mark.parametrize(("trouble", "more"), [("repeated", "0"), ("repeated_with_other_number", "1.00")])
def test_a_client_may_come_twice(resale: Resale, tmp_path: Path, trouble: str, more: str) -> None:
    """Once more at the end, with the same number or with one gigabyte more."""
    _, first, *_, last = _table(_written(tmp_path, resale, trouble=trouble))

    assert last[0] == first[0]
    assert Decimal(last[1]) - Decimal(first[1]) == Decimal(more)


@pytest.mark.parametrize(
    ("trouble", "cell"),
    [("formula", "=1+2"), ("error_cell", "#REF!"), ("empty_cell", ""), ("text_cell", "n/a")],
)
def test_a_cell_may_be_no_number(resale: Resale, tmp_path: Path, trouble: str, cell: str) -> None:
    """The first client's space is something else, in CSV and in XLSX; all others are numbers."""
    _, first, *others = _table(_written(tmp_path, resale, trouble=trouble))
    sheet = _sheet(_written(tmp_path, resale, "xlsx", trouble))

    assert first[1] == cell
    assert all(Decimal(row[1]) >= 0 for row in others)
    assert (sheet[1][1] or "") == cell


def test_a_formula_has_no_stored_result(resale: Resale, tmp_path: Path) -> None:
    """Whoever reads values finds an empty cell, whoever reads formulas finds no number."""
    from openpyxl import load_workbook

    path = _written(tmp_path, resale, "xlsx", "formula")

    assert load_workbook(io.BytesIO(path.read_bytes()), data_only=True).active["B2"].value is None


def test_a_space_may_be_negative_and_a_client_missing(resale: Resale, tmp_path: Path) -> None:
    """The first row is the one that is wrong."""
    negative = _table(_written(tmp_path, resale, trouble="negative"))
    nameless = _table(_written(tmp_path, resale, trouble="without_client"))

    assert Decimal(negative[1][1]) < 0
    assert (nameless[1][0], nameless[2][0]) == ("", negative[2][0])


def test_a_column_may_be_another_one(resale: Resale, tmp_path: Path) -> None:
    """Used Space is no billable space."""
    assert _table(_written(tmp_path, resale, trouble="wrong_column"))[0] == ["Client", "Used Space", "Year", "Month"]


def test_a_file_may_be_half_written(resale: Resale, tmp_path: Path) -> None:
    """CSV breaks off in the middle of a row, XLSX is no archive any more."""
    whole = _written(tmp_path, resale).read_bytes()
    half = _written(tmp_path, resale, trouble="half_written").read_bytes()
    book = _written(tmp_path, resale, "xlsx", "half_written")

    assert whole.startswith(half)
    assert len(half) < len(whole) * 2 // 3
    assert not half.endswith(b"\r\n")
    assert not zipfile.is_zipfile(book)


def test_a_file_may_hold_nothing(resale: Resale, tmp_path: Path) -> None:
    """A heading without rows, or no byte at all."""
    assert len(_table(_written(tmp_path, resale, trouble="heading_only"))) == 1
    assert _written(tmp_path, resale, trouble="no_bytes").read_bytes() == b""


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shape", ["german", "xlsx_date"])
def test_every_trouble_can_be_written_in_any_shape(resale: Resale, tmp_path: Path, shape: str, trouble: str) -> None:
    """Writing never fails, and the count is of the rows below the heading."""
    path = tmp_path / "usage"

    count = write_rcloud_file(path, resale, 2026, 7, shape, trouble)

    assert path.exists()
    assert count == {"heading_only": 0, "repeated": 30, "repeated_with_other_number": 30}.get(
        trouble, len(_spaces(resale, 6 if trouble in {"last_month", "relabelled"} else 7))
    )


def test_unknown_shapes_and_troubles_are_refused(resale: Resale, tmp_path: Path) -> None:
    """The text says which there are."""
    with pytest.raises(ValueError, match=r"no shape 'pdf'.*utf16"):
        write_rcloud_file(tmp_path / "a", resale, 2026, 7, "pdf")
    with pytest.raises(ValueError, match=r"no trouble 'fire'.*half_written"):
        write_rcloud_file(tmp_path / "a", resale, 2026, 7, "plain", "fire")
    assert list(tmp_path.iterdir()) == []


def test_a_date_cell_is_the_first_day(resale: Resale, tmp_path: Path) -> None:
    """So that the month and the year of the date agree with the columns."""
    rows = _sheet(_written(tmp_path, resale, "xlsx_date"))[1:]

    assert {(row[2], row[3].date()) for row in rows} == {(2026, date(2026, 7, 1))}
