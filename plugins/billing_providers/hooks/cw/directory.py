"""Companies, agreements and the product catalogue of a tenant, in bulk, inactive ones included.

``billingCycle`` of an agreement is a reference into a setup table, whose ``billingOptions`` tell the rhythm; without
one, or with one that does not recur, an agreement has no cycle here (a vendor ignores it as well: seen on its page). A
company status has no flag for "no longer a customer", so its name decides besides ``deletedFlag``. Setup tables need a
right of their own; without it names stand in for them. A bundle of the catalogue cannot be an addition (seen likewise).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from billing_providers.errors import Forbidden
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.paging import listed
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.psa import Account, Contract, PsaDirectory, Service

_COMPANIES = ("/company/companies", "id,identifier,name,status,deletedFlag,parentCompany")
_STATUSES = ("/company/companies/statuses", "id,name,inactiveFlag")
_AGREEMENTS = (
    "/finance/agreements",
    "id,name,type,company,startDate,endDate,noEndingDateFlag,cancelledFlag,dateCancelled,agreementStatus,"
    "billStartDate,billingCycle,nextInvoiceDate,prorateFlag,parentAgreement",
)
_TYPES = ("/finance/agreements/types", "id,name")
_CYCLES = ("/finance/billingCycles", "id,name,billingOptions")
_CATALOGUE = (
    "/procurement/catalog",
    "id,identifier,description,customerDescription,cost,price,inactiveFlag,productClass",
)

_NO_CUSTOMERS = frozenset({"inactive", "notapproved", "deleted"})  # names of statuses, letters only
_NEVER = "NotRecurring"
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ])")


def read_directory(api: CwApi) -> PsaDirectory:
    """Read all companies, agreements, agreement types and products.

    :raises UnreadableAnswer: when a list is not complete.
    """
    companies = listed(api, _COMPANIES[0], params={"fields": _COMPANIES[1]}, counted=True)  # refused keys: one try
    reads: list[Callable[[], list[Fields] | None]] = [
        lambda: _needed(api, _AGREEMENTS),
        lambda: _needed(api, _CATALOGUE),
        lambda: _optional(api, _STATUSES),
        lambda: _optional(api, _TYPES),
        lambda: _optional(api, _CYCLES),
    ]
    agreements, catalogue, statuses, types, cycles = api.client.map(lambda read: read(), reads)
    retired = {row.identity("id") for row in statuses or [] if row.flag("inactiveFlag", default=False)}
    rhythms = {row.identity("id"): row.text("billingOptions") for row in cycles or []}
    contracts = tuple(_contract(row, rhythms) for row in agreements or [])
    named = {row.text("name") for row in types or []} | {contract.contract_type for contract in contracts}
    return PsaDirectory(
        accounts=tuple(_account(row, retired) for row in companies),
        contracts=contracts,
        services=tuple(_service(row) for row in catalogue or []),
        contract_types=tuple(sorted(named - {""})),
    )


def _needed(api: CwApi, table: tuple[str, str]) -> list[Fields]:
    return listed(api, table[0], params={"fields": table[1]}, counted=True)


def _optional(api: CwApi, table: tuple[str, str]) -> list[Fields] | None:
    try:
        return listed(api, table[0], params={"fields": table[1]})
    except Forbidden:
        return None


def _account(row: Fields, retired: set[str]) -> Account:
    status, deleted = row.inner("status"), row.flag("deletedFlag", default=False)
    name = status.text("name")
    letters = re.sub(r"[\W_]", "", name).casefold()
    ended = deleted or letters in _NO_CUSTOMERS or _reference(status) in retired
    return Account(
        account_id=row.identity("id"),
        code=row.text("identifier"),
        name=row.text("name"),
        active=not ended,
        parent_id=_reference(row.inner("parentCompany")),
        status=f"{name}, deleted".lstrip(", ") if deleted else name,
    )


def _contract(row: Fields, rhythms: dict[str, str]) -> Contract:
    company, status = row.inner("company"), row.text("agreementStatus")
    cancelled = row.flag("cancelledFlag", default=False)
    prorates = row.get("prorateFlag")
    return Contract(
        contract_id=row.identity("id"),
        account_id=_reference(company),
        account_name=company.text("name"),
        name=row.text("name"),
        contract_type=row.inner("type").text("name"),
        active=not cancelled and status.casefold() in {"", "active"},
        billing_cycle=_cycle(row.inner("billingCycle"), rhythms),
        start=row.day("startDate"),
        end=_end(row, cancelled=cancelled),
        status=status or ("Cancelled" if cancelled else ""),
        parent_id=_reference(row.inner("parentAgreement")),
        bill_start=row.day("billStartDate"),
        next_invoice=_printed_day(row.text("nextInvoiceDate")),
        prorates=None if prorates is None else row.flag("prorateFlag", default=False),
    )


def _service(row: Fields) -> Service:
    is_bundle = row.text("productClass") == "Bundle"
    return Service(
        service_id=row.identity("id"),
        name=row.text("identifier"),
        description=row.text("description"),
        active=not row.flag("inactiveFlag", default=False),
        unit_cost=row.number("cost"),
        unit_price=row.number("price"),
        no_line_why="is a bundle, which ConnectWise does not take as an addition" if is_bundle else "",
        invoice_text=row.text("customerDescription"),
    )


def _reference(reference: Fields) -> str:
    return "" if reference.get("id") in {None, 0} else reference.identity("id")


def _cycle(cycle: Fields, rhythms: dict[str, str]) -> str:
    """Return the rhythm of a billing cycle; its name where the setup table cannot be read."""
    options = rhythms.get(_reference(cycle)) or cycle.text("name")
    return "" if options == _NEVER else options


def _end(row: Fields, *, cancelled: bool) -> date | None:
    ends = [] if row.flag("noEndingDateFlag", default=False) else [row.day("endDate")]
    if cancelled:
        ends.append(row.day("dateCancelled"))
    return min((day for day in ends if day is not None), default=None)


def _printed_day(text: str) -> date | None:
    """Return the day that a text opens with; None for any other print, whose order of day and month is unknown."""
    found = _ISO_DAY.match(text.strip())
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None
