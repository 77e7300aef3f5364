"""Sherweb's invoice as an exported file: the same records as the API gives, or a reason why not."""

from __future__ import annotations

import inspect
import json
import os
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.errors import RequestError, SettingsError
from billing_providers.hooks.sherweb import SherwebHook
from billing_providers.hooks.sherweb_file import SherwebInvoiceFile
from billing_providers.hooks.sw.options import READS, CostBasis
from billing_providers.hooks.sw.sheet import HEADINGS
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead, UsageSource
from billing_providers.model.usage import UsageKind

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "America/Toronto")
COLUMNS = (
    "Customer,Product Name,SKU,Charge Name,Charge Type,Billing Cycle,Period From,Period To,Quantity,List Price,"
    "Net Price,Net Price Prorated,Performance Deduction,Performance Deduction Total,Currency,Is Billed,Sub Total,"
    "Invoice Number\n"
)
WHOLE = (
    COLUMNS
    + "Aspen Ltd,Microsoft 365,M365,Licence,Recurring,Monthly,2026-10-01,2026-10-31,10,20.00,19.00,19.00,1.00,10.00,"
    "CAD,true,190.00,INV-7\n"
    "Aspen Ltd,Microsoft 365,M365,Licence,Recurring,Monthly,2026-10-12,2026-10-31,-2,20.00,19.00,12.26,0.65,-1.30,"
    "CAD,true,-24.52,INV-7\n"
    "Birch & Co,Backup,OB-1,Storage,Usage,Monthly,2026-10-01,2026-10-31,12.5,0.10,0.10,0.10,,,CAD,true,1.25,INV-7\n"
)


def written(path: Path, content: str | bytes, *, age_s: int = 3600) -> Path:
    """Write a file that was changed some time ago."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    changed = time.time() - age_s
    os.utime(path, (changed, changed))
    return path


def source(tmp_path: Path, content: str | bytes, *, age_s: int = 3600, **options: Any) -> SherwebInvoiceFile:
    path = written(tmp_path / "invoice.csv", content, age_s=age_s)
    return SherwebInvoiceFile(str(path), **options)


def read(tmp_path: Path, content: str | bytes, *, age_s: int = 3600, **options: Any) -> UsageRead:
    return source(tmp_path, content, age_s=age_s, **options).read_usage(OCTOBER)


def row(**cells: str) -> str:
    """Return a file of one charge, with some cells in place of the usual ones."""
    names = COLUMNS.strip().split(",")
    usual = dict(zip(names, WHOLE.splitlines()[1].split(","), strict=True))
    assert set(cells) <= set(usual)
    held = {**usual, **cells}
    return COLUMNS + ",".join(f'"{held[name]}"' if "," in held[name] else held[name] for name in names) + "\n"


def test_a_row_is_the_record_that_the_api_would_give(tmp_path: Path) -> None:
    """Whoever changes from one to the other is billed the same."""
    found = read(tmp_path, WHOLE)

    first, credit, storage = found.records
    assert isinstance(source(tmp_path, WHOLE), UsageSource)
    assert (found.complete, found.malformed, found.notes) == (True, [], [])
    assert (first.source, first.position, first.record_id) == ("sherweb_invoice", "row 2", "row 2")
    assert (first.customer_code, first.sku, first.billing_cycle, first.currency) == (
        "Aspen Ltd",
        "M365",
        "monthly",
        "CAD",
    )
    assert (first.quantity, str(first.unit_cost), str(first.total_cost)) == (Decimal(10), "20.00", "200.00")
    assert (first.period_start, first.period_end) == (date(2026, 10, 1), date(2026, 11, 1))
    assert (credit.covers_from, credit.covers_until) == (date(2026, 10, 12), date(2026, 11, 1))
    assert (credit.quantity, str(credit.unit_cost), str(credit.total_cost)) == (Decimal(-2), "20.00", "-25.82")
    assert (storage.kind, storage.quantity, str(storage.total_cost)) == (UsageKind.USAGE, Decimal("12.5"), "1.25")
    said = json.loads(first.attributes)
    assert (said["invoice.number"], said["listPrice"], said["tag.CustomerDisplayName"]) == (
        "INV-7",
        "20.00",
        "Aspen Ltd",
    )


def test_a_workbook_reads_like_the_text(tmp_path: Path) -> None:
    """Dates and numbers of a spreadsheet are plain; its 15 digits are what people see."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(COLUMNS.strip().split(","))
    cells: list[Any] = ["Aspen Ltd", "Microsoft 365", "M365", "Licence", "Recurring", "Monthly", datetime(2026, 10, 1)]
    cells += [datetime(2026, 10, 31), -12.000000000000002, 20.0, 19, 19.0, 1.0, -12.0, "CAD", True, -228.0, "INV-7"]
    book.active.append(cells)
    path = tmp_path / "invoice.xlsx"
    book.save(path)

    (record,) = SherwebInvoiceFile(str(written(path, path.read_bytes()))).read_usage(OCTOBER).records

    assert (record.quantity, record.total_cost, record.covers_until) == (Decimal(-12), Decimal(-240), date(2026, 11, 1))


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("-1.234,50", "-1234.50"), ("(1.234,50)", "-1234.50"), ("1.234,50-", "-1234.50"), ("\N{MINUS SIGN}7", "-7")],
)
def test_negative_amounts_are_written_in_several_ways(tmp_path: Path, cell: str, amount: str) -> None:
    """A credit is a credit, and one decimal mark holds for the whole file."""
    prices = {"List Price": "20,00", "Net Price": "19,00", "Net Price Prorated": "19,00"}
    content = row(**prices, **{"Performance Deduction": "1,00", "Performance Deduction Total": "", "Sub Total": cell})

    (record,) = read(tmp_path, content, cost_basis="net").records

    assert str(record.total_cost) == amount


