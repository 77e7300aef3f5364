"""Which rights the API member lacks, found out by trying each read with one row.

No call tells the rights of a security role. What it may write shows only at a write, so that is said, not tried. The
names of the rights are those of a vendor's published least-privilege role; those of setup tables and of the audit trail
are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.errors import BadRequest, Forbidden
from billing_providers.hooks.cw.api import CwApi

_AGREEMENTS = "/finance/agreements"
_NEEDED = (
    ("/company/companies", "Companies > Company Maintenance: inquire all"),
    (_AGREEMENTS, "Finance > Agreements: inquire all"),
    ("/procurement/catalog", "Procurement > Product Catalog: inquire all"),
)
_HELPFUL = (
    ("/finance/billingCycles", "System > Table Setup: inquire (billing cycles go by their names without)"),
    ("/finance/invoices", "Finance > Invoicing: inquire (only for checking invoices afterwards)"),
)
_AUDIT = "System > Audit Trail: inquire (only for telling who edited a line)"


@dataclass(frozen=True, slots=True)
class Rights:
    """What the member's role lacks: ``missing`` stops every run, ``helpful`` none."""

    missing: tuple[str, ...]
    helpful: tuple[str, ...]
    version: str  # of the server; empty when it does not tell


def rights_of(api: CwApi) -> Rights:
    """Try the reads that a run needs or may use; nothing is written.

    :raises SignInRefused: when the keys are refused, at the first try.
    :raises RateLimited: when a try says nothing about rights.
    :raises BadRequest: when a needed list is not found at all, which in the cloud may mean refused keys.
    """
    missing = [right for path, right in _NEEDED if not _may_read(api, path)]
    if len(missing) == len(_NEEDED):
        return Rights((*missing, "or the client id is not known to the server"), (), "")
    agreement_id = "" if _NEEDED[1][1] in missing else _an_agreement(api)
    if agreement_id and not _may_read(api, f"{_AGREEMENTS}/{{agreement_id}}/additions", agreement_id):
        missing.append("Finance > Agreements: inquire all (additions)")
    helpful = [right for path, right in _HELPFUL if not _can_read(api, path, {})]
    if agreement_id and not _can_read(api, "/system/audittrail", {"type": "Agreement", "id": agreement_id}):
        helpful.append(_AUDIT)
    return Rights(tuple(missing), tuple(helpful), _version(api))


def _may_read(api: CwApi, path: str, agreement_id: str = "") -> bool:
    try:
        api.call("GET", path, values={"agreement_id": agreement_id}, params={"pageSize": 1, "fields": "id"})
    except Forbidden:
        return False
    return True


def _can_read(api: CwApi, path: str, params: dict[str, str]) -> bool:
    try:
        api.call("GET", path, params={**params, "pageSize": 1})
    except (BadRequest, Forbidden):
        return False
    return True


def _an_agreement(api: CwApi) -> str:
    rows = api.call("GET", _AGREEMENTS, params={"pageSize": 1, "fields": "id"}).rows()
    return rows[0].identity("id") if rows else ""


def _version(api: CwApi) -> str:
    try:
        return api.call("GET", "/system/info").row().text("version")
    except (BadRequest, Forbidden):
        return ""
