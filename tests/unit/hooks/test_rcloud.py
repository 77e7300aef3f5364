"""rCloud's usage file as people and their spreadsheets make it: what is read, what is refused, whose trouble it is."""

from __future__ import annotations

import inspect
import io
import os
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import FailureClass, RequestError, SettingsError
from billing_providers.hooks.rcloud import HEADINGS as KNOWN
from billing_providers.hooks.rcloud import RCloudUsageSource
from billing_providers.hooks.sources import source_for
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageRead, UsageSource

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1), "Europe/London")
HEADINGS = "Client Name,Billable Space (GB),Year,Month\n"
WHOLE = HEADINGS + "Aspen Ltd,12.5,2026,7\nBirch & Co,0,2026,7\n"


def written(path: Path, content: str | bytes, *, age_s: int = 3600) -> Path:
    """Write a file that was changed some time ago."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    changed = time.time() - age_s
    os.utime(path, (changed, changed))
    return path


def workbook(path: Path, rows: list[list[Any]], *, age_s: int = 3600) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Usage"
    for row in rows:
        book.active.append(row)
    book.save(path)
    return written(path, path.read_bytes(), age_s=age_s)


def repacked(path: Path, member: str, old: bytes, new: bytes) -> bytes:
    """Return a workbook with other content in one of its parts, packed as soundly as before."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == member:
                assert old in content, f"{member} does not hold {old!r}"
                content = content.replace(old, new)
            target.writestr(name, content)
    return packed.getvalue()


def read(tmp_path: Path, content: str | bytes, *, age_s: int = 3600, **options: Any) -> UsageRead:
    path = written(tmp_path / "usage.csv", content, age_s=age_s)
    return RCloudUsageSource(str(path), **options).read_usage(JULY)


def read_sheet(tmp_path: Path, rows: list[list[Any]], **options: Any) -> UsageRead:
    path = workbook(tmp_path / "usage.xlsx", rows)
    return RCloudUsageSource(str(path), **options).read_usage(JULY)


def waits_for(tmp_path: Path, content: str | bytes, *, age_s: int = 3600, **options: Any) -> str:
    path = written(tmp_path / "usage.csv", content, age_s=age_s)
    return RCloudUsageSource(str(path), **options).not_ready_why(JULY)


def figures(found: UsageRead) -> dict[str, Decimal | None]:
    return {record.customer_code: record.quantity for record in found.records}


def test_a_file_gives_one_record_a_client(tmp_path: Path) -> None:
    """Billable space, year and month are the only data points; a reported 0 is a figure like any other."""
    found = read(tmp_path, "Client,Managed ID,Billable Space,Year,Month,Region\nAspen Ltd,ASP-1,12.5,2026,7,EU\n")

    (record,) = found.records
    assert (record.customer_code, record.customer_name, record.billing_identifier) == (
        "Aspen Ltd",
        "Aspen Ltd",
        "ASP-1",
    )
    assert (record.sku, record.quantity, record.unit) == ("billable_space", Decimal("12.5"), "GB")
    assert (record.period_start, record.period_end) == (date(2026, 7, 1), date(2026, 8, 1))
    assert (record.source, record.position, record.kind.value, record.billable) == ("rcloud", "row 2", "usage", True)
    assert (record.description, record.attributes) == ("Billable Space", '{"Region": "EU"}')
    assert (found.complete, found.malformed, found.failed_customers, found.notes) == (True, [], {}, [])
    assert figures(read(tmp_path, WHOLE)) == {"Aspen Ltd": Decimal("12.5"), "Birch & Co": Decimal(0)}


def test_a_repeat_of_last_months_figures_is_marked_as_suspicious(tmp_path: Path) -> None:
    """Space is measured: two months that agree in every figure are a stale copy, which only the run can compare."""
    assert read(tmp_path, WHOLE).never_repeats
    assert read(tmp_path, b"").never_repeats


