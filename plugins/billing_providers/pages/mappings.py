"""*Mappings*: which account each customer is, and which service each SKU; what is open comes first."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from billing_providers.ledger.paging import Slice
from billing_providers.model.mapping_decisions import MappedKind
from billing_providers.model.mapping_states import MappingCounts, MappingStanding
from billing_providers.pages.access import ReadableDags, SignedIn, may_read
from billing_providers.pages.forgery import form_token
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.rendering import page
from billing_providers.pages.shown import NothingThere

router = APIRouter()

STATES = ("", *(one.value for one in MappingStanding))
DECIDED = ("", "open", "decided")
Words = Annotated[str, Query(max_length=200)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]


@router.get("/mappings")
def overview(
    request: Request,
    readable: ReadableDags,
    ledger: LedgerOfPages,
    tenant: Annotated[str, Query(max_length=300)] = "",
    words: Words = "",
    number: PageNumber = 1,
) -> Response:
    """Show how much is mapped, and the customers of all sources of one PSA tenant side by side."""
    counts: dict[str, dict[tuple[str, str], int]] = {}
    for one in ledger.mapping_states.counts():
        if one.integration in readable:
            _count(counts, one)
    tenants: dict[str, list[str]] = {}
    for integration, of_tenant in ledger.mapping_states.tenants().items():
        if integration in counts:
            tenants.setdefault(of_tenant, []).append(integration)
    if tenant and tenant not in tenants:
        raise NothingThere(f"No integration that you may see has the tenant {tenant!r}.")
    shown = tenant or next(iter(sorted(tenants)), "")
    accounts = ledger.mapping_states.accounts(tenants.get(shown, []), Slice(number), words=words)
    columns = sorted({(cell.integration, cell.module) for row in accounts.items for cell in row})
    values: dict[str, Any] = {"counts": counts, "tenants": sorted(tenants), "tenant": shown, "accounts": accounts}
    return page(request, "mappings.html", title="Mappings", columns=columns, states=STATES[1:], **values)


@router.get("/mappings/{dag_id}", dependencies=[may_read])
def grid(
    request: Request,
    dag_id: str,
    user: SignedIn,
    ledger: LedgerOfPages,
    kind: Annotated[str, Query(max_length=10)] = MappedKind.CUSTOMER.value,
    state: Annotated[str, Query(max_length=10)] = "",
    decided: Annotated[str, Query(max_length=10)] = "",
    words: Words = "",
    number: PageNumber = 1,
) -> Response:
    """Show the customers or SKUs of one integration, with what they are mapped to, suggestions and decisions."""
    which = kind_of(kind)
    found = ledger.mapping_states.page(
        dag_id,
        which,
        Slice(number),
        state=state if state in STATES else "",
        decided=decided if decided in DECIDED else "",
        words=words,
    )
    if not found.items and not any(one.integration == dag_id for one in ledger.mapping_states.counts()):
        raise NothingThere(f"No run of {dag_id} has told yet what is mapped to what.")
    rows = [(one, [json.dumps([one.subject, offer.target]) for offer in one.offers]) for one in found.items]
    values: dict[str, Any] = {"kind": which.value, "found": found, "rows": rows, "states": STATES, "decideds": DECIDED}
    title = f"{'Customers' if which is MappedKind.CUSTOMER else 'SKUs'} of {dag_id}"
    return page(request, "mappings_of.html", title=title, dag_id=dag_id, token=form_token(user), **values)


@router.get("/mappings/{dag_id}/one", dependencies=[may_read])
def one(
    request: Request,
    dag_id: str,
    user: SignedIn,
    ledger: LedgerOfPages,
    kind: Annotated[str, Query(max_length=10)] = MappedKind.CUSTOMER.value,
    subject: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Show one customer or SKU with all decisions about it, to decide it by hand."""
    which = kind_of(kind)
    found = ledger.mapping_states.page(dag_id, which, Slice(), subject=subject) if subject else None
    decisions = ledger.mapping_decisions.of(dag_id, which, subject)
    if not decisions and not (found and found.items):
        raise NothingThere(f"No run of {dag_id} found a {which.value} {subject!r}.")
    values: dict[str, Any] = {
        "kind": which.value,
        "subject": subject,
        "shown": found.items[0] if found and found.items else None,
        "decisions": decisions,
        "token": form_token(user),
    }
    name = "Customer" if which is MappedKind.CUSTOMER else "SKU"
    return page(request, "mapping_one.html", title=f"Decide: {name} {subject}", dag_id=dag_id, **values)


def kind_of(text: str) -> MappedKind:
    """Return the kind that an address or form names.

    :raises NothingThere: for another one.
    """
    if text not in set(MappedKind):
        raise NothingThere(f"{text!r} is no kind of mapping; there are customer and service.")
    return MappedKind(text)


def _count(counts: dict[str, dict[tuple[str, str], int]], one: MappingCounts) -> None:
    counts.setdefault(one.integration, {})[one.kind.value, one.state.value] = one.subjects
