"""Exported reports as people make them: other delimiters, other encodings, spreadsheets with formulas."""

from __future__ import annotations

import os
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import FailureClass, RequestError, SettingsError
from billing_providers.hooks.atria_report import AtriaReportSource
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

PERIOD = BillingPeriod(date(2026, 10, 26), date(2026, 11, 26))
HEADINGS = "Customer Code,Customer Name,SKU,Quantity,Period End,Plan\n"


def read(path: Path, content: str | bytes, **options: Any) -> UsageRead:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return AtriaReportSource(str(path), **options).read_usage(PERIOD)


def read_csv(tmp_path: Path, content: str | bytes, **options: Any) -> UsageRead:
    return read(tmp_path / "report.csv", content, **options)


def read_sheet(tmp_path: Path, rows: list[list[Any]], **options: Any) -> UsageRead:
    from openpyxl import Workbook

    path, book = tmp_path / "report.xlsx", Workbook()
    book.active.title = "Usage"
    for row in rows:
        book.active.append(row)
    book.save(path)
    return AtriaReportSource(str(path), **options).read_usage(PERIOD)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(encoding: str, delimiter: str, tmp_path: Path) -> None:
    """Whatever the spreadsheet program wrote, names and numbers come out right."""
    text = (HEADINGS + "AERO,Ærø Tømrer,MS365-BP,12.5,2026-11-25,Pläne\n").replace(",", delimiter)

    found = read_csv(tmp_path, text.encode(encoding))

    (record,) = found.records
    assert (record.customer_name, record.sku, record.quantity) == ("Ærø Tømrer", "MS365-BP", Decimal("12.5"))
    assert (record.position, record.period_end, found.complete) == ("row 2", PERIOD.end, True)
    assert found.notes == (["the file is not UTF-8 and was read as Windows-1252"] if encoding == "cp1252" else [])


def test_excels_own_hint_blank_rows_and_quoted_line_breaks(tmp_path: Path) -> None:
    """Positions are the rows that a person sees in an editor."""
    text = 'sep=;\nCustomer Code;SKU;Quantity;Line Description;;\n\nASP;"A;1";2;"two\nlines";;\n;;;;;\nASP;B;3;x;;\n'

    found = read_csv(tmp_path, text)

    assert [(record.position, record.sku, record.description) for record in found.records] == [
        ("row 5", "A;1", "two\nlines"),
        ("row 7", "B", "x"),
    ]
    assert found.malformed == []


def test_headings_are_compared_without_case_and_blanks(tmp_path: Path) -> None:
    """customerCode, Customer Code and CUSTOMER_CODE are one heading; other columns are kept as evidence."""
    (record,) = read_csv(tmp_path, "customerCode,sku,QUANTITY,customer_name,Site\nASP,A,1,Aspen,Köln\n").records

    assert (record.customer_code, record.customer_name, record.attributes) == ("ASP", "Aspen", '{"Site": "Köln"}')


