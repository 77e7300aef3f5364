"""The invoice file holds the same charges as the API, in every shape, and is wrong only as it is told to be."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.sherweb_file.file import write_sherweb_invoice_file
from billing_providers.sandbox.sherweb_file.shapes import SHAPES, XLSX
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb

HEADINGS = [
    "Invoice Number", "Invoice Date", "Customer", "Subscription Id", "Product", "SKU", "Charge", "Charge Type",
    "Billing Cycle", "From", "To", "Quantity", "List Price", "Net Price", "Net Price Prorated", "Subtotal", "Currency",
]  # fmt: skip


def _table(path: Path, shape: str) -> list[list[Any]]:
    form = SHAPES[shape]
    if form.kind == XLSX:
        return [list(row) for row in load_workbook(path, read_only=True).active.iter_rows(values_only=True)]
    text = path.read_bytes().decode(form.encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter))


def _written(folder: Path, resold: Sherweb, period: BillingPeriod, shape: str, trouble: str = "") -> list[list[Any]]:
    path = folder / f"invoice.{SHAPES[shape].kind}"
    count = write_sherweb_invoice_file(path, resold, period, shape, trouble)
    table = _table(path, shape)
    assert count == len(table) - 1 - SHAPES[shape].total
    return table


def _column(table: list[list[Any]], heading: str) -> list[Any]:
    place = table[0].index(heading)
    return [row[place] for row in table[1:]]


def test_the_plain_file_holds_every_charge_to_the_last_digit(
    tmp_path: Path, resold: Sherweb, july: BillingPeriod
) -> None:
    """Names with markup, quotes and formulas are as they are."""
    table = _written(tmp_path, resold, july, "plain")

    assert table[0] == HEADINGS
    charges = resold.charges(july)
    assert _column(table, "Customer") == [charge.display_name for charge in charges]
    for heading, name in (("Quantity", "quantity"), ("Net Price", "net_price"), ("Subtotal", "sub_total")):
        assert list(map(Decimal, _column(table, heading))) == [getattr(charge, name) for charge in charges]
    assert set(_column(table, "Invoice Number")) == {"INV-20260731"}
    assert _column(table, "From")[0] == "2026-07-01"
    assert "12.000000000000002" in _column(table, "Quantity")
    assert "=SUM(A1:A9) Trading" in _column(table, "Customer")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_holds_every_charge(tmp_path: Path, resold: Sherweb, july: BillingPeriod, shape: str) -> None:
    """Whatever the encoding, delimiter and format: so many rows, and the SKUs in the same order."""
    table = _written(tmp_path, resold, july, shape)

    heading = SHAPES[shape].headings.get("SKU", "SKU")
    skus = [sku for sku in _column(table, heading) if sku]
    assert skus == [charge.sku for charge in resold.charges(july)]


@pytest.mark.parametrize(
    ("shape", "quantity", "subtotal", "day"),
    [
        ("semicolon", "1.374,4999999999998", "1.467,9723407100732", "01.07.2026"),
        ("english", "1,374.4999999999998", "1,467.9723407100732", "2026-07-01"),
        ("money", "EUR 1,374.50", "EUR 1,467.97", "2026-07-01"),
        ("xlsx", 1374.4999999999998, 1467.9723407100732, "2026-07-01"),
        ("xlsx_text", "1.374,4999999999998", "1.467,9723407100732", "2026-07-01"),
        ("xlsx_dates", 1374.4999999999998, 1467.9723407100732, datetime(2026, 7, 1)),
    ],
)
def test_numbers_and_days_have_the_form_of_the_shape(
    tmp_path: Path, resold: Sherweb, july: BillingPeriod, shape: str, quantity: Any, subtotal: Any, day: Any
) -> None:
    """By the charge with the oddest numbers."""
    table = _written(tmp_path, resold, july, shape)
    place = _column(table, "SKU").index("SW-AZURE-PLAN")

    assert [_column(table, heading)[place] for heading in ("Quantity", "Subtotal", "From")] == [quantity, subtotal, day]


def test_numbers_of_a_spreadsheet_are_doubles(tmp_path: Path, resold: Sherweb, july: BillingPeriod) -> None:
    """A subtotal that the spreadsheet computes has digits that nobody meant; rounded, all are right."""
    meant = [charge.sub_total for charge in resold.charges(july)]
    computed = [
        Decimal(repr(float(cell))) for cell in _column(_written(tmp_path, resold, july, "xlsx_excel"), "Subtotal")
    ]

    assert computed != meant
    assert all(abs(one - other) < Decimal("0.0000000001") for one, other in zip(computed, meant, strict=True))


def test_a_total_stands_in_the_last_row(tmp_path: Path, resold: Sherweb, july: BillingPeriod) -> None:
    """It is over all charges, of every currency, also where one is missing above it."""
    total = sum((charge.sub_total for charge in resold.charges(july)), Decimal(0))
    for trouble in ("", "one_missing"):
        table = _written(tmp_path, resold, july, "total", trouble)
        last = dict(zip(table[0], table[-1], strict=True))
        assert (last["Customer"], last["SKU"], Decimal(last["Subtotal"])) == ("Total", "", total)


@pytest.mark.parametrize(
    ("trouble", "heading", "cell"),
    [
        ("without_customer", "Customer", ""),
        ("without_sku", "SKU", ""),
        ("other_currency", "Currency", "USD"),
        ("other_cycle", "Billing Cycle", "Quarterly"),
        ("text_cell", "Quantity", "n/a"),
        ("empty_cell", "Quantity", ""),
        ("formula", "Quantity", "=1+2"),
        ("error_cell", "Quantity", "#REF!"),
        ("bad_date", "From", "31/02/2026"),
    ],
)
def test_troubles_of_one_cell(
    tmp_path: Path, resold: Sherweb, july: BillingPeriod, trouble: str, heading: str, cell: str
) -> None:
    """The first charge suffers, and nothing else."""
    healthy = _written(tmp_path, resold, july, "plain")
    sick = _written(tmp_path, resold, july, "plain", trouble)

    assert _column(sick, heading)[0] == cell
    assert sick[2:] == healthy[2:]
    assert [name for name, *cells in zip(sick[0], sick[1], healthy[1], strict=True) if cells[0] != cells[1]] == [
        heading
    ]


def test_troubles_of_rows(tmp_path: Path, resold: Sherweb, july: BillingPeriod) -> None:
    """Another period, a row twice, a row with another number, none."""
    healthy = _written(tmp_path, resold, july, "plain")

    assert set(_column(_written(tmp_path, resold, july, "plain", "last_period"), "Invoice Number")) == {"INV-20260630"}
    assert _written(tmp_path, resold, july, "plain", "repeated") == [*healthy, healthy[1]]
    more = _written(tmp_path, resold, july, "plain", "repeated_with_other_quantity")
    assert Decimal(_column(more, "Quantity")[-1]) == Decimal(_column(healthy, "Quantity")[0]) + 1
    assert _written(tmp_path, resold, july, "plain", "heading_only") == healthy[:1]
    assert "Quantity" not in _written(tmp_path, resold, july, "plain", "missing_column")[0]


@pytest.mark.parametrize("shape", ["plain", "xlsx"])
def test_a_file_may_be_half_written_or_empty(tmp_path: Path, resold: Sherweb, july: BillingPeriod, shape: str) -> None:
    """As after a crash of whoever writes it."""
    path = tmp_path / "invoice"
    write_sherweb_invoice_file(path, resold, july, shape)
    size = path.stat().st_size
    write_sherweb_invoice_file(path, resold, july, shape, "half_written")
    assert size // 2 < path.stat().st_size < size * 2 // 3

    write_sherweb_invoice_file(path, resold, july, shape, "no_bytes")

    assert path.read_bytes() == b""


def test_unknown_names_are_refused(tmp_path: Path, resold: Sherweb, july: BillingPeriod) -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match="no shape 'pdf'; there are: plain, bom"):
        write_sherweb_invoice_file(tmp_path / "a", resold, july, "pdf")
    with pytest.raises(ValueError, match="no trouble 'typo'; there are: last_period"):
        write_sherweb_invoice_file(tmp_path / "a", resold, july, trouble="typo")
