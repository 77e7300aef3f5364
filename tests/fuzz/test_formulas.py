"""No list that people open in a spreadsheet holds a formula, and what we wrote we read back as it was meant."""

from __future__ import annotations

import ast
import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing_providers.engine.mapping import load_customer_map, load_organization_grid
from billing_providers.engine.organization_grid import (
    GridRow,
    Organization,
    OrganizationGrid,
    grid_text,
    read_grid,
)
from billing_providers.engine.spreadsheet_csv import csv_text, harmless_cell, text_of_cell
from tests.fuzz.budget import examples
from tests.fuzz.hostile import TEXTS
from tests.fuzz.tape import Tape
from tests.support.airflow_env import ROOT
from tests.support.closing import closing

# Written anew, as the judge of the writer: what a spreadsheet would take for a formula, however it splits the line.
SIGNS = "=+-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
BLANKS = ' \t\r\n\u00a0\u200b\ufeff\u202e"\u201c'
texts = st.sampled_from(TEXTS) | st.text(SIGNS + BLANKS + "'a1.;,\\<>#", max_size=10) | st.text(max_size=10)


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may run a cell, also one that splits at semicolons or tabs."""
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell):
        return False
    parts = [cell, *re.split("[;\t]", cell)]
    begins = {part.lstrip(BLANKS)[:1] for part in parts} - {""}
    return cell[:1] in {"\t", "\r", "\n"} or bool(begins & set(SIGNS))


@examples(400)
@given(text=texts)
@example(text="=HYPERLINK(1)")
@example(text="a;=1+1")
def test_no_cell_is_a_formula_and_each_is_read_back(text: str) -> None:
    """A vendor's name must not run in somebody's spreadsheet, and must not change on its way through one."""
    cell = harmless_cell(text)

    assert not is_formula(cell), cell
    if "\0" not in text and not re.search("[\ud800-\udfff]", text):
        assert text_of_cell(cell) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" =1", "' =1"),
        ('"=1', "'\"=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\t1", "'\t1"),
        ("'=1", "''=1"),
        ("a; =1", "a;' =1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("#1 Plumbing", "'#1 Plumbing"),
        ("--5", "'--5"),
        ("-5", "-5"),
        ("-12.50", "-12.50"),
        ("0", "0"),
        ("3 - 4 = -1", "3 - 4 = -1"),
        ("a@b.example", "a@b.example"),
        ("'tis", "'tis"),
        ("", ""),
    ],
)
def test_what_is_marked_and_what_is_left_alone(text: str, cell: str) -> None:
    """Numbers stay numbers: a spreadsheet sums them; a name keeps its own apostrophe."""
    assert harmless_cell(text) == cell
    assert text_of_cell(cell) == text


@examples(150)
@given(rows=st.lists(st.lists(texts, min_size=2, max_size=2), max_size=4))
def test_a_written_list_is_a_csv_file_of_the_same_texts(rows: list[list[str]]) -> None:
    """Every reader of CSV files finds the same rows and cells."""
    text = csv_text(("a", "b"), rows)
    text.encode("utf-8-sig")

    found = list(csv.reader(io.StringIO(text, newline="")))[1:]

    assert found == [[harmless_cell(cell) for cell in row] for row in rows]


sound = st.text("=+-@'\"#;<>\\ \uff1da1", min_size=1, max_size=8).map(str.strip).filter(bool)


@examples(200)
@given(codes=st.lists(sound, min_size=2, max_size=2, unique=True), name=sound, contract=sound, organization=sound)
@example(codes=["=A", "-1"], name="@x", contract="+C", organization="=O")
@example(codes=["#A", "'=A"], name="#", contract="'#", organization="'=O")
def test_our_own_grid_is_read_back_as_it_was(codes: list[str], name: str, contract: str, organization: str) -> None:
    """Codes, ids, contracts and organizations come back unchanged, or the wrong account would be billed."""
    rows = (
        GridRow(codes[0], "", name, contract, organizations={"G": (Organization(organization),)}),
        GridRow(codes[1], codes[0], name, contract, organizations={"G": (Organization(organization + "x", "7"),)}),
    )
    text = grid_text(OrganizationGrid("g", ("G",), rows), {"G?": [organization, "=1"]})

    found = read_grid(text, "g")

    assert [replace(row, where="") for row in found.rows] == list(rows)
    assert not [cell for cells in csv.reader(io.StringIO(text)) for cell in cells if is_formula(cell)]
    assert load_organization_grid(text, "g").entries.keys() == {f"G: {organization}", "G: 7"}


def test_a_code_from_one_of_our_lists_names_its_customer_in_a_mapping_table() -> None:
    """Whoever copies a marked cell means the text, not the mark."""
    table = load_customer_map(
        f"customer_code,account_code\n{harmless_cell('=Acme')},{harmless_cell('-A 1')}\n", "t.csv"
    )

    (parts,) = [entry.all_parts() for code, entry in table.entries.items() if code == "=Acme"]
    assert parts[0].target.account_code == "-A 1"


def test_csv_files_are_written_in_one_place() -> None:
    """A list with a writer of its own would lack the guard."""
    package = ROOT / "plugins" / "billing_providers"
    writers = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        if "sandbox" not in path.parts and _writes_csv(path)
    ]

    assert writers == ["engine/spreadsheet_csv.py"]


def _writes_csv(path: Path) -> bool:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    named = {func.attr for func in calls if isinstance(func, ast.Attribute)}
    of_csv = {
        func.attr
        for func in calls
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "csv"
    }
    return bool(of_csv & {"writer", "DictWriter"} or named & {"to_csv", "to_excel", "Workbook"})


def test_no_list_of_a_whole_close_holds_a_formula(tmp_path: Path) -> None:
    """Change list, results, reconciliation and items of a tenant whose customers are called ``=HYPERLINK(1)``."""

    def renamed(content: bytes) -> bytes:
        return re.sub(
            rb'(?i)("(?:accountName|customerName|contractName|lineDescription)": *")', rb"\1=HYPERLINK(1) ", content
        )

    with closing(tmp_path) as msp, Tape(spoiled_part="http", spoil=renamed, keeps=False).playing():
        msp.close(billing_period="2026-10-01")

    files = sorted((tmp_path / "artifacts").rglob("*.csv"))
    cells = [
        cell for path in files for row in csv.reader(path.open("r", encoding="utf-8-sig", newline="")) for cell in row
    ]

    assert len(files) >= 3
    assert [cell for cell in cells if is_formula(cell)] == []
    assert len([cell for cell in cells if "=HYPERLINK" in cell]) > 20
