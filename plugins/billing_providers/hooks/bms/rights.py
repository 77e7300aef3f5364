"""Which rights the API user lacks, found out by trying each read with one row.

``userinfo`` lists rights by numbers whose meaning is not published, so the calls themselves are asked.
"""

from __future__ import annotations

from billing_providers.errors import BadRequest, Forbidden
from billing_providers.hooks.bms.envelope import Envelope
from billing_providers.hooks.http.client import HttpClient

_READS = (
    ("GET", "/v2/crm/accounts/summary", "CRM > Accounts: view"),
    ("GET", "/v2/finance/contracts/summary", "Finance > Contracts: view and modify"),
    ("POST", "/v2/admin/finance/services/search", "Admin > Finance > Services: view"),
)
_INVOICES = ("GET", "/v2/finance/invoices/summary", "Finance > Invoices: view (only for checking invoices afterwards)")


def user_name(client: HttpClient) -> str:
    """Return the name of the signed-in user."""
    envelope: Envelope = client.call("GET", "/v2/security/userinfo")
    return envelope.row().text("fullName")


def missing_rights(client: HttpClient) -> list[str]:
    """Return the needed rights that the signed-in user lacks; empty when a run can read all it needs.

    :raises RequestError: when a try says nothing about rights, such as a 429.
    """
    return [right for method, path, right in _READS if not _may_read(client, method, path)]


def may_read_invoices(client: HttpClient) -> bool:
    """Whether invoices can be read back. A run works without."""
    method, path, _ = _INVOICES
    return _may_read(client, method, path)


def _may_read(client: HttpClient, method: str, path: str) -> bool:
    paging = {"pageSize": 1, "pageNumber": 1, "filter": {}}
    try:
        if method == "POST":
            client.call(method, path, json=paging, repeatable=True)
        else:
            client.call(method, path, params={"PageSize": 1, "PageNumber": 1})
    except (BadRequest, Forbidden):
        return False
    return True
