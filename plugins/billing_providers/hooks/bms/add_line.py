"""Adding a dated line: ``POST /v2/finance/contracts/recurringservices/{contractId}/services``.

The body is an array although the answer is one line; units are int32 in and a double out. What the call does for a
service that the contract already has is not published, so it is used only for services without a line, and only
where the connection says ``add_line``.
"""

from __future__ import annotations

from billing_providers.errors import NotSent
from billing_providers.hooks.bms.lines import date_time, receipt, whole_units
from billing_providers.hooks.http.client import HttpClient
from billing_providers.model.changes import LineChange
from billing_providers.model.psa import WriteReceipt

_ADD = "/v2/finance/contracts/recurringservices/{contract_id}/services"


def add_line(client: HttpClient, change: LineChange) -> WriteReceipt:
    """Add one line, once.

    :raises NotSent: for units that are no whole number, or without a cost or price: an absent one would count as 0.
    """
    if change.unit_cost is None or change.unit_price is None:
        raise client.voice.error(NotSent, f"{change.service_name}: a new line needs a unit cost and a unit price")
    body = {
        "serviceId": int(change.service_id),
        "serviceName": change.service_name,
        "units": whole_units(change.quantity_after, client.voice),
        "unitCost": change.unit_cost,
        "unitPrice": change.unit_price,
        "effectiveDate": date_time(change.effective_date),
    }
    envelope = client.call("POST", _ADD, values={"contract_id": change.contract_id}, json=[body])
    row = envelope.row()
    return receipt(row, row.identity("id"), "units", envelope.answer.request_id)
