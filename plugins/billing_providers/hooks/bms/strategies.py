"""Which line strategy a tenant offers: found out by a harmless read, never assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing_providers.errors import BadRequest, Forbidden, UnreadableAnswer
from billing_providers.hooks.bms.envelope import Envelope
from billing_providers.hooks.bms.line_api import LineApi, line_api_settings
from billing_providers.hooks.bms.lines import LineStrategy
from billing_providers.hooks.bms.paging import PAGE_ROWS
from billing_providers.hooks.bms.plan_only import PlanOnly
from billing_providers.hooks.http.client import HttpClient
from billing_providers.model.psa import Contract

_USUAL_TYPE = "recurring services"


def chosen_strategy(client: HttpClient, line_api: Mapping[str, Any] | None, where: str) -> LineStrategy:
    """Return the line API when one is configured and answers for a contract of this tenant, else plan-only."""
    if line_api is None:
        return PlanOnly(client, "the published API has no call for it, and the connection names no line_api")
    strategy = LineApi(client, line_api_settings(line_api, where))
    contract = _a_contract(client)
    if contract is None:
        return PlanOnly(client, "the tenant has no contract with which line_api could be tried")
    try:
        strategy.lines_of(contract)
    except (BadRequest, Forbidden, UnreadableAnswer) as fault:
        return PlanOnly(client, f"line_api is configured, but its list call does not work here ({fault})")
    return strategy


def _a_contract(client: HttpClient) -> Contract | None:
    """Return a contract to try with, of the usual type if there is one on the first page.

    :raises UnreadableAnswer: when the list is empty and says that it is not; that is no tenant without contracts.
    """
    params = {"PageSize": PAGE_ROWS, "PageNumber": 1}
    page: Envelope = client.call("GET", "/v2/finance/contracts/summary", params=params)
    rows = page.rows()
    if not rows and page.total:
        raise page.answer.error(UnreadableAnswer, f"no rows came, totalRecords says {page.total}")
    usual = (row for row in rows if row.text("contractType").strip().casefold() == _USUAL_TYPE)
    row = next(usual, rows[0] if rows else None)
    if row is None:
        return None
    return Contract(
        contract_id=row.identity("id"),
        account_id="",
        account_name=row.text("accountName"),
        name=row.text("contractName"),
        contract_type=row.text("contractType"),
        active=True,
        billing_cycle=row.text("billingCycle"),
        start=None,
        end=None,
    )
