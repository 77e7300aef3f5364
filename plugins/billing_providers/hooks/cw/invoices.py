"""Agreement invoices, read back to see which agreements were invoiced since. ConnectWise shows no quantities on them.

``/finance/invoices`` with ``type`` Agreement and a ``date``; ``applyToId`` is the agreement where ``applyToType`` says
so (seen in a public client). On one self-hosted server a bound on today found nothing and one on yesterday did (seen in
a note), so the list starts two days early and the days are compared here.
"""

from __future__ import annotations

from datetime import timedelta

from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.conditions import Condition
from billing_providers.hooks.cw.paging import listed
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import InvoicedLine

_EARLIER = timedelta(days=2)
_FIELDS = "id,invoiceNumber,type,date,company,agreement,applyToType,applyToId"


def read_invoiced_lines(api: CwApi, period: BillingPeriod) -> list[InvoicedLine]:
    """Read one entry per agreement invoice dated from the period's start on, without quantities."""
    since = Condition.compare("date", ">=", period.start - _EARLIER)
    wanted = Condition.compare("type", "=", "Agreement") & since
    rows = listed(api, "/finance/invoices", params={"fields": _FIELDS, "conditions": wanted.text})
    lines = [_invoiced(row) for row in rows]
    return [line for line in lines if line.invoice_date is None or line.invoice_date >= period.start]


def _invoiced(row: Fields) -> InvoicedLine:
    company, agreement = row.inner("company"), row.inner("agreement")
    applied = row.get("applyToId") if row.text("applyToType") == "Agreement" else None
    contract_id = agreement.get("id") or applied
    return InvoicedLine(
        invoice_number=row.text("invoiceNumber"),
        invoice_date=row.day("date"),
        account_id="" if company.get("id") is None else company.identity("id"),
        contract_id="" if contract_id is None else str(contract_id),
        name=agreement.text("name"),
        quantity=None,
    )
