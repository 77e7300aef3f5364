"""What was approved and posted for lines, and what is pending.

``BillingItems`` holds posted items alone (seen: the vendor's help). ``itemDate`` is taken for the day that an item is
billed for (assumed). Pending ones can be told from unit rows without ``approveAndPostDate``; what an adjustment inside
a period prorates is listed by no entity before it is posted (inferred). Amounts of both are for all units.
"""

from __future__ import annotations

from billing_providers.hooks.at.invoices import OF_LINES, numbers_of
from billing_providers.hooks.at.kinds import KINDS, LineKind
from billing_providers.hooks.at.paging import listed
from billing_providers.hooks.at.query import Clause, Operator, Query
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.hooks.at.unit_rows import unit_row
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.billing_items import PendingItem, PostedItem
from billing_providers.model.periods import BillingPeriod

_ITEM = (
    *(name for kind in KINDS for name in (kind.line, kind.service)),
    "contractID", "companyID", "itemName", "quantity", "extendedPrice", "itemDate", "postedDate", "invoiceID",
)  # fmt: skip


def read_posted(tenant: AtTenant, period: BillingPeriod) -> list[PostedItem]:
    """Read the posted items of lines that are billed for a day of the period."""
    within = (
        Clause("itemDate", Operator.GTE, period.start),
        Clause("itemDate", Operator.LTE, period.last_day),
    )
    rows = listed(tenant, Query("BillingItems", _ITEM, (OF_LINES, *within)), counted=True)
    invoiced = (row.get("invoiceID") for row in rows)
    numbers = numbers_of(tenant, (invoice_id for invoice_id in invoiced if isinstance(invoice_id, int)))
    return [_posted(row, numbers) for row in rows]


def read_pending(tenant: AtTenant, period: BillingPeriod) -> list[PendingItem]:
    """Read the unit rows that start on the period's last day or before and are not posted, however old."""
    return [_pending(row, kind) for kind in KINDS for row in listed(tenant, _unposted(kind, period), counted=True)]


def _unposted(kind: LineKind, period: BillingPeriod) -> Query:
    fields = ("contractID", kind.service, kind.line, "startDate", "endDate", "units", "price")
    started = Clause("startDate", Operator.LTE, period.last_day)
    return Query(kind.units, fields, (Clause("approveAndPostDate", Operator.NOT_EXIST), started))


def _posted(row: Fields, numbers: dict[str, str]) -> PostedItem:
    kind = next(kind for kind in KINDS if row.get(kind.line) is not None)
    invoice_id = row.get("invoiceID")
    return PostedItem(
        line_id=f"{kind.mark}{row.identity(kind.line)}",
        contract_id="" if row.get("contractID") is None else row.identity("contractID"),
        account_id=row.identity("companyID"),
        service_id="" if row.get(kind.service) is None else f"{kind.mark}{row.identity(kind.service)}",
        service_name=row.text("itemName"),
        quantity=row.number("quantity"),
        amount=row.number("extendedPrice"),
        item_date=row.day("itemDate"),
        posted_on=row.day("postedDate"),
        invoice_number=_number_of(invoice_id, numbers),
    )


def _number_of(invoice_id: object, numbers: dict[str, str]) -> str:
    """Return an invoice's number, or its id where the number cannot be seen; empty would mean not invoiced yet."""
    return "" if invoice_id is None else numbers.get(str(invoice_id)) or f"id {invoice_id}"


def _pending(row: Fields, kind: LineKind) -> PendingItem:
    held = unit_row(row, line=kind.line, service=kind.service)
    return PendingItem(
        line_id=f"{kind.mark}{held.line}" if held.line else "",
        contract_id=held.contract,
        service_id=f"{kind.mark}{held.service}",
        start=held.period.start,
        end=held.period.end,
        units=held.period.units,
        amount=row.number("price"),
    )
