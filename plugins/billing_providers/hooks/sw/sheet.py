"""Rows of an exported invoice as charges in the API's form, so that both are read by the same code.

The form of Sherweb's export is not published. Headings and what stands under them are ours, after the API's names; all
can be set. Columns that no field takes are kept like tags of a charge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from billing_providers.hooks.report_columns import SheetRow, rows_of
from billing_providers.hooks.report_files import PlainNumber, Sheet
from billing_providers.hooks.sheet_numbers import DecimalMark, amount_of, decimal_mark_of
from billing_providers.hooks.sw.charges import PERFORMANCE
from billing_providers.hooks.sw.options import DISPLAY_NAME, CostBasis
from billing_providers.hooks.sw.span import Span
from billing_providers.hooks.usage_fields import RowFault, day_of
from billing_providers.model.decimals import EXACT, DecimalError, round_decimal, text_from_decimal
from billing_providers.model.source import MalformedRow

HEADINGS = {
    "customer": ("Customer", "Customer Name", "Customer Display Name"),
    "customer_id": ("Customer Id",),
    "product_name": ("Product Name", "Product"),
    "product_id": ("Product Id",),
    "sku": ("SKU",),
    "charge_name": ("Charge Name", "Charge"),
    "charge_id": ("Charge Id",),
    "charge_type": ("Charge Type",),
    "billing_cycle": ("Billing Cycle", "Billing Cycle Type"),
    "period_from": ("Period From", "From"),
    "period_to": ("Period To", "To"),
    "quantity": ("Quantity",),
    "list_price": ("List Price",),
    "net_price": ("Net Price",),
    "net_price_prorated": ("Net Price Prorated",),
    "sub_total": ("Sub Total",),
    "performance_unit": ("Performance Deduction",),
    "performance_total": ("Performance Deduction Total",),
    "promotion_unit": ("Promotional Deduction",),
    "promotion_total": ("Promotional Deduction Total",),
    "fee_unit": ("Fee",),
    "fee_total": ("Fee Total",),
    "currency": ("Currency",),
    "is_billed": ("Is Billed", "Billed"),
    "is_proratable": ("Is Proratable",),
    "invoice_number": ("Invoice Number",),
    "invoice_from": ("Invoice Period From",),
    "invoice_to": ("Invoice Period To",),
}
NEEDED = ("customer", "charge_type", "quantity", "sub_total")  # without these a row says nothing
EXPECTED = ("sku", "billing_cycle", "period_from", "period_to", "currency")  # a person may switch them off
OF_BASIS = {
    CostBasis.NET: (),
    CostBasis.WITHOUT_TIER: ("performance_total",),
    CostBasis.LIST: ("performance_total", "promotion_total"),
}
ID_TAG = "customer_id"

_TEXTS = {
    "product_name": "productName",
    "product_id": "productId",
    "sku": "sku",
    "charge_name": "chargeName",
    "charge_id": "chargeId",
    "charge_type": "chargeType",
    "billing_cycle": "billingCycleType",
    "currency": "currency",
}
_AMOUNTS = {
    "quantity": "quantity",
    "list_price": "listPrice",
    "net_price": "netPrice",
    "net_price_prorated": "netPriceProrated",
    "sub_total": "subTotal",
}
_DAYS = {"period_from": "periodFrom", "period_to": "periodTo"}
_FLAGS = {"is_billed": "isBilled", "is_proratable": "isProratable"}
_PARTS = {"performance": PERFORMANCE, "promotion": "PromotionalMoney", "fee": ""}
_PART_AMOUNTS = tuple(f"{name}_{what}" for name in _PARTS for what in ("unit", "total"))
_YES, _NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})
_MINUS = "-\N{MINUS SIGN}"
_PLACES = 6
_CENT = Decimal("0.01")
HARMLESS = frozenset({"product_name", "product_id", "charge_name", "charge_id", "is_proratable", "invoice_number"})


@dataclass(frozen=True, slots=True)
class InvoiceRows:
    """How the rows of one file are read.

    :param columns: our field → heading in the file.
    :param mark: the decimal mark; None: found out from all rows.
    :param date_format: of dates that are not ISO dates, as ``strptime`` takes it; empty: there are none.
    :param where: the file, for messages.
    """

    columns: Mapping[str, str]
    mark: DecimalMark | None
    date_format: str
    where: str

    def charges(self, sheet: Sheet) -> tuple[list[tuple[str, dict[str, Any], RowFault | None]], str]:
        """Return position, charge, and why it is none, of each row; and why they are not what the last row totals.

        Whose a row is stands in its tags, also where the row cannot be read.

        :raises SettingsError: for numbers that can be read in two ways.
        """
        rows = list(self._rows(sheet))
        mark = self.mark or decimal_mark_of(self._amount_cells(rows), where=self.where)
        total = rows.pop() if rows and self._is_total(rows[-1]) else None
        charges = []
        for row in rows:
            charge: dict[str, Any] = {"tags": self._tags(row)}
            fault = None
            try:
                charge |= self._charge(row, mark)
            except RowFault as broken:
                fault = broken
            charges.append((row.position, charge, fault))
        return charges, self._total_why(total, [charge.get("subTotal") for _, charge, _ in charges], mark)

    def spans(self, sheet: Sheet) -> list[Span]:
        """Return the different billing periods that the rows' invoice columns name, in order; none without columns.

        :raises RowFault: for what is no date.
        """
        if not {"invoice_from", "invoice_to"} <= set(self.columns):
            return []
        told = [(self._day(row, "invoice_from"), self._day(row, "invoice_to")) for row in self._rows(sheet)]
        return list(dict.fromkeys(Span.of_days(first, last) for first, last in told if first or last))

    def named(self, malformed: Sequence[MalformedRow]) -> list[MalformedRow]:
        """Return rows that cannot be read with the file's headings in place of the API's names."""
        headings = {api: self.columns.get(name, api) for names in _NAMES for name, api in names.items()}
        headings |= {f"tag {tag}": self.columns.get(name, name) for name, tag in _CUSTOMER_TAGS.items()}
        return [replace(row, field=headings.get(row.field, row.field)) for row in malformed]

    def _is_total(self, row: SheetRow) -> bool:
        """Whether a row has an amount and says nothing about a charge."""
        empty = ("quantity", "charge_type", "billing_cycle", "sku")
        return bool(self._cell(row, "sub_total").strip()) and not any(self._cell(row, name).strip() for name in empty)

    def _total_why(self, row: SheetRow | None, amounts: Sequence[Decimal | None], mark: DecimalMark) -> str:
        if row is None or None in amounts:  # a row that cannot be read is told as such
            return ""
        try:
            stated = self._amount(row, "sub_total", mark)
        except RowFault as fault:
            return f"the total in {row.position} cannot be read: {fault.error}"
        summed = reduce(EXACT.add, (amount for amount in amounts if amount is not None), Decimal(0))
        if stated is None or abs(EXACT.subtract(stated, summed)) <= _CENT:
            return ""
        return f"{row.position} states a total of {stated}, the rows above sum to {text_from_decimal(summed)}"

    def _rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        amounts = {self.columns[name] for name in (*_AMOUNTS, *_PART_AMOUNTS) if name in self.columns}
        return rows_of(sheet, set(self.columns.values()), amounts)

    def _amount_cells(self, rows: Sequence[SheetRow]) -> Iterator[tuple[str, str]]:
        for row in rows:
            for name in (*_AMOUNTS, *_PART_AMOUNTS):
                cell = self._cell(row, name)
                if cell.strip():
                    yield f"{row.position}, {self.columns[name]}", _unsigned(cell)[0]

    def _charge(self, row: SheetRow, mark: DecimalMark) -> dict[str, Any]:
        if row.faults:
            raise RowFault(*row.faults[0])
        charge: dict[str, Any] = {api: self._cell(row, name) for name, api in _TEXTS.items()}
        charge |= {api: self._day_text(row, name) for name, api in _DAYS.items()}
        charge |= {api: self._flag(row, name) for name, api in _FLAGS.items()}
        charge |= {api: self._amount(row, name, mark) for name, api in _AMOUNTS.items()}
        charge |= self._parts(row, mark, charge["quantity"])
        if "invoice_number" in self.columns:
            charge["invoice"] = {"number": self._cell(row, "invoice_number")}
        return charge

    def _tags(self, row: SheetRow) -> list[dict[str, str]]:
        taken = set(self.columns.values())
        found = {tag: self._cell(row, name) for name, tag in _CUSTOMER_TAGS.items() if name in self.columns}
        found |= {heading: str(cell) for heading, cell in row.cells.items() if heading not in taken and cell.strip()}
        return [{"name": name, "value": value} for name, value in found.items()]

    def _parts(self, row: SheetRow, mark: DecimalMark, quantity: Decimal | None) -> dict[str, Any]:
        deductions, fees = [], []
        for name, kind in _PARTS.items():
            total = self._amount(row, f"{name}_total", mark)
            if not total:
                continue
            unit = self._amount(row, f"{name}_unit", mark)
            if unit is None:
                unit = round_decimal(total / quantity, _PLACES) if quantity else Decimal(0)
            part: dict[str, Any] = {"unitValue": unit, "totalValue": total}
            deductions.append(part | {"deductionType": kind}) if kind else fees.append(part)
        return {"deductions": deductions, "fees": fees}

    def _amount(self, row: SheetRow, name: str, mark: DecimalMark) -> Decimal | None:
        cell = self._cell(row, name)
        if not cell.strip():
            return None
        unsigned, negative = _unsigned(cell)
        try:
            amount = amount_of(unsigned, mark)
        except DecimalError as error:
            raise RowFault(self.columns[name], str(error)) from None
        return amount.copy_negate() if negative else amount

    def _day_text(self, row: SheetRow, name: str) -> str:
        found = self._day(row, name)
        return found.isoformat() if found else ""

    def _day(self, row: SheetRow, name: str) -> Any:
        cell = self._cell(row, name).strip()
        try:
            return day_of(cell, self.columns.get(name, name))
        except RowFault as fault:
            if not self.date_format:
                raise RowFault(fault.field, f"{fault.error}; date_format says how others are written") from None
        try:
            return datetime.strptime(cell, self.date_format).date()  # noqa: DTZ007 - a date without time
        except ValueError:
            raise RowFault(self.columns[name], f"{cell!r} is no date YYYY-MM-DD or {self.date_format}") from None

    def _flag(self, row: SheetRow, name: str) -> bool | None:
        word = self._cell(row, name).strip().casefold()
        if word in _YES:
            return True
        if not word or word in _NO:
            return False if word else None
        raise RowFault(self.columns[name], f"{word!r} is neither yes nor no")

    def _cell(self, row: SheetRow, name: str) -> str:
        return row.cells.get(self.columns.get(name, ""), "")


_CUSTOMER_TAGS = {"customer": DISPLAY_NAME, "customer_id": ID_TAG}
_NAMES = (_TEXTS, _AMOUNTS, _DAYS, _FLAGS)


def _unsigned(cell: str) -> tuple[str, bool]:
    """Return a cell without its sign, and whether that was a minus: ``-1``, ``1-`` or ``(1)``."""
    text = cell.strip()
    for negative, bare in (
        (text[:1] in _MINUS, text[1:]),
        (text[-1:] in _MINUS, text[:-1]),
        (text[:1] + text[-1:] == "()", text[1:-1]),
    ):
        if negative and bare.strip():
            return (PlainNumber(bare) if isinstance(cell, PlainNumber) else bare.strip()), True
    return cell, False