def test_a_number_that_can_be_read_in_two_ways_refuses_the_file(tmp_path: Path) -> None:
    """1,234 is 1234 or 1.234: a person says which."""
    whole = dict.fromkeys(("List Price", "Net Price", "Net Price Prorated", "Performance Deduction"), "1")
    content = row(**whole, **{"Quantity": "1,234", "Performance Deduction Total": "", "Sub Total": "1,234"})

    with pytest.raises(SettingsError, match="the numbers of the file can be read in two ways: row 2, Quantity '1,234'"):
        read(tmp_path, content)
    (record,) = read(tmp_path, content, number_format="comma").records
    assert record.quantity == Decimal("1.234")


@pytest.mark.parametrize(
    ("cells", "field", "error"),
    [
        ({"Quantity": "ten"}, "Quantity", "'ten' is not a number with a decimal point"),
        ({"Quantity": ""}, "Quantity", "is empty"),
        (
            {"Quantity": "12.000000000000002"},
            "Quantity",
            "12.000000000000002 has 17 digits, of which a double keeps 15",
        ),
        ({"Period From": "10/01/2026"}, "Period From", "'10/01/2026' is not a date YYYY-MM-DD; date_format says how"),
        ({"Period From": "2026-11-01", "Period To": "2026-11-30"}, "Period From", "the charge covers 2026-11-01 to"),
        ({"Billing Cycle": "Weekly"}, "Billing Cycle", "'Weekly' is none of OneTime, Monthly, Yearly"),
        ({"Is Billed": "maybe"}, "Is Billed", "'maybe' is neither yes nor no"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_by_row_and_heading(
    tmp_path: Path, cells: dict[str, str], field: str, error: str
) -> None:
    """It holds its customer, and the others are read."""
    content = row(**cells) + WHOLE.splitlines()[3] + "\n"

    found = read(tmp_path, content)

    (bad,) = found.malformed
    assert (bad.position, bad.field, bad.customer_code) == ("row 2", field, "Aspen Ltd")
    assert bad.error.startswith(error)
    assert [record.customer_code for record in found.records] == ["Birch & Co"]


def test_a_row_with_a_cell_too_many_names_its_customer(tmp_path: Path) -> None:
    """A comma inside an unquoted text shifts all that follows."""
    (bad,) = read(tmp_path, row().replace(",CAD,", ",CAD,x,") + WHOLE.splitlines()[3] + "\n").malformed

    assert (bad.field, bad.error, bad.customer_code) == ("row", "has 19 cells under 18 headings", "Aspen Ltd")


@pytest.mark.parametrize(
    ("total", "why"), [("166.73", ""), ("166.74", ""), ("176.73", "row 5 states a total of 176.73")]
)
def test_a_last_row_that_is_a_total_is_compared_and_no_charge(tmp_path: Path, total: str, why: str) -> None:
    """Law 3: a row that is missing above it is missed."""
    found = read(tmp_path, WHOLE + f"Total,,,,,,,,,,,,,,,,{total},\n")

    assert (len(found.records), found.malformed) == (3, [])
    assert found.incomplete_why == (f"{why}, the rows above sum to 166.73" if why else "")


def test_a_row_without_customer_could_be_anybodys(tmp_path: Path) -> None:
    """A subtotal between the charges, say: nothing is known of whom it is."""
    (bad,) = read(tmp_path, COLUMNS + ",,,,,,,,,,,,,,,,190.00,\n" + WHOLE.split("\n", 1)[1]).malformed

    assert (bad.position, bad.field, bad.customer_code) == ("row 2", "Customer", "")


def test_other_dates_are_read_where_their_form_is_told(tmp_path: Path) -> None:
    """10/12/2026 is October or December: only a person knows."""
    content = row(**{"Period From": "10/12/2026", "Period To": "10/31/2026"})

    (record,) = read(tmp_path, content, date_format="%m/%d/%Y").records

    assert (record.covers_from, record.covers_until) == (date(2026, 10, 12), date(2026, 11, 1))


def test_the_customers_id_is_the_code_where_it_is_mapped(tmp_path: Path) -> None:
    """And without that, one name with two ids is held."""
    lines = WHOLE.splitlines()
    lines = [f"{lines[0]},Customer Id", f"{lines[1]},a-1", f"{lines[2]},a-2", f"{lines[3]},b-1"]
    content = "\n".join(lines) + "\n"

    by_id = read(tmp_path, content, field_map={"customer_id": "Customer Id"})
    by_name = read(tmp_path, content)

    assert [record.customer_code for record in by_id.records] == ["a-1", "a-2", "b-1"]
    assert (by_id.failed_customers, list(by_name.failed_customers)) == ({}, ["Aspen Ltd"])
    assert json.loads(by_name.records[0].attributes)["tag.Customer Id"] == "a-1"


def test_other_headings_are_mapped(tmp_path: Path) -> None:
    """The export's form is not published."""
    content = WHOLE.replace("Customer,", "Client,", 1).replace("Sub Total", "Extended")

    found = read(tmp_path, content, field_map={"customer": "client", "sub_total": "extended"})

    assert (found.complete, len(found.records)) == (True, 3)


@pytest.mark.parametrize(
    ("gone", "options", "said"),
    [
        ("Quantity", {}, "quantity: no column has this heading"),
        ("Performance Deduction Total", {}, "performance_total: no column has this heading"),
        ("Sub Total", {"cost_basis": "list"}, "sub_total: no column has this heading"),
        ("", {"cost_basis": "list"}, "promotion_total: no column has this heading"),
        ("", {"field_map": {"quantity": ""}}, "quantity: cannot be left out"),
        ("", {"field_map": {"quanttity": "Units"}}, "quanttity: unknown field; did you mean quantity?"),
        ("", {"number_format": "dot"}, "number_format: unknown"),
    ],
)
def test_a_file_that_lacks_what_is_needed_is_refused(
    tmp_path: Path, gone: str, options: dict[str, Any], said: str
) -> None:
    """No row of it could be trusted, and no waiting helps."""
    content = WHOLE.replace(f",{gone},", ",Something Else,", 1) if gone else WHOLE

    with pytest.raises(SettingsError) as caught:
        read(tmp_path, content, **options)

    assert said in str(caught.value)


def test_net_costs_need_no_deductions(tmp_path: Path) -> None:
    """What is charged stands in the sub total."""
    content = WHOLE.replace("Performance Deduction Total", "X").replace("Performance Deduction", "Y")

    found = read(tmp_path, content, cost_basis="net")

    assert [str(record.total_cost) for record in found.records] == ["190.00", "-24.52", "1.25"]


def test_a_file_of_another_period_is_waited_for(tmp_path: Path) -> None:
    """The last month's file under this month's name is not this month's."""
    september = WHOLE.replace("2026-10-31", "2026-09-30").replace("2026-10-", "2026-09-")

    why = source(tmp_path, september).not_ready_why(OCTOBER)
    found = read(tmp_path, september)

    assert why.startswith("no row covers a day of 2026-10-01 to 2026-10-31 (America/Toronto); row 2: the charge covers")
    assert (found.complete, found.incomplete_why) == (False, why)


def test_the_invoiced_period_of_the_rows_must_be_the_one_asked_for(tmp_path: Path) -> None:
    """A yearly charge covers many periods, and belongs to the one in which it is invoiced."""
    lines = WHOLE.splitlines()
    dated = [f"{lines[0]},Invoice Period From,Invoice Period To"]
    dated += [f"{line},2026-09-01,2026-09-30" for line in lines[1:]]
    mixed = [*dated[:-1], f"{lines[-1]},2026-10-01,2026-10-31"]

    other, several = (read(tmp_path, "\n".join(rows) + "\n") for rows in (dated, mixed))

    assert other.incomplete_why.startswith(
        "Sherweb tells of the billing period 2026-09-01 to 2026-09-30, asked was 2026-10"
    )
    assert several.incomplete_why.startswith(
        "the rows are of 2 billing periods (2026-09-01 to 2026-09-30, 2026-10-01 to 2026-10-31), asked was 2026-10"
    )


def test_usage_that_is_marked_as_open_is_waited_for(tmp_path: Path) -> None:
    """A file made before the billing date holds figures that still change."""
    content = WHOLE.replace("CAD,true,1.25", "CAD,no,1.25")

    assert source(tmp_path, content).not_ready_why(OCTOBER).startswith("1 of 1 usage charges are not billed yet")
    assert read(tmp_path, content, final_only=False).complete


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "the file is empty so far"),
        (COLUMNS, "the file has no rows so far"),
        (WHOLE[:-60], "the last row (4) is cut off"),
        (COLUMNS[:40], "the file breaks off in its headings"),
    ],
)
def test_a_file_that_is_not_whole_is_incomplete(tmp_path: Path, content: str, why: str) -> None:
    """Law 3: a part is never the whole."""
    found = read(tmp_path, content)

    assert (found.complete, found.incomplete_why) == (False, why)