@pytest.mark.parametrize(
    ("heading", "options", "problem"),
    [
        ("Customer Code,Product,Quantity", {}, "sku: no column has this heading; got 'SKU'"),
        ("Customer Code,SKU,Quantty", {}, "quantity: no column has this heading; did you mean 'Quantty'?"),
        ("Customer Code,SKU,Quantity", {"field_map": {"plan": "Plan name"}}, "plan: no column has this heading"),
        ("Customer Code,SKU,Quantity,sku", {}, "sku: two columns have the same heading"),
        ("Customer Code,SKU,Quantity", {"field_map": {"customer": "x"}}, "customer: unknown field; did you mean"),
        ("Customer Code,SKU,Quantity", {"encoding": "utf-9"}, "encoding: the file cannot be read"),
    ],
)
def test_a_wrong_heading_is_a_settings_error(
    heading: str, options: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    """It names the file, the field, the heading that was looked for and the near one."""
    with pytest.raises(SettingsError) as caught:
        read_csv(tmp_path, f"{heading}\nASP,A,1\n", **options)

    assert problem in str(caught.value)


def test_a_field_map_names_other_headings(tmp_path: Path) -> None:
    """Somebody else's export needs no edit of the file."""
    names = {"customer_code": "Kunde", "sku": "Artikel", "quantity": "Menge"}

    found = read_csv(tmp_path, "Kunde;Artikel;Menge\nASP;A;1,5\n", field_map=names, decimal_comma=True)

    assert [(record.sku, record.quantity) for record in found.records] == [("A", Decimal("1.5"))]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"Customer Code,SKU,Qua", "the file breaks off in its headings"),
        (b"Customer Code,SKU,Quantity\nASP,A,1\nASP,B", "the last row (3) is cut off"),
        (b"Customer Code,SKU,Quantity\nASP,A,1\nASP,B,1", "its Quantity may be cut off"),
        (b'Customer Code,SKU,Quantity\nASP,"A,1\n', "unexpected end of data"),
        (HEADINGS.encode() + b"ASP,Aspen,A,1,2026-10-25,x\n", "Incorrect billing period date"),
    ],
)
def test_a_file_that_is_not_whole_is_incomplete(content: bytes, why: str, tmp_path: Path) -> None:
    """Law 3: nothing is written or zeroed from it, and the reason says what to look at."""
    found = read_csv(tmp_path, content)

    assert found.complete is False
    assert why in found.incomplete_why


def test_a_whole_file_without_last_line_break_is_complete_when_nothing_billed_hangs_on_it(tmp_path: Path) -> None:
    """Only the last cell can be cut off unseen, and a plan's name bills nothing."""
    assert read_csv(tmp_path, HEADINGS + "ASP,Aspen,A,1,2026-11-25,Busin").complete


def test_rows_of_the_wrong_width_are_malformed(tmp_path: Path) -> None:
    """A missing or an extra delimiter would shift every number to another column."""
    found = read_csv(tmp_path, "Customer Code,SKU,Quantity\nASP,A\nASP,B,1,5\nASP,C,2\n")

    assert [record.sku for record in found.records] == ["C"]
    assert [(row.position, row.field, row.error, row.customer_code) for row in found.malformed] == [
        ("row 2", "row", "has 2 cells under 3 headings", "ASP"),
        ("row 3", "row", "has 4 cells under 3 headings", "ASP"),
    ]


def test_spreadsheet_numbers_are_read_as_people_see_them(tmp_path: Path) -> None:
    """15 significant digits, as Excel keeps and shows; whole numbers without a point; dates as dates."""
    rows = [
        ["Customer Code", "SKU", "Quantity", "Period End", "Billable"],
        ["ASP", 4711, 12, date(2026, 11, 25), True],
        ["ASP", "B", 4.35 * 100, "2026-11-25", "no"],
        ["ASP", "C", 7.0, None, None],
    ]

    found = read_sheet(tmp_path, rows)

    assert [(record.sku, str(record.quantity), record.billable) for record in found.records] == [
        ("4711", "12", True),
        ("B", "435", False),
        ("C", "7", True),
    ]
    assert found.records[0].period_end == PERIOD.end
    assert found.complete


def test_a_formula_is_refused_where_it_would_be_billed(tmp_path: Path) -> None:
    """A formula's value is not in the file; one beside the columns that are read does no harm."""
    rows = [
        ["Customer Code", "SKU", "Quantity", "Check"],
        ["ASP", "A", "=1+1", 5],
        ["ASP", "B", 2, "=C3*2"],
        ["ASP", "C", "#N/A", 5],
    ]

    found = read_sheet(tmp_path, rows)

    assert [(record.sku, record.quantity) for record in found.records] == [("B", Decimal(2))]
    assert [(row.position, row.field, row.error) for row in found.malformed] == [
        ("row 2", "Quantity", "a formula; export values"),
        ("row 4", "Quantity", "the spreadsheet error #N/A"),
    ]


def test_a_worksheet_is_chosen_by_name(tmp_path: Path) -> None:
    """A wrong name lists the right ones."""
    rows = [["Customer Code", "SKU", "Quantity"], ["ASP", "A", 1]]
    assert len(read_sheet(tmp_path, rows, sheet="Usage").records) == 1

    with pytest.raises(SettingsError, match="sheet: no such worksheet; got 'usage'; allowed: Usage"):
        read_sheet(tmp_path, rows, sheet="usage")