@pytest.mark.parametrize(
    "heading",
    [
        "client,billable space,year,month",
        "CLIENT_NAME,Billable-Space,YEAR,MONTH",
        "Client name,BillableSpace [gb],Year (calendar),Month",
        " Client Name ,billable_space_(GB), Year , Month ",
    ],
)
def test_headings_are_compared_without_case_blanks_marks_and_units(heading: str, tmp_path: Path) -> None:
    """People retype headings; the column is the same."""
    assert figures(read(tmp_path, f"{heading}\nAspen,12.5,2026,7\n")) == {"Aspen": Decimal("12.5")}


@pytest.mark.parametrize(
    ("heading", "options", "problem"),
    [
        ("Client,Space,Year,Month", {}, "billable_space: no column has this heading; did you mean 'Space'?"),
        ("Klient,Billable Space,Year,Month", {}, "client: no column has this heading; did you mean 'Klient'?"),
        (
            "Client,Billable Space,Yr,Month",
            {},
            "year: no column has this heading; did you mean 'Yr'?; got 'Year'; allowed: Cli",
        ),
        ("Client,Billable Space,Year,Mth", {}, "month: no column has this heading; did you mean 'Mth'?"),
        ("Client,Client Name,Billable Space,Month", {}, "client: several columns fit; name one in field_map"),
        ("Client,client,Billable Space,Month", {}, "client: two columns have the same heading"),
        ("Client,Billable Space (TB),Year,Month", {}, "unit: the heading 'Billable Space (TB)' says another unit"),
        ("Client,Billable Space (Megabytes),Year,Month", {}, "got 'GB'; allowed: Megabytes, or an export in GB"),
        ("Client,Space TB,Year,Month", {"field_map": {"billable_space": "Space TB"}}, "says another unit"),
        (
            "Client,Billable Space,Year,Month",
            {"field_map": {"managed_id": "CW Id"}},
            "managed_id: no column has this heading; got 'CW Id'",
        ),
        ("Client,Billable Space,Year,Month", {"encoding": "utf-9"}, "encoding: the file cannot be read"),
    ],
)
def test_a_wrong_heading_refuses_the_file(heading: str, options: dict[str, Any], problem: str, tmp_path: Path) -> None:
    """No row could be trusted, and no waiting helps: file, column, what was looked for, and what is near."""
    content = f"{heading}\nAspen,12.5,2026,7\n"
    for ask in (read, waits_for):
        with pytest.raises(SettingsError) as caught:
            ask(tmp_path, content, **options)

        assert problem in str(caught.value)
        assert str(caught.value).startswith(f"{tmp_path}/usage.csv: ")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "u.csv", "field_map": {"customer": "x"}}, "customer: unknown field; allowed: client, billable_space"),
        ({"url": "u.csv", "field_map": {"client": ""}}, "client: cannot be left out"),
        (
            {"url": "u.csv", "number_format": "german"},
            "number_format: unknown number format; got 'german'; allowed: auto",
        ),
        ({"url": "u.csv", "whole_file_after_s": -1}, "whole_file_after_s: not a number of seconds; got -1"),
        ({"url": "/x/{month}/{client}.csv"}, "url: unknown placeholder; got 'client'; allowed: {year}, {month}, {p"),
        ({"url": "usage.pdf"}, "kind: unknown kind of file; got 'pdf'; allowed: csv, xlsx"),
        ({"url": "u.csv", "delimiter": "\\t"}, "delimiter: is not one character; got '\\\\t'; allowed: , ; tab |"),
        ({"url": "u.csv", "delimeter": ";"}, "delimeter: unknown option; did you mean delimiter?"),
        ({}, "url: is missing"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_read(options: dict[str, Any], problem: str) -> None:
    """It names the key, the value and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        source_for(IntegrationSettings("x", "rcloud", "connectwise", source_options=options))

    assert problem in str(caught.value)


def test_the_source_keeps_the_contract_of_sources(tmp_path: Path) -> None:
    """Any integration may name it."""
    assert isinstance(RCloudUsageSource(str(tmp_path / "usage.csv")), UsageSource)


def test_a_field_map_names_other_headings_or_leaves_one_out(tmp_path: Path) -> None:
    """Somebody else's export needs no edit of the file."""
    names = {"client": "Kunde", "billable_space": "Speicher", "year": "Jahr", "month": "Monat", "managed_id": ""}

    found = read(tmp_path, "Kunde;Speicher;Jahr;Monat;Managed ID\nAspen;1.234,5;2026;07;A1\n", field_map=names)

    (record,) = found.records
    assert (record.quantity, record.billing_identifier) == (Decimal("1234.5"), "")
    assert record.attributes == '{"Managed ID": "A1"}'


@pytest.mark.parametrize("month", ["7", "07", "July", "Jul", "JULY", "2026-07", "2026-07-15", " jul "])
def test_a_month_may_be_written_in_many_ways(month: str, tmp_path: Path) -> None:
    """All of them mean July 2026."""
    (record,) = read(tmp_path, f"{HEADINGS}Aspen,12.5,2026,{month}\n").records

    assert (record.period_start, record.period_end) == (date(2026, 7, 1), date(2026, 8, 1))


def test_a_month_that_names_its_year_needs_no_year_column(tmp_path: Path) -> None:
    """2026-07 says it all."""
    assert figures(read(tmp_path, "Client,Month,Billable Space\nAspen,2026-07,12.5\n")) == {"Aspen": Decimal("12.5")}


@pytest.mark.parametrize(
    ("year", "month", "field", "error"),
    [
        ("2026", "Jul-26", "Month", "'Jul-26' is not a month such as 7, 07, July, Jul or 2026-07"),
        ("2026", "13", "Month", "'13' is not a month such as"),
        ("2026", "0", "Month", "'0' is not a month such as"),
        ("2026", "", "Month", "is empty"),
        ("", "7", "Year", "is empty"),
        ("26", "7", "Year", "'26' is not a year such as 2026"),
        ("1905-07-18", "7", "Year", "1905 is not a year from 2000 to 2099"),
        ("2025", "2026-07", "Year", "'2025' is not the year of the month '2026-07'"),
    ],
)
def test_a_month_that_is_not_understood_makes_the_row_malformed(
    year: str, month: str, field: str, error: str, tmp_path: Path
) -> None:
    """Jul-26 is July 2026 to one program and 26 July to another: nothing is guessed."""
    found = read(tmp_path, f"{HEADINGS}Aspen,12.5,{year},{month}\nBirch,1,2026,7\n")

    (row,) = found.malformed
    assert (row.position, row.field, row.customer_code, row.customer_name) == ("row 2", field, "Aspen", "Aspen")
    assert error in row.error
    assert figures(found) == {"Birch": Decimal(1)}


def test_spreadsheet_cells_are_read_as_what_they_are(tmp_path: Path) -> None:
    """A number is a number whatever the sheet shows: 1.234 stays 1.234; a date gives its month; an id is a text."""
    rows = [
        ["Client Name", "Billable Space (GB)", "Year", "Month", "Managed ID"],
        ["Aspen", 1.234, 2026, 7, 4711],
        ["Birch", 4.35 * 100, 2026.0, 7.0, "B1"],
        ["Cedar", "1.234,5", datetime(2026, 7, 1), date(2026, 7, 1), None],
        ["Dogwood", 1200, "2026", "July", "D1"],
    ]

    found = read_sheet(tmp_path, rows)

    assert [(record.customer_code, str(record.quantity), record.billing_identifier) for record in found.records] == [
        ("Aspen", "1.234", "4711"),
        ("Birch", "435", "B1"),
        ("Cedar", "1234.5", ""),
        ("Dogwood", "1200", "D1"),
    ]
    assert {record.period_start for record in found.records} == {date(2026, 7, 1)}
    assert {type(text) for record in found.records for text in (record.customer_code, record.billing_identifier)} == {
        str
    }
    assert found.complete


def test_a_cell_that_is_no_amount_holds_its_client_alone(tmp_path: Path) -> None:
    """Negative, empty, a formula, a spreadsheet error: a client's row, with the reason."""
    rows = [
        ["Client", "Billable Space", "Year", "Month", "Check"],
        ["Aspen", -5, 2026, 7, 1],
        ["Birch", None, 2026, 7, 1],
        ["Cedar", "=1+1", 2026, 7, 1],
        ["Dogwood", "#REF!", 2026, 7, 1],
        ["Elder", "12 GB", 2026, 7, 1],
        ["Fir", True, 2026, 7, 1],
        ["Gorse", 8, 2026, 7, "=B8"],
    ]

    found = read_sheet(tmp_path, rows)

    assert [(row.customer_code, row.field, row.error) for row in found.malformed] == [
        ("Aspen", "Billable Space", "'-5' is negative"),
        ("Birch", "Billable Space", "is empty"),
        ("Cedar", "Billable Space", "a formula; export values"),
        ("Dogwood", "Billable Space", "the spreadsheet error #REF!"),
        ("Elder", "Billable Space", "'12 GB' is not a number with a decimal point"),
        ("Fir", "Billable Space", "'True' is not a number with a decimal point"),
    ]
    assert figures(found) == {"Gorse": Decimal(8)}


def test_the_same_cells_in_a_text_file_hold_their_client_too(tmp_path: Path) -> None:
    """A CSV export carries formulas and errors as text."""
    rows = "Aspen,#REF!,2026,7\nBirch,=1+1,2026,7\nCedar,-0.5,2026,7\nDogwood,,2026,7\nElder,1E+05,2026,7\n,5,2026,7\n"

    found = read(tmp_path, f"{HEADINGS}{rows}Fir,2026,7\nGorse,8,2026,7\n")

    assert [(row.position, row.customer_code, row.field) for row in found.malformed] == [
        ("row 2", "Aspen", "Billable Space (GB)"),
        ("row 3", "Birch", "Billable Space (GB)"),
        ("row 4", "Cedar", "Billable Space (GB)"),
        ("row 5", "Dogwood", "Billable Space (GB)"),
        ("row 6", "Elder", "Billable Space (GB)"),
        ("row 7", "", "Client Name"),
        ("row 8", "Fir", "row"),
    ]
    assert figures(found) == {"Gorse": Decimal(8)}


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["1,234.50", "1,234"], ["1234.5", "1234"]),
        (["1.234,50", "1.234"], ["1234.5", "1234"]),
        (["1\u00a0234,50", "1\u2009234,5"], ["1234.5", "1234.5"]),
        (["1'234.5", "1,234"], ["1234.5", "1234"]),
        (["0.5", "1,234"], ["0.5", "1234"]),
    ],
)
def test_the_decimal_mark_is_decided_for_the_whole_file(cells: list[str], amounts: list[str], tmp_path: Path) -> None:
    """One cell that fits a single reading says what the others mean."""
    rows = "".join(f"Client {index};{cell};2026;7\n" for index, cell in enumerate(cells))

    found = read(tmp_path, f"Client;Billable Space;Year;Month\n{rows}")

    assert [record.quantity for record in found.records] == [Decimal(amount) for amount in amounts]
    assert found.malformed == []


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (["1,234", "12"], "can be read in two ways: row 2 '1,234' (1234 or 1.234); got 'auto'; allowed: point, comma"),
        (
            ["1.234,5", "12.5"],
            "contradict each other: row 3 '12.5' have a decimal point, row 2 '1.234,5' a decimal comma",
        ),
    ],
)
def test_numbers_with_two_readings_refuse_the_file(cells: list[str], problem: str, tmp_path: Path) -> None:
    """1,234 is a thousand or one and a bit: a person says which, with the cells in view."""
    rows = "".join(f"Client {index};{cell};2026;7\n" for index, cell in enumerate(cells))
    content = f"Client;Billable Space;Year;Month\n{rows}"

    with pytest.raises(SettingsError) as caught:
        read(tmp_path, content)

    assert problem in str(caught.value)
    assert caught.value.key == "number_format"


