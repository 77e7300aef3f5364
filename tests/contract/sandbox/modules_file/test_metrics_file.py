"""The metrics file of modules: the same counts in every shape, and each trouble exactly where it says."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.sandbox.modules_file.file import write_metrics_file
from billing_providers.sandbox.modules_file.shapes import SHAPES, XLSX
from billing_providers.sandbox.modules_file.troubles import TROUBLES
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.modules.modules import Modules

CSV_SHAPES = [name for name, shape in SHAPES.items() if shape.kind != XLSX]
XLSX_SHAPES = [name for name, shape in SHAPES.items() if shape.kind == XLSX]
Row = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def modules(world: World) -> Modules:
    return world.modules


def _written(folder: Path, modules: Modules, shape: str = "plain", trouble: str = "", **more: Any) -> Path:
    path = folder / f"metrics-{shape}-{trouble}"
    write_metrics_file(path, modules, 2026, more.pop("month", 7), shape, trouble, **more)
    return path


def _table(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as source:
        return list(csv.reader(source, delimiter=delimiter))


def _sheet(path: Path) -> list[tuple[Any, ...]]:
    from openpyxl import load_workbook

    return list(load_workbook(io.BytesIO(path.read_bytes())).active.values)


def _rows(folder: Path, modules: Modules, trouble: str = "", month: int = 7) -> list[Row]:
    return [tuple(row) for row in _table(_written(folder, modules, trouble=trouble, month=month))[1:]]  # type: ignore[misc]


def _changed(folder: Path, modules: Modules, trouble: str) -> tuple[list[Row], list[Row]]:
    """Return the rows that a trouble takes away and those that it brings, in July."""
    before, after = _rows(folder, modules), _rows(folder, modules, trouble)
    gone, come = list(before), list(after)
    for row in before:
        if row in come:
            gone.remove(row)
            come.remove(row)
    return gone, come


def test_the_plain_file_holds_what_modules_count_in_a_month(modules: Modules, tmp_path: Path) -> None:
    """Module, organization, billing type, count: one row each, under the module's own name of the customer."""
    rows = _rows(tmp_path, modules)

    assert _table(_written(tmp_path, modules))[0] == ["Module", "Organization", "Billing Type", "Count"]
    assert rows == [
        (row.module, row.organization, row.billing_type, f"{row.count.normalize():f}")
        for row in modules.metrics(2026, 7)
    ]
    assert ("Datto EDR", "brightwater-legal", "Endpoints") in {row[:3] for row in rows}
    assert {row[0] for row in rows} == {
        "BullPhish ID", "Dark Web ID", "Datto AV", "Datto BCDR", "Datto EDR", "Datto Endpoint Backup", "Graphus",
        "RocketCyber", "SaaS Protection", "Vonahi vPenTest",
    }  # fmt: skip


def test_months_differ(modules: Modules, tmp_path: Path) -> None:
    """Some forty per cent of the counts change from one month to another."""
    july = {row[:3]: row[3] for row in _rows(tmp_path, modules)}
    august = {row[:3]: row[3] for row in _rows(tmp_path, modules, month=8)}

    assert 80 <= sum(july[key] != august.get(key) for key in july) <= 170


def test_a_file_may_hold_some_modules_alone(modules: Modules, tmp_path: Path) -> None:
    """A vendor's export of its own numbers."""
    rows = _table(_written(tmp_path, modules, only=("RocketCyber", "Datto AV")))[1:]

    assert {row[0] for row in rows} == {"RocketCyber", "Datto AV"}
    assert len(rows) == sum(row.module in {"RocketCyber", "Datto AV"} for row in modules.metrics(2026, 7)) > 30