def test_the_period_fills_the_address(tmp_path: Path) -> None:
    """One setting serves every period; the origin is kept for evidence."""
    path = tmp_path / "2026-10-26_2026-11-25.csv"
    path.write_text("Customer Code,SKU,Quantity\nASP,A,1\n")

    found = AtriaReportSource(f"file://{tmp_path}/{{period_start}}_{{period_end}}.csv").read_usage(PERIOD)

    assert (len(found.records), found.origin) == (1, f"file://{path}")


def test_a_missing_file_is_the_sources_fault(tmp_path: Path) -> None:
    """KS03 with the address; an export that is late is not an empty period."""
    with pytest.raises(RequestError, match="there is no such file") as caught:
        AtriaReportSource(str(tmp_path / "late.csv")).read_usage(PERIOD)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


@pytest.mark.parametrize(
    ("url", "problem"),
    [("/exports/{month}.csv", "url: unknown placeholder; got 'month'"), ("/exports/report.pdf", "kind: unknown kind")],
)
def test_a_wrong_address_is_a_settings_error(url: str, problem: str) -> None:
    """It names the key, the value and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        AtriaReportSource(url).read_usage(PERIOD)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no file yet at "),
        ("", "is empty so far"),
        ("Customer Code,SKU,Qua", "the file breaks off in its headings"),
        ("Customer Code,SKU,Quantity\nASP,A,1\nASP,B", "the last row (3) is cut off"),
        ("Customer Code,SKU,Quantity\nASP,A,1\nASP,B,1", "its Quantity may be cut off"),
        (HEADINGS + "ASP,Aspen,A,1,2026-10-25,x\n", "Incorrect billing period date"),
        (HEADINGS + "ASP,Aspen,A,1,2026-11-25,x\n", ""),
        (HEADINGS + "ASP,Aspen,A,1,2026-11-25,Busin", ""),
    ],
)
def test_a_report_that_is_not_whole_is_waited_for(content: str | None, why: str, tmp_path: Path) -> None:
    """The reasons for which reading it would be incomplete, told before it is read."""
    path = tmp_path / "report.csv"
    if content is not None:
        path.write_text(content)
        os.utime(path, (time.time() - 600, time.time() - 600))

    told = AtriaReportSource(str(path)).not_ready_why(PERIOD)

    assert (why in told, told == "") == (True, why == "")


def test_a_report_that_changed_just_now_is_waited_for_but_can_be_read(tmp_path: Path) -> None:
    """Who waits is careful with a copy in progress; who reads by hand has looked at the file."""
    path = tmp_path / "report.csv"
    path.write_text(HEADINGS + "ASP,Aspen,A,1,2026-11-25,x\n")
    source = AtriaReportSource(str(path))

    assert "may still be being written" in source.not_ready_why(PERIOD)
    assert source.read_usage(PERIOD).complete
    assert AtriaReportSource(str(path), whole_file_after_s=0).not_ready_why(PERIOD) == ""


def test_waiting_for_a_report_finds_a_wrong_heading_at_once(tmp_path: Path) -> None:
    """No waiting repairs it."""
    path = tmp_path / "report.csv"
    path.write_text("Customer Code,Product,Quantity\nASP,A,1\n")

    with pytest.raises(SettingsError, match="sku: no column has this heading"):
        AtriaReportSource(str(path), whole_file_after_s=0).not_ready_why(PERIOD)


def test_a_very_long_report_is_not_looked_through_while_waiting(tmp_path: Path) -> None:
    """Beyond its first rows only reading tells, so that asking every few minutes stays cheap."""
    rows = "ASP,Aspen,A,1,2026-10-25,x\n"
    path = tmp_path / "report.csv"
    source = AtriaReportSource(str(path), whole_file_after_s=0)
    path.write_text(HEADINGS + rows * 5000)
    assert "Incorrect billing period date" in source.not_ready_why(PERIOD)

    path.write_text(HEADINGS + rows * 5001)
    assert source.not_ready_why(PERIOD) == ""
