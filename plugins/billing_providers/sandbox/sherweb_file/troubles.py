"""What is wrong with an invoice file on demand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.sherweb_file.rows import InvoiceRow

Rows = list[InvoiceRow]


def _first_with(heading: str, cell: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [*(InvoiceRow(row.cells | {heading: cell}) for row in rows[:1]), *rows[1:]]


def _more(rows: Rows) -> Rows:
    return [*rows, InvoiceRow(rows[0].cells | {"Quantity": rows[0].cells["Quantity"] + Decimal(1)})]


# Rows of the period before, and troubles of the writing, are made in file.py.
_TROUBLES: tuple[tuple[str, Callable[[Rows], Rows], str], ...] = (
    ("last_period", lambda rows: rows, "the invoice of the period before"),
    ("repeated", lambda rows: [*rows, *rows[:1]], "the first charge comes again, with the same content"),
    ("repeated_with_other_quantity", _more, "the first charge comes again, with one more"),
    ("one_missing", lambda rows: rows[:-1], "the last charge is missing; a total is over all"),
    ("without_customer", _first_with("Customer", ""), "the first charge names no customer"),
    ("without_sku", _first_with("SKU", ""), "the first charge names no SKU"),
    ("other_currency", _first_with("Currency", "USD"), "the first charge is in USD"),
    ("other_cycle", _first_with("Billing Cycle", "Quarterly"), "the first charge has an unknown cycle"),
    ("text_cell", _first_with("Quantity", "n/a"), "the first quantity is text"),
    ("empty_cell", _first_with("Quantity", ""), "the first quantity is empty"),
    ("formula", _first_with("Quantity", "=1+2"), "the first quantity is a formula without a stored result"),
    ("error_cell", _first_with("Quantity", "#REF!"), "the first quantity is an error"),
    ("bad_date", _first_with("From", "31/02/2026"), "the first day is none"),
    ("heading_only", lambda _: [], "no row below the heading"),
    ("missing_column", lambda rows: rows, "there is no column Quantity"),
    ("half_written", lambda rows: rows, "CSV ends inside a row, XLSX is no whole archive"),
    ("no_bytes", lambda rows: rows, "the file is empty"),
)
TROUBLES = {name: change for name, change, _ in _TROUBLES}
WORDS = {name: words for name, _, words in _TROUBLES}