def test_only_a_last_cell_that_is_billed_needs_its_line_end(tmp_path: Path) -> None:
    """Half an invoice number costs nothing; half an amount does."""
    lines = [line.rsplit(",", 1)[0] for line in WHOLE.splitlines()]

    assert read(tmp_path, WHOLE.rstrip("\n")).complete
    assert "its Sub Total may be cut off" in read(tmp_path, "\n".join(lines)).incomplete_why


def test_a_fresh_file_is_waited_for(tmp_path: Path) -> None:
    """It may still be being written."""
    assert "may still be being written" in source(tmp_path, WHOLE, age_s=5).not_ready_why(OCTOBER)
    assert source(tmp_path, WHOLE).not_ready_why(OCTOBER) == ""


def test_the_place_may_name_the_period(tmp_path: Path) -> None:
    """One URL for every month; a file that is not there is code 03."""
    written(tmp_path / "sherweb-2026-10.csv", WHOLE)
    october = SherwebInvoiceFile(f"{tmp_path}/sherweb-{{year}}-{{month}}.csv")

    assert october.read_usage(OCTOBER).complete
    assert october.test_connection()[0]
    with pytest.raises(RequestError) as caught:
        october.read_usage(BillingPeriod(date(2026, 11, 1), date(2026, 12, 1)))
    assert caught.value.finding_number == 3


def test_the_page_names_every_option_and_every_heading() -> None:
    """An option that nobody can find is not there."""
    page = (Path(__file__).parents[3] / "docs" / "sherweb.md").read_text(encoding="utf-8")

    made = {"sherweb_conn_id", "limits", "clocks"}
    options = [*inspect.signature(SherwebHook).parameters, *inspect.signature(SherwebInvoiceFile).parameters]
    assert [name for name in options if name not in made and f"| `{name}` |" not in page] == []
    assert [word for word in (*READS, *CostBasis) if f"`{word}`" not in page] == []
    assert [name for name in HEADINGS if f"| `{name}` |" not in page] == []
    assert [heading for headings in HEADINGS.values() for heading in headings if heading not in page] == []
