"""Invoices: made on demand from the lines as they are, and read back through the published API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.kaseya_bms import shapes
from billing_providers.sandbox.kaseya_bms.call import Call
from billing_providers.sandbox.kaseya_bms.errors import bad_request, not_found
from billing_providers.sandbox.kaseya_bms.paging import contains, paged, within
from billing_providers.sandbox.kaseya_bms.spec import specification
from billing_providers.sandbox.kaseya_bms.state import BmsState, LiveContract, LiveLine
from billing_providers.sandbox.world.records import RECURRING_SERVICES, Account

_STATUS_ID, _STATUS = 1, "Posted"


def make_invoices(state: BmsState, start: date, last_day: date) -> list[dict[str, Any]]:
    """Invoice every active recurring contract in force: one invoice per account, one item per open line above zero.

    Dated on the day after the period. Prorated items of changes inside the period are not simulated.

    :raises ValueError: when the period ends before it starts.
    """
    if last_day < start:
        raise ValueError("the period ends before it starts")
    made: list[dict[str, Any]] = []
    for account in state.accounts.values():
        contracts = [
            contract
            for contract in state.contracts.values()
            if contract.account_id == account.account_id
            and contract.active
            and contract.contract_type == RECURRING_SERVICES
            and contract.start <= last_day
            and contract.end >= start
        ]
        billed = [
            (contract, line)
            for contract in contracts
            for line in state.lines_of(contract.contract_id)
            if line.active and line.units > 0
        ]
        if billed:
            made.append(_invoice(len(state.invoices) + len(made) + 1, account, billed, start, last_day))
    state.invoices += made
    return made


def invoices_summary(call: Call) -> list[dict[str, Any]]:
    """List invoices without their items; the total is not told."""
    wanted = call.values
    rows = [
        invoice
        for invoice in call.state.invoices
        if wanted.get("Filter.Id") in {None, invoice["Id"]}
        and contains(invoice["InvoiceNumber"], wanted.get("Filter.InvoiceNumber"))
        and wanted.get("Filter.AccountId") in {None, invoice["AccountId"]}
        and contains(invoice["AccountName"], wanted.get("Filter.AccountName"))
        and wanted.get("Filter.StatusId") in {None, invoice["StatusId"]}
        and within(invoice["CreatedOn"], wanted.get("Filter.CreatedFrom"), wanted.get("Filter.CreatedTo"))
        and wanted.get("Filter.PostedToAccounting") in {None, invoice["PostedToAccounting"]}
    ]
    fields = specification().schemas["InvoiceSummaryOutputDto"]["properties"]
    return [{name: row[name] for name in fields} for row in paged(rows, wanted).rows]


def invoice(call: Call) -> dict[str, Any]:
    """Show one invoice with its items."""
    for found in call.state.invoices:
        if found["Id"] == call.values["id"]:
            return found
    raise not_found(f"Invoice {call.values['id']} does not exist.")


def invoice_details(call: Call) -> list[dict[str, Any]]:
    """List the items of invoices; pages count items."""
    wanted = call.body.get("Filter") or {}
    ids = _ids("ListInvoiceIds", wanted.get("ListInvoiceIds"))
    statuses = _ids("ListStatusId", wanted.get("ListStatusId"))
    rows = [
        row
        for found in call.state.invoices
        if (not ids or found["Id"] in ids)
        and (not statuses or found["StatusId"] in statuses)
        and within(found["InvoiceDate"], wanted.get("InvoiceDateFrom"), wanted.get("InvoiceDateTo"))
        and wanted.get("PostedToAccounting") in {None, found["PostedToAccounting"]}
        for row in found["LineItems"]
    ]
    return paged(rows, call.body).rows


def _ids(name: str, text: str | None) -> set[int]:
    try:
        return {int(part) for part in (text or "").split(",") if part.strip()}
    except ValueError:
        raise bad_request(f"Filter.{name}: {text!r} is no list of numbers, separated by commas") from None


def _invoice(
    invoice_id: int, account: Account, billed: list[tuple[LiveContract, LiveLine]], start: date, last_day: date
) -> dict[str, Any]:
    number = f"INV-{invoice_id:05d}"
    total = sum((line.units * line.unit_price for _, line in billed), Decimal(0))
    dated = shapes.day_text(date.fromordinal(last_day.toordinal() + 1))
    return shapes.dto(
        "InvoiceOutputDto",
        Id=invoice_id,
        InvoiceNumber=number,
        StatusId=_STATUS_ID,
        StatusName=_STATUS,
        AccountId=account.account_id,
        AccountName=account.name,
        TotalPrice=shapes.double(total),
        TotalTax=0.0,
        GrandTotal=shapes.double(total),
        InvoiceDate=dated,
        InvoiceFrom=shapes.day_text(start),
        InvoiceTo=shapes.day_text(last_day),
        CreatedOn=dated,
        PostedToAccounting=False,
        LineItems=[
            shapes.dto(
                "InvoiceLineItemsOutputDto",
                Id=invoice_id * 1000 + place,
                InvoiceId=invoice_id,
                InvoiceNumber=number,
                Name=line.service_name,
                Description=line.description,
                TypeId=1,
                TypeName="Service",
                Qty=shapes.double(line.units),
                UnitPrice=shapes.double(line.unit_price),
                TotalPrice=shapes.double(line.units * line.unit_price),
                ValueDate=shapes.day_text(start),
                ContractId=contract.contract_id,
                ContractName=contract.name,
                IsTaxable=False,
            )
            for place, (contract, line) in enumerate(billed, 1)
        ],
        DiscountItems=[],
    )