@pytest.mark.parametrize(
    ("shape", "start"),
    [
        ("plain", b"Module,Organization,Billing Type,Count\r\n"),
        ("bom", b"\xef\xbb\xbfModule,"),
        ("unix", b"Module,Organization,Billing Type,Count\n"),
        ("utf16", b"\xff\xfeM\x00o\x00"),
        ("tab", b"Module\tOrganization\t"),
        ("semicolon", b"Module;Organization;"),
        ("quoted", b'"Module","Organization","Billing Type","Count"'),
        ("reordered", b"Count,Billing Type,Organization,Module"),
        ("small_headings", b"module,organization,billing_type,count"),
        ("shouted_headings", b" MODULE ,ORGANIZATION,BILLING-TYPE,COUNT"),
        ("dated", b"Date,Module,"),
        ("period", b"Period,Module,"),
        ("wide", b"Date,Module,Organization Id,Organization,Billing Type,Count,Unit"),
        ("xlsx", b"PK\x03\x04"),
    ],
)
def test_files_begin_as_their_shape_says(modules: Modules, tmp_path: Path, shape: str, start: bytes) -> None:
    """Byte order marks, delimiters, line ends and headings are there as bytes."""
    assert _written(tmp_path, modules, shape).read_bytes().startswith(start)


@pytest.mark.parametrize("shape", CSV_SHAPES)
def test_every_csv_shape_holds_the_same_counts(modules: Modules, tmp_path: Path, shape: str) -> None:
    """Read in its own encoding, delimiter and columns, every shape tells the same."""
    form = SHAPES[shape]

    table = _table(_written(tmp_path, modules, shape), form.encoding, form.delimiter)
    places = [form.columns.index(name) for name in ("module", "organization", "billing_type", "count")]
    told = [tuple(row[place] for place in places) for row in table[1:]]

    assert {len(row) for row in table} == {len(form.columns)}
    assert [(*row[:3], Decimal(row[3].replace(",", "."))) for row in told] == [
        (
            row.module,
            row.organization.encode(form.encoding, "replace").decode(form.encoding),
            row.billing_type,
            row.count,
        )
        for row in modules.metrics(2026, 7)
    ]


@pytest.mark.parametrize(
    ("shape", "first"),
    [("dated", "2026-07-31"), ("dated_european", "31/07/2026"), ("period", "2026-07"), ("wide", "2026-07-31")],
)
def test_dates_are_the_last_day_of_the_month(modules: Modules, tmp_path: Path, shape: str, first: str) -> None:
    """As each shape prints it, in every row."""
    table = _table(_written(tmp_path, modules, shape), delimiter=SHAPES[shape].delimiter)

    assert {row[0] for row in table[1:]} == {first}


@pytest.mark.parametrize("shape", XLSX_SHAPES)
def test_sheets_hold_the_same_counts(modules: Modules, tmp_path: Path, shape: str) -> None:
    """As numbers or as text; a date is a date."""
    rows = _sheet(_written(tmp_path, modules, shape))[1:]
    counts = [row[SHAPES[shape].columns.index("count")] for row in rows]

    assert [Decimal(str(count)) for count in counts] == [row.count for row in modules.metrics(2026, 7)]
    assert isinstance(counts[0], str) == (shape == "xlsx_text")
    if shape == "xlsx_dated":
        assert rows[0][0] == datetime(2026, 7, 31)


def test_organization_ids_stay_where_names_do(modules: Modules, tmp_path: Path) -> None:
    """One id for each module and organization, the same in every month."""
    july = {tuple(row[1:4]) for row in _table(_written(tmp_path, modules, "wide"))[1:]}
    august = {tuple(row[1:4]) for row in _table(_written(tmp_path, modules, "wide", month=8))[1:]}

    assert len({row[1] for row in july}) == len(july)
    assert len(july & august) > 200
    (nameless,) = [row for row in _table(_written(tmp_path, modules, "wide", "without_organization")) if not row[3]]
    assert nameless[2] == ""


FIRST: Row = ("BullPhish ID", "Kendal Mint Works", "Users", "16")  # the row that suffers, in July


