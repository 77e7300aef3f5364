"""*Close*: is this period ready to invoice? One line per integration, and for each period who is held and why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from billing_providers.ledger.paging import Slice
from billing_providers.pages.access import ReadableDags, may_read
from billing_providers.pages.asked import day_asked
from billing_providers.pages.calendar import coming_closes
from billing_providers.pages.close_states import IntegrationState, integration_states, period_state
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.rendering import page

router = APIRouter()

STATES = ("", "failed", "held", "ready")


@router.get("/")
def begin(request: Request, _readable: ReadableDags) -> Response:
    """Lead to the page that people want first."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/close", 307)


@router.get("/close")
def overview(request: Request, readable: ReadableDags, ledger: LedgerOfPages) -> Response:
    """Show where the latest period of every integration stands that the user may see."""
    states: list[IntegrationState] = integration_states(ledger, readable)
    return page(request, "close.html", title="Close", states=states)


@router.get("/close/{dag_id}", dependencies=[may_read])
def of_integration(
    request: Request,
    dag_id: str,
    ledger: LedgerOfPages,
    period: Annotated[str, Query(max_length=10)] = "",
    state: Annotated[str, Query(max_length=10)] = "",
    words: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show one period of one integration: its state, money, customers, approvals and the closes to come."""
    shown = period_state(ledger, dag_id, day_asked(period))
    wanted = state if state in STATES else ""
    customers = ledger.gates.customers(dag_id, shown.period_start, Slice(number), state=wanted, words=words)
    values: dict[str, Any] = {"shown": shown, "customers": customers, "closes": coming_closes(dag_id)}
    return page(request, "close_period.html", title=f"Close of {dag_id}", dag_id=dag_id, states=STATES, **values)