def test_a_person_may_say_what_separates_the_decimals(tmp_path: Path) -> None:
    """Then a cell of the other kind is its client's trouble alone."""
    content = "Client;Billable Space;Year;Month\nAspen;1,234;2026;7\nBirch;12.5;2026;7\n"

    with_comma, pointed = (read(tmp_path, content, number_format=mark) for mark in ("comma", "point"))

    assert figures(with_comma) == {"Aspen": Decimal("1.234")}
    assert [(row.customer_code, row.error) for row in with_comma.malformed] == [
        ("Birch", "'12.5' is not a number with a decimal comma")
    ]
    assert figures(pointed) == {"Aspen": Decimal(1234), "Birch": Decimal("12.5")}


def test_a_repeated_client_with_the_same_figure_counts_once(tmp_path: Path) -> None:
    """An export that was pasted twice bills nobody twice; the note says which rows were left out."""
    found = read(tmp_path, f"{HEADINGS}Aspen,12.5,2026,7\nBirch,3,2026,7\nAspen ,12.50,2026,July\n")

    assert [(record.position, record.quantity) for record in found.records] == [
        ("row 2", Decimal("12.5")),
        ("row 3", Decimal(3)),
    ]
    assert found.notes == ["1 rows repeat an earlier row of their client and are counted once: row 4 (as row 2)"]
    assert (found.complete, found.failed_customers) == (True, {})