@pytest.mark.parametrize(
    ("trouble", "gone", "come"),
    [
        ("unknown_module", [FIRST], [("Kaseya Toaster", *FIRST[1:])]),
        ("negative", [FIRST], [(*FIRST[:3], "-16")]),
        ("fractional", [FIRST], [(*FIRST[:3], "16.5")]),
        ("repeated", [], [FIRST]),
        ("repeated_with_other_count", [], [(*FIRST[:3], "17")]),
        ("without_organization", [FIRST], [(FIRST[0], "", *FIRST[2:])]),
        ("without_billing_type", [FIRST], [(*FIRST[:2], "", FIRST[3])]),
        ("truth", [FIRST], [(*FIRST[:3], "True")]),
        ("empty_cell", [FIRST], [(*FIRST[:3], "")]),
        ("text_cell", [FIRST], [(*FIRST[:3], "n/a")]),
        ("formula", [FIRST], [(*FIRST[:3], "=SUM(D2:D3)")]),
        ("error_cell", [FIRST], [(*FIRST[:3], "#REF!")]),
    ],
)
def test_troubles_of_one_row(modules: Modules, tmp_path: Path, trouble: str, gone: list[Row], come: list[Row]) -> None:
    """Exactly one row differs, in the way that the trouble says."""
    assert _changed(tmp_path, modules, trouble) == (gone, come)


def test_troubles_of_dates(modules: Modules, tmp_path: Path) -> None:
    """Another month's figures, honestly dated or not; one row of another month; two days in one file."""

    def dated(trouble: str, month: int = 7) -> list[list[str]]:
        return _table(_written(tmp_path, modules, "dated", trouble, month=month))[1:]

    assert dated("last_month") == dated("", month=6)
    assert [row[1:] for row in dated("relabelled")] == [row[1:] for row in dated("", month=6)]
    assert {row[0] for row in dated("relabelled")} == {"2026-07-31"}
    assert [row for row in dated("other_date") if row not in dated("")] == [["2026-06-30", *FIRST]]
    both = dated("several_days")
    assert [row for row in both if row[0] == "2026-07-31"] == dated("")
    assert len(both) == 2 * len(dated(""))
    assert {row[0] for row in both} == {"2026-07-30", "2026-07-31"}
    assert [*FIRST[:3], "17"] in [row[1:] for row in both if row[0] == "2026-07-30"]


def test_a_module_may_be_gone(modules: Modules, tmp_path: Path) -> None:
    """All rows of one module are missing, and nothing else."""
    gone, come = _changed(tmp_path, modules, "module_gone")

    assert {row[0] for row in gone} == {"SaaS Protection"}
    assert come == []


def test_troubles_of_the_whole_file(modules: Modules, tmp_path: Path) -> None:
    """Columns, the end of the file, and nothing at all."""
    assert _table(_written(tmp_path, modules, trouble="missing_column"))[0] == [
        "Module",
        "Organization",
        "Billing Type",
    ]
    assert _table(_written(tmp_path, modules, trouble="wrong_column"))[0][3] == "Quantity Used"
    assert _rows(tmp_path, modules, "heading_only") == []
    assert _written(tmp_path, modules, trouble="no_bytes").read_bytes() == b""
    whole = _written(tmp_path, modules).read_bytes()
    half = _written(tmp_path, modules, trouble="half_written").read_bytes()
    assert whole.startswith(half)
    assert not half.endswith(b"\n")
    assert not zipfile.is_zipfile(_written(tmp_path, modules, "xlsx", "half_written"))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("shape", ["semicolon", "xlsx_dated"])
def test_every_trouble_can_be_had_in_every_kind_of_file(
    modules: Modules, tmp_path: Path, shape: str, trouble: str
) -> None:
    """A trouble changes what is written, in CSV and in XLSX; a date only where there is a column for it."""
    path, usual = _written(tmp_path, modules, shape, trouble), _written(tmp_path, modules, shape)
    if shape == "xlsx_dated" and zipfile.is_zipfile(path):
        differs = _sheet(path) != _sheet(usual)
    else:
        differs = path.read_bytes() != usual.read_bytes()

    assert differs == (trouble != "" and (trouble, shape) != ("other_date", "semicolon"))


@pytest.mark.parametrize(("shape", "trouble"), [("round", ""), ("plain", "flat")])
def test_unknown_names_are_refused(modules: Modules, tmp_path: Path, shape: str, trouble: str) -> None:
    """The reason says what there is."""
    with pytest.raises(
        ValueError, match=r"no shape 'round'; there are: plain|no trouble 'flat'; there are: last_month"
    ):
        _written(tmp_path, modules, shape, trouble)
