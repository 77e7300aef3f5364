"""Invoices and their lines, read back to see what became of a push.

An invoice holds no lines; they are the billing items with its ``invoiceID`` (seen: the vendor's help). Instants are
UTC; one at midnight is taken for a day as it stands, any other for the local day of the billing period (assumed).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from billing_providers.hooks.at.kinds import KINDS
from billing_providers.hooks.at.paging import listed
from billing_providers.hooks.at.query import AnyOf, Clause, Operator, Query, chunks
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import InvoicedLine

#: Whether a billing item comes from a line, and not from work or a charge.
OF_LINES = AnyOf(tuple(Clause(kind.line, Operator.EXIST) for kind in KINDS))

_EARLIER = timedelta(days=1)  # an instant on the period's first day may be dated the day before in UTC


def read_invoiced_lines(tenant: AtTenant, period: BillingPeriod) -> list[InvoicedLine]:
    """Read the lines of all invoices dated from the period's start on that are not voided."""
    since = Clause("invoiceDateTime", Operator.GTE, period.start - _EARLIER)
    invoices = {
        row.identity("id"): row
        for row in listed(tenant, Query("Invoices", ("invoiceNumber", "invoiceDateTime", "isVoided"), (since,)))
        if not row.flag("isVoided", default=False) and _day(row, period.timezone) >= period.start
    }
    fields = ("invoiceID", "companyID", "contractID", "itemName", "quantity")
    rows = [
        row
        for part in chunks([int(invoice_id) for invoice_id in invoices], beside=OF_LINES.alternatives())
        for row in listed(
            tenant, Query("BillingItems", fields, (Clause("invoiceID", Operator.IN, part), OF_LINES)), counted=True
        )
    ]
    return [_line(row, invoices[row.identity("invoiceID")], period.timezone) for row in rows]


def numbers_of(tenant: AtTenant, invoice_ids: Iterable[int]) -> dict[str, str]:
    """Return the numbers of these invoices by id."""
    rows = [
        row
        for part in chunks(sorted(set(invoice_ids)))
        for row in listed(tenant, Query("Invoices", ("invoiceNumber",), (Clause("id", Operator.IN, part),)))
    ]
    return {row.identity("id"): row.text("invoiceNumber") for row in rows}


def _line(row: Fields, invoice: Fields, timezone: str) -> InvoicedLine:
    return InvoicedLine(
        invoice_number=invoice.text("invoiceNumber"),
        invoice_date=_day(invoice, timezone),
        account_id=row.identity("companyID"),
        contract_id="" if row.get("contractID") is None else row.identity("contractID"),
        name=row.text("itemName"),
        quantity=row.number("quantity"),
    )


def _day(row: Fields, timezone: str) -> date:
    text = row.text("invoiceDateTime")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise row.unreadable("invoiceDateTime", "an instant") from None
    if instant.time() == time():
        return instant.date()
    known = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return known.astimezone(ZoneInfo(timezone)).date()
