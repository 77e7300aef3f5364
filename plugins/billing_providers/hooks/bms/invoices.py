"""Invoice lines, read back to compare what was invoiced with what was pushed.

``POST /v2/finance/invoices/details`` lists lines from an invoice date on, with quantity and contract, but without
account and date; ``GET /v2/finance/invoices/summary`` has those. The summary can only be bounded by the day on which
an invoice was made, so it starts earlier, and what it leaves out is fetched by id.
"""

from __future__ import annotations

from datetime import timedelta

from billing_providers.hooks.bms.lines import date_time
from billing_providers.hooks.bms.paging import listed, searched
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import InvoicedLine

_MADE_EARLIER = timedelta(days=62)


def read_invoiced_lines(client: HttpClient, period: BillingPeriod) -> list[InvoicedLine]:
    """Read the lines of all invoices dated from the period's start on."""
    since = {"invoiceDateFrom": date_time(period.start)}
    lines = searched(client, "/v2/finance/invoices/details", since)
    if not lines:
        return []
    created = {"Filter.CreatedFrom": date_time(period.start - _MADE_EARLIER)}
    headers = {row.identity("id"): row for row in listed(client, "/v2/finance/invoices/summary", created)}
    missing = sorted({line.identity("invoiceId") for line in lines} - headers.keys())
    headers |= dict(zip(missing, client.map(lambda invoice_id: _header(client, invoice_id), missing), strict=True))
    return [_invoiced(line, headers[line.identity("invoiceId")]) for line in lines]


def _header(client: HttpClient, invoice_id: str) -> Fields:
    row: Fields = client.call("GET", "/v2/finance/invoices/{invoice_id}", values={"invoice_id": invoice_id}).row()
    return row


def _invoiced(line: Fields, header: Fields) -> InvoicedLine:
    account, contract = header.get("accountId"), line.get("contractId")
    return InvoicedLine(
        invoice_number=line.text("invoiceNumber") or header.text("invoiceNumber"),
        invoice_date=header.day("invoiceDate"),
        account_id="" if account is None else str(account),
        contract_id="" if contract in {None, 0} else str(contract),
        name=line.text("name"),
        quantity=line.number("qty"),
    )