def test_a_repeated_client_with_another_figure_is_held(tmp_path: Path) -> None:
    """Neither the first nor the sum is known to be right; the others go on, and both rows are kept as evidence."""
    found = read(tmp_path, f"{HEADINGS}Aspen,12.5,2026,7\nBirch,3,2026,7\n Aspen,13,2026,7\nAspen,12.5,2026,7\n")

    assert found.failed_customers == {
        "Aspen": "row 2 and row 4 of one month give Billable Space (GB) as '12.5' and '13'"
    }
    assert [record.position for record in found.records] == ["row 2", "row 3", "row 4"]
    assert len({record.record_id for record in found.records}) == 3
    assert found.complete


def test_a_repeated_client_with_another_managed_id_is_held(tmp_path: Path) -> None:
    """One figure cannot belong to two companies."""
    found = read(tmp_path, "Client,Managed ID,Billable Space,Month\nAspen,A1,3,2026-07\nAspen,A2,3,2026-07\n")

    assert found.failed_customers == {"Aspen": "row 2 and row 3 of one month give Managed ID as 'A1' and 'A2'"}


def test_clients_are_told_apart_by_case(tmp_path: Path) -> None:
    """A near miss is not a match."""
    found = read(tmp_path, f"{HEADINGS}Aspen,1,2026,7\nASPEN,2,2026,7\n")

    assert (figures(found), found.failed_customers) == ({"Aspen": Decimal(1), "ASPEN": Decimal(2)}, {})


