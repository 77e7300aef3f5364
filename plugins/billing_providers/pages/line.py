"""A line's own story, which answers "why is it 12?": by period, down to the rules and the source records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from billing_providers.errors import LedgerError
from billing_providers.ledger.paging import Slice
from billing_providers.model.changes import LineChange, told_fields
from billing_providers.model.charges import RuleEffect
from billing_providers.model.line_story import LinePlan
from billing_providers.pages.access import may_read
from billing_providers.pages.asked import one_of, plain
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.record_links import record_link
from billing_providers.pages.rendering import page
from billing_providers.pages.shown import NothingThere

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.model.seen_lines import SeenLine

router = APIRouter()


@router.get("/history/{dag_id}/line/{line_id:path}", dependencies=[may_read])
def line(
    request: Request,
    dag_id: str,
    line_id: str,
    ledger: LedgerOfPages,
    digest: Annotated[str, Query(max_length=64)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show what was planned, written and read back for a line, and what is behind one period's quantity."""
    plans: Sequence[LinePlan] = ledger.line_stories.plans(dag_id, plain(line_id))
    if not plans:
        raise NothingThere(f"No run of {dag_id} knows a contract line {line_id}.")
    chosen = one_of(digest, {plan.digest for plan in plans})
    why = next(
        plan for plan in plans if plan.digest == chosen or (not chosen and (plan.charge_nos or plan is plans[-1]))
    )
    newest = next((change for plan in plans for change in plan.changes), None)
    seen = next((line for plan in plans[:3] if (line := ledger.line_stories.seen(plan.digest, line_id))), None)
    records = ledger.line_stories.evidence(why.charge_set_id, why.charge_nos, Slice(number))
    values: dict[str, Any] = {
        "line_id": line_id,
        "plans": plans,
        "why": why,
        "names": _names(seen, newest),
        "link": _link(ledger, dag_id, line_id, newest),
        "charges": ledger.line_stories.charges(why.charge_set_id, why.charge_nos),
        "records": records,
        "rules": _rules(ledger, why, {rule for one in records.items for rule in one.rule.split(", ") if rule}),
        "told_fields": told_fields,
    }
    return page(request, "line.html", title=f"Line {line_id}", dag_id=dag_id, **values)


def _names(seen: SeenLine | None, change: LineChange | None) -> list[tuple[str, str]]:
    """Return what the line is called, by the plan that saw it, else by the last change."""
    named = seen or change
    if named is None:
        return []
    return [("Account", named.account_name), ("Contract", named.contract_name), ("Service", named.service_name)]


def _link(ledger: Ledger, dag_id: str, line_id: str, change: LineChange | None) -> str:
    if change is None:
        return ""
    from dataclasses import replace

    return record_link(ledger, dag_id).of(replace(change, line_id=line_id))


def _rules(ledger: Ledger, why: LinePlan, named: set[str]) -> list[RuleEffect]:
    """Return what the rules that touched the usage say; none when the charge set is kept no more."""
    try:
        return [effect for effect in ledger.charges.head(why.charge_set_id).effects if effect.rule in named]
    except LedgerError:
        return []
