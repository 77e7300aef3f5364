"""Every form in which the invoice file may arrive. All of them are assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from billing_providers.model.decimals import text_from_decimal

CSV, XLSX = "csv", "xlsx"


def plain_number(number: Decimal) -> str:
    """1234.5, with all digits and no more."""
    return text_from_decimal(number)


def english_number(number: Decimal) -> str:
    """1,234.5."""
    whole, _, rest = text_from_decimal(number).partition(".")
    return f"{int(whole):,}{'.' if rest else ''}{rest}" if abs(number) >= 1 else text_from_decimal(number)


def german_number(number: Decimal) -> str:
    """1.234,5."""
    return english_number(number).replace(",", "\0").replace(".", ",").replace("\0", ".")


def money_number(number: Decimal) -> str:
    """EUR 1,234.56: rounded to cents, as it is shown on the page."""
    return f"EUR {number:,.2f}"


@dataclass(frozen=True, slots=True)
class InvoiceShape:
    """How the file is written.

    :param numbers_as_text: XLSX alone: numbers are text in ``number`` format.
    :param dates_as_dates: XLSX alone: days are dates, not text.
    :param total: a last row with the sum of all subtotals and no SKU.
    :param without: headings that are left out.
    """

    words: str  # for people, in the docs
    kind: str = CSV
    encoding: str = "utf-8"
    delimiter: str = ","
    quote_all: bool = False
    number: Callable[[Decimal], str] = plain_number
    day: str = "%Y-%m-%d"
    numbers_as_text: bool = False
    dates_as_dates: bool = False
    total: bool = False
    headings: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


_SMALL = {
    "Customer": "customer_display_name", "SKU": "sku", "Quantity": "quantity", "Net Price": "net_price",
    "From": "period_from", "To": "period_to", "Charge Type": "charge_type", "Billing Cycle": "billing_cycle_type",
}  # fmt: skip
SHAPES: dict[str, InvoiceShape] = {
    "plain": InvoiceShape("CSV: UTF-8, comma, 1234.5, 2026-07-31"),
    "bom": InvoiceShape("with a byte order mark", encoding="utf-8-sig"),
    "semicolon": InvoiceShape("semicolon, 1.234,5, 31.07.2026", delimiter=";", number=german_number, day="%d.%m.%Y"),
    "english": InvoiceShape("1,234.5, every cell in quotes", number=english_number, quote_all=True),
    "tab": InvoiceShape("UTF-16 with tabs", encoding="utf-16", delimiter="\t"),
    "money": InvoiceShape("EUR 1,234.56: money and quantities rounded to cents", number=money_number),
    "total": InvoiceShape("with a last row that holds the total", total=True),
    "small_headings": InvoiceShape("customer_display_name, sku, quantity, …", headings=_SMALL),
    "without_ids": InvoiceShape(
        "without Subscription Id and Invoice Number", without=("Subscription Id", "Invoice Number")
    ),
    "xlsx": InvoiceShape("XLSX with numbers: doubles, as spreadsheets hold them", kind=XLSX),
    "xlsx_dates": InvoiceShape("days as dates, with a total", kind=XLSX, dates_as_dates=True, total=True),
    "xlsx_text": InvoiceShape("numbers as text, 1.234,5", kind=XLSX, numbers_as_text=True, number=german_number),
    "xlsx_excel": InvoiceShape("subtotals computed by the spreadsheet: 85.80000000000001", kind=XLSX),
}
EXCEL = "xlsx_excel"