def test_a_row_of_another_month_carries_its_own_month(tmp_path: Path) -> None:
    """The check after reading holds that client alone, as the row is there with the month that it names."""
    found = read(tmp_path, f"{HEADINGS}Aspen,1,2026,6\nBirch,2,2026,7\n")

    assert found.complete
    assert [(record.customer_code, record.period_start) for record in found.records] == [
        ("Aspen", date(2026, 6, 1)),
        ("Birch", date(2026, 7, 1)),
    ]


NOT_WHOLE = [
    (b"", "is empty so far"),
    (b"\n \n", "the file is empty so far"),
    (b"Client Name,Billable Sp", "the file breaks off in its headings"),
    (HEADINGS.encode(), "the file has no rows so far"),
    (HEADINGS.encode() + b"Aspen,1,2026,7\nBirch,12", "the last row (3) is cut off"),
    (b"Client,Year,Month,Billable Space\nAspen,2026,7,12", "so its Billable Space may be cut off"),
    (b"Client,Billable Space,Year,Month\nAspen,3,2026,1", "so its Month may be cut off"),
    (b'Client,Billable Space,Month\n"Asp,1,2026-07\n', "unexpected end of data"),
    ((HEADINGS + "Aspen,1,2026,7\nBirké").encode()[:-1], "the last row (3) is cut off"),
    ("Year,Month,Billable Space,Client\n2026,7,1,Birké".encode()[:-1], "the file ends inside a letter"),
    ((HEADINGS + "Aspen,1,2026,7\n").encode("utf-16")[:-1], "the file ends inside a letter"),
    (
        HEADINGS.encode() + b"Aspen,1,2026,6\nBirch,2,2026,6\n",
        "it is last month's file: all 2 rows are of 2026-06, expected 2026-07",
    ),
    (HEADINGS.encode() + b"Aspen,1,2026,5\nBirch,2,2025,7\n", "no row is of 2026-07; the rows are of 2025-07, 2026-05"),
]


