"""One addition as a contract line.

``product`` is the catalogue item, ``lessIncluded`` the units that are free, ``cancelledDate`` the last day that is
billed (assumed), absent on an open-ended one; dates are whole days, printed as midnight UTC (seen in a public client).
What ``agreementStatus`` of an addition tells, its own state or the agreement's, is not settled; so only
``cancelledDate`` ends a line. ``_info.lastUpdated`` is the only stamp of a change, sent where ``fields`` names it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.cw.answers import CwAnswer
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.psa import ContractLine

ADDITION_FIELDS = (
    "id,agreementId,product,description,quantity,lessIncluded,unitCost,unitPrice,billCustomer,effectiveDate,"
    "cancelledDate,invoiceDescription,_info"
)

_BILLABLE = "Billable"


def line_of(row: Fields, contract_id: str, account_id: str) -> ContractLine:
    """Return an addition of this agreement as a contract line.

    :raises UnreadableAnswer: when it is one of another agreement, or a field is of another type than promised.
    """
    told = row.get("agreementId")
    if told is not None and str(told) != contract_id:
        raise row.unreadable("agreementId", f"agreement {contract_id}")
    product = row.inner("product")
    line = ContractLine(
        line_id=row.identity("id"),
        contract_id=contract_id,
        account_id=account_id,
        service_id="" if product.get("id") is None else product.identity("id"),
        service_name=product.text("identifier"),
        description=row.text("description"),
        quantity=row.number("quantity"),
        unit_cost=row.number("unitCost"),
        unit_price=row.number("unitPrice"),
        effective_date=row.day("effectiveDate"),
        open=True,
        last_day=row.day("cancelledDate"),
        invoice_text=row.text("invoiceDescription"),
        included=row.number("lessIncluded"),
        billable=row.text("billCustomer") == _BILLABLE,
    )
    return replace(line, version=row.inner("_info").text("lastUpdated") or _content_of(line))


def line_written(told: CwAnswer, contract_id: str, account_id: str, line_id: str = "") -> ContractLine:
    """Return the line that the answer to a write holds.

    :param line_id: the line that was to be written; empty: a new one.
    :raises UnreadableAnswer: when the answer is about another line: then only reading tells what was written.
    """
    line = line_of(told.row(), contract_id, account_id)
    if line_id and line.line_id != line_id:
        raise told.answer.error(UnreadableAnswer, f"addition {line_id} was written, addition {line.line_id} answered")
    return line


def _content_of(line: ContractLine) -> str:
    """Return what changes when somebody edits the line, for a server that keeps no stamp."""
    numbers = (line.quantity, line.unit_cost, line.unit_price, line.included)
    content = (
        line.service_id,
        line.description,
        line.invoice_text,
        *(None if number is None else text_from_decimal(number) for number in numbers),
        str(line.effective_date),
        str(line.last_day),
        line.billable,
    )
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
