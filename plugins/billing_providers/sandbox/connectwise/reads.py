"""What the API lets one read: lists with pages, and single records. Lists may lag behind; single records do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from billing_providers.sandbox.connectwise import shapes
from billing_providers.sandbox.connectwise.call import Answer, Call
from billing_providers.sandbox.connectwise.conditions import condition
from billing_providers.sandbox.connectwise.errors import bad_request
from billing_providers.sandbox.connectwise.listing import Asked, Record, links, one_of, part_of
from billing_providers.sandbox.connectwise.spec import specification
from billing_providers.sandbox.connectwise.state import CwState

TIME_ZONE = "GMT Standard Time"


def companies(call: Call) -> Answer:
    """List companies, deleted ones too."""
    return _list(call, "Company", _company_rows(call.state))


def companies_count(call: Call) -> Answer:
    """Count the companies that the conditions let pass."""
    return _count(call, "Company", _company_rows(call.state))


def _company_rows(state: CwState) -> Iterator[Record]:
    found = sorted(state.companies.values(), key=lambda entry: entry.company_id)
    return (shapes.company(entry, state.statuses.get(entry.status_id)) for entry in found)


def company_statuses(call: Call) -> Answer:
    """List company statuses."""
    found = sorted(call.state.statuses.values(), key=lambda entry: entry.status_id)
    return _list(call, "CompanyStatus", map(shapes.company_status, found))


def billing_cycles(call: Call) -> Answer:
    """List billing cycles."""
    found = sorted(call.state.cycles.values(), key=lambda entry: entry.cycle_id)
    return _list(call, "BillingCycle", map(shapes.billing_cycle, found))


def agreement_types(call: Call) -> Answer:
    """List agreement types."""
    found = sorted(call.state.types.values(), key=lambda entry: entry.type_id)
    return _list(call, "AgreementType", map(shapes.agreement_type, found))


def agreements(call: Call) -> Answer:
    """List agreements of all companies."""
    return _list(call, "Agreement", _agreement_rows(call.state))


def agreements_count(call: Call) -> Answer:
    """Count the agreements that the conditions let pass."""
    return _count(call, "Agreement", _agreement_rows(call.state))


def _agreement_rows(state: CwState) -> Iterator[Record]:
    found = sorted(state.agreements.values(), key=lambda entry: entry.facts.agreement_id)
    return (shapes.agreement(state, entry) for entry in found)


def agreement(call: Call) -> Answer:
    """Show one agreement."""
    row = shapes.agreement(call.state, call.state.agreement(call.path["id"]))
    return Answer(one_of("Agreement", row, call.asked.fields))


def catalogue(call: Call) -> Answer:
    """List products, inactive ones too."""
    return _list(call, "CatalogItem", _product_rows(call.state))


def catalogue_count(call: Call) -> Answer:
    """Count the products that the conditions let pass."""
    return _count(call, "CatalogItem", _product_rows(call.state))


def _product_rows(state: CwState) -> Iterator[Record]:
    return map(shapes.product, sorted(state.products.values(), key=lambda entry: entry.product_id))


def invoices(call: Call) -> Answer:
    """List invoices."""
    return _list(call, "Invoice", call.state.invoices)


def recaps(call: Call) -> Answer:
    """List what each agreement was invoiced last, and will be next."""
    state = call.state
    by_number = {invoice["id"]: invoice for invoice in state.invoices}
    found = sorted(state.agreements.values(), key=lambda entry: entry.facts.agreement_id)
    rows = []
    for live in found:
        last = by_number.get(live.last_invoice_id, {})
        rows.append(
            shapes.record(
                "AgreementRecap",
                id=live.facts.agreement_id,
                name=live.facts.name,
                agreementStatus=live.facts.status,
                companyName=state.companies[live.facts.company_id].name,
                lastInvoiceAmount=str(last["total"]) if last else None,
                lastInvoiceDate=last.get("date"),
                lastInvoiceNumber=last.get("invoiceNumber"),
                nextInvoiceDate=live.next_invoice.isoformat() if live.next_invoice else None,
                nextInvoiceAmount=sum(entry.price_total for entry in state.additions_of(live.facts.agreement_id)),
                unbilledPeriods=0,
            )
        )
    return _list(call, "AgreementRecap", rows)


def additions(call: Call) -> Answer:
    """List the additions of an agreement, ended ones too."""
    return _list(call, "Addition", addition_rows(call.state, call.path["parentId"], call.settings.cw_lag_s))


def additions_count(call: Call) -> Answer:
    """Count the additions that the conditions let pass."""
    return _count(call, "Addition", addition_rows(call.state, call.path["parentId"], call.settings.cw_lag_s))


def addition(call: Call) -> Answer:
    """Show one addition as it stands: never late."""
    live = call.state.addition(call.path["parentId"], call.path["id"])
    return Answer(one_of("Addition", shapes.addition(call.state, live), call.asked.fields))


def addition_rows(state: CwState, agreement_id: int, lag_s: int) -> list[Record]:
    """Return an agreement's additions as lists show them.

    :raises CwRefusal: 404 for an unknown agreement.
    """
    state.agreement(agreement_id)
    return [shapes.addition(state, live) for live in state.additions_of(agreement_id, lag_s)]


def audit_trail(call: Call) -> Answer:
    """List the changes of one record, newest first; no forward-only pages here."""
    known = specification().enum_of_query("GET", "/system/audittrail", "type")
    kind, number = call.query.get("type", ""), call.query.get("id", "")
    if kind not in known:
        raise bad_request("InvalidObject", f"type must be one of {', '.join(known)}, not {kind!r}.")
    if not number.isdecimal():
        raise bad_request("InvalidObject", f"id must be a number, not {number!r}.")
    rows = call.state.trail.get(int(number), []) if kind == "AgreementAddition" else []
    return _list(call, "AuditTrailEntry", reversed(rows))


def system_info(call: Call) -> Answer:
    """Tell version, region and time zone."""
    return Answer(
        shapes.record(
            "Info",
            version=f"v{call.settings.cw_codebase.strip('/').strip('v').replace('_', '.')}.110257",
            isCloud=True,
            serverTimeZone=TIME_ZONE,
            licenseBits=[],
            cloudRegion="EU",
            maxWorkFlowRecordsAllowed=1000,
        )
    )


def _list(call: Call, model: str, rows: Iterable[Record]) -> Answer:
    part = part_of(model, rows, call.asked)
    found = [
        f'<{call.address}?{_query(call, values)}>; rel="{relation}"' for relation, values in links(call.asked, part)
    ]
    # Forward-only pages always say where to go on, and the last one says nothing; see docs/sandbox.md.
    headers = {"Link": ", ".join(found)} if found or call.asked.page_id is not None else {}
    return Answer(part.rows, headers=headers)


def _count(call: Call, model: str, rows: Iterable[Record]) -> Answer:
    return Answer({"count": sum(map(condition(model, call.asked.conditions), rows))})


def _query(call: Call, values: dict[str, int]) -> str:
    kept: dict[str, Any] = {name: value for name, value in call.query.items() if name not in {"page", "pageId"}}
    asked: Asked = call.asked
    return urlencode({**kept, **values, "pageSize": asked.page_size})