@pytest.mark.parametrize(("content", "why"), NOT_WHOLE)
def test_a_file_that_is_not_whole_is_waited_for_and_never_billed(content: bytes, why: str, tmp_path: Path) -> None:
    """Law 3: empty, half-written or last month's is never a month with less usage."""
    found = read(tmp_path, content)

    assert not found.complete
    assert why in found.incomplete_why
    assert why in waits_for(tmp_path, content)


def test_a_file_that_changed_just_now_may_still_be_being_written(tmp_path: Path) -> None:
    """A copy in progress ends at a line end as often as not, so only its age tells."""
    found = read(tmp_path, WHOLE, age_s=60)

    assert not found.complete
    for why in (found.incomplete_why, waits_for(tmp_path, WHOLE, age_s=60)):
        assert "usage.csv may still be being written: it was changed at 20" in why
        assert why.endswith("it is taken as whole 120 s after its last change")
    assert read(tmp_path, WHOLE, age_s=130).complete
    assert waits_for(tmp_path, WHOLE, age_s=130) == ""
    assert read(tmp_path, WHOLE, age_s=60, whole_file_after_s=30).complete
    assert waits_for(tmp_path, WHOLE, age_s=0, whole_file_after_s=0) == ""


def test_a_change_in_the_future_says_to_check_the_clocks(tmp_path: Path) -> None:
    """A wrong clock must not make a half-written file look old."""
    why = waits_for(tmp_path, WHOLE, age_s=-600)

    assert "which is in the future: check the clocks" in why


def test_a_whole_file_without_last_line_break_is_complete_when_its_month_is_not_in_doubt(tmp_path: Path) -> None:
    """A cut-off July is no other month, so nothing that is billed hangs on the last cell."""
    assert read(tmp_path, WHOLE.rstrip("\n")).complete
    assert waits_for(tmp_path, WHOLE.rstrip("\n")) == ""


@pytest.mark.parametrize("lost", [1, 400, 3000])
def test_a_workbook_that_is_cut_off_is_not_whole(lost: int, tmp_path: Path) -> None:
    """A workbook is a zip: its directory stands at the end."""
    rows: list[list[Any]] = [["Client", "Billable Space", "Month"], *([f"C{n}", n, "2026-07"] for n in range(300))]
    path = workbook(tmp_path / "usage.xlsx", rows)
    written(path, path.read_bytes()[:-lost])
    source = RCloudUsageSource(str(path))

    assert "it is not a whole workbook" in source.not_ready_why(JULY)
    assert (source.read_usage(JULY).complete, source.read_usage(JULY).records) == (False, [])


def test_a_workbook_that_is_damaged_inside_is_not_whole(tmp_path: Path) -> None:
    """Not even the rows before the damage are trusted."""
    rows: list[list[Any]] = [["Client", "Billable Space", "Month"], *([f"C{n}", n, "2026-07"] for n in range(3000))]
    path = workbook(tmp_path / "usage.xlsx", rows)
    content = bytearray(path.read_bytes())
    at = content.index(b"xl/worksheets/sheet1.xml") + 8000
    content[at : at + 40] = b"\0" * 40
    written(path, bytes(content))

    found = RCloudUsageSource(str(path)).read_usage(JULY)

    assert (found.complete, found.records) == (False, [])
    assert "it is not a whole workbook" in found.incomplete_why


@pytest.mark.parametrize(
    ("member", "damage"),
    [
        ("xl/worksheets/sheet1.xml", (b"<v>2</v>", b"<v>2-</v>")),
        ("xl/workbook.xml", (b"sheetId=", b"sheetIe=")),
    ],
)
def test_no_damage_of_a_workbook_escapes_as_an_error_of_its_reader(
    member: str, damage: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """Whatever a broken part makes the reader raise: the file is not whole, and is waited for."""
    path = workbook(
        tmp_path / "usage.xlsx", [["Client", "Billable Space", "Month"], ["Aspen", 2, datetime(2026, 7, 1)]]
    )
    written(path, repacked(path, member, *damage))

    assert "it is not a whole workbook" in RCloudUsageSource(str(path)).not_ready_why(JULY)
    assert not RCloudUsageSource(str(path)).read_usage(JULY).complete


def test_a_stated_area_that_is_too_small_hides_no_row(tmp_path: Path) -> None:
    """Law 3: some exporters write the area of an earlier save; rows below it were billed to nobody."""
    rows: list[list[Any]] = [["Client", "Billable Space", "Month"], *([f"C{n}", n, "2026-07"] for n in range(40))]
    path = workbook(tmp_path / "usage.xlsx", rows)
    written(path, repacked(path, "xl/worksheets/sheet1.xml", b'ref="A1:C41"', b'ref="A1:C21"'))

    found = RCloudUsageSource(str(path)).read_usage(JULY)

    assert (found.complete, len(found.records)) == (True, 40)


def test_a_file_that_is_not_there_is_waited_for_and_reading_it_is_code_03(tmp_path: Path) -> None:
    """An export that is late is no month without usage, and it is the source's trouble."""
    source = RCloudUsageSource(f"file://{tmp_path}/{{year}}-{{month}}.csv")

    assert source.not_ready_why(JULY) == f"there is no file yet at file://{tmp_path}/2026-07.csv"
    with pytest.raises(RequestError, match="there is no such file") as caught:
        source.read_usage(JULY)
    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_waiting_does_not_open_a_file_before_it_is_old_enough(tmp_path: Path) -> None:
    """Asked every few minutes for hours, it must cost next to nothing: a folder, which cannot be opened, shows it."""
    folder = tmp_path / "there.csv"
    folder.mkdir()

    assert "may still be being written" in RCloudUsageSource(str(folder)).not_ready_why(JULY)
    with pytest.raises(RequestError, match="IsADirectoryError"):
        RCloudUsageSource(str(folder), whole_file_after_s=0).not_ready_why(JULY)


def test_a_very_long_file_is_not_looked_through_while_waiting(tmp_path: Path) -> None:
    """Beyond its first rows only reading tells, so that asking every few minutes stays cheap."""
    june: list[list[Any]] = [["Client", "Billable Space", "Month"], *([f"C{n}", n, "2026-06"] for n in range(5001))]
    path = workbook(tmp_path / "usage.xlsx", june)
    source = RCloudUsageSource(str(path))

    assert source.not_ready_why(JULY) == ""
    assert "it is last month's file: all 5001 rows are of 2026-06" in source.read_usage(JULY).incomplete_why
    workbook(path, june[:5001])
    assert "it is last month's file: all 5000 rows are of 2026-06" in source.not_ready_why(JULY)


def test_the_month_fills_the_address_and_cannot_leave_its_folder(tmp_path: Path) -> None:
    """Placeholders are filled with digits and hyphens; whatever the period, the folder is the one that was set."""
    folder = tmp_path / "2026" / "07"
    folder.mkdir(parents=True)
    path = written(folder / "2026-07-01_2026-07-31.csv", WHOLE)

    found = RCloudUsageSource(f"file://{tmp_path}/{{year}}/{{month}}/{{period_start}}_{{period_end}}.csv").read_usage(
        JULY
    )

    assert (len(found.records), found.origin) == (2, f"file://{path}")


def test_the_period_must_be_a_calendar_month(tmp_path: Path) -> None:
    """rCloud's figures are of a calendar month; a period from the 26th would take half of two of them."""
    source = RCloudUsageSource(str(written(tmp_path / "usage.csv", WHOLE)))
    for start, end in (
        (date(2026, 6, 26), date(2026, 7, 26)),
        (date(2026, 7, 1), date(2026, 7, 31)),
        (date(2026, 7, 1), date(2026, 9, 1)),
    ):
        for ask in (source.read_usage, source.not_ready_why):
            with pytest.raises(SettingsError, match="calendar: rCloud counts by calendar month; got '2026-0"):
                ask(BillingPeriod(start, end))


def test_a_worksheet_is_chosen_by_name(tmp_path: Path) -> None:
    """A wrong name lists the right ones."""
    rows: list[list[Any]] = [["Client", "Billable Space", "Month"], ["Aspen", 1, "2026-07"]]
    assert figures(read_sheet(tmp_path, rows, sheet="Usage")) == {"Aspen": Decimal(1)}

    with pytest.raises(SettingsError, match="sheet: no such worksheet; got 'July'; allowed: Usage"):
        read_sheet(tmp_path, rows, sheet="July")


@pytest.mark.parametrize(
    ("url", "options", "error", "problem"),
    [
        ("nowhere://bucket/usage.csv", {}, SettingsError, "url: no storage reads this address"),
        ("s3://secret@bucket/usage.csv", {}, SettingsError, "got 's3://bucket/usage.csv'"),
    ],
)
def test_an_address_that_no_storage_reads_is_a_settings_error(
    url: str, options: dict[str, Any], error: type[SettingsError], problem: str
) -> None:
    """Waiting does not help, and credentials are in no text."""
    for ask in ("not_ready_why", "read_usage"):
        with pytest.raises(error) as caught:
            getattr(RCloudUsageSource(url, **options), ask)(JULY)

        assert problem in str(caught.value)
        assert "secret" not in str(caught.value)


def test_testing_tells_whether_the_folder_is_there(tmp_path: Path) -> None:
    """Before the first run, a person knows."""
    assert RCloudUsageSource(f"{tmp_path}/{{year}}-{{month}}.csv").test_connection() == (
        True,
        f"{tmp_path}/ can be read",
    )
    works, why = RCloudUsageSource(f"{tmp_path}/nowhere/{{year}}-{{month}}.csv").test_connection()
    assert (works, "does not exist" in why) == (False, True)


def test_the_page_names_every_option_and_every_heading() -> None:
    """An option or a heading that nobody can find cannot be set."""
    page = (Path(__file__).parents[3] / "docs" / "rcloud.md").read_text(encoding="utf-8")

    assert [name for name in inspect.signature(RCloudUsageSource).parameters if f"`{name}`" not in page] == []
    assert [name for name in KNOWN if f"| `{name}` |" not in page] == []
    assert [heading for headings in KNOWN.values() for heading in headings if heading not in page] == []
