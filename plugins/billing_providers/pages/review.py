"""*Review*: what a diff changes, before somebody approves it. Approving and rejecting happen in Airflow's own task."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from billing_providers.engine.account_totals import account_totals
from billing_providers.ledger.diff_pages import FOUND_MAX
from billing_providers.ledger.paging import Slice
from billing_providers.model.changes import ChangeKind
from billing_providers.model.diff_page import ChangeFilter, ChangeOrder, HeldFilter
from billing_providers.pages.access import may_read
from billing_providers.pages.asked import plain
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.rendering import linked, page
from billing_providers.pages.review_rows import reviewed_changes
from billing_providers.pages.shown import NothingThere

router = APIRouter()

SHOWN = ("changes", "accounts", "unchanged", "skipped")
PERIODS_BEFORE = 3
REVIEW_TASK = "review_diff"


@router.get("/review", dependencies=[may_read])
def of_run(
    request: Request,
    ledger: LedgerOfPages,
    dag_id: Annotated[str, Query(max_length=250)] = "",
    run_id: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Lead to the diff that a run came to last; where it came to none, to what it found instead."""
    base, run_key = request.scope.get("root_path", ""), plain(f"{dag_id}/{run_id}")
    found = ledger.diff_pages.of_run(run_key)
    if found is not None:
        digest, integration = found
        return RedirectResponse(f"{base}/review/{quote(integration, safe='')}/{digest}", 307)
    if ledger.runs.find(run_key) is None:
        raise NothingThere(
            f"{run_id or 'This'} of {dag_id or 'no DAG'} is no billing run: the ledger holds nothing of it."
        )
    return RedirectResponse(linked(f"{base}/findings", run=run_key), 307)


@router.get("/review/{dag_id}/{digest}", dependencies=[may_read])
def review(
    request: Request,
    dag_id: str,
    digest: str,
    ledger: LedgerOfPages,
    show: Annotated[str, Query(max_length=10)] = SHOWN[0],
    held: Annotated[str, Query(max_length=10)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    order: Annotated[str, Query(max_length=10)] = ChangeOrder.FIRST.value,
    account: Annotated[str, Query(max_length=200)] = "",
    words: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show one diff, also one that a newer one has taken the place of."""
    diff = ledger.diff_pages.head(digest)
    if diff is None or diff.integration != dag_id:
        raise NothingThere(f"The ledger holds no diff {digest[:12]} of {dag_id}.")
    wanted = ChangeFilter(
        held=HeldFilter(held) if held in set(HeldFilter) else HeldFilter.ALL,
        kind=kind if kind in set(ChangeKind) else "",
        account=account,
        words=words,
        order=ChangeOrder(order) if order in set(ChangeOrder) else ChangeOrder.FIRST,
    )
    runs = ledger.diff_pages.runs(digest)
    values: dict[str, Any] = {
        "diff": diff,
        "runs": runs,
        "run": ledger.runs.find(runs[0]) if runs else None,
        "approval": ledger.diffs.approval(digest),
        "since": ledger.diff_pages.since(diff),
        "shows": SHOWN,
        "kinds": [one.value for one in ChangeKind],
        "orders": [one.value for one in ChangeOrder],
        "task": REVIEW_TASK,
        "found_max": FOUND_MAX,
    }
    part = Slice(number)
    match show:
        case "accounts":
            values["accounts"] = account_totals(ledger.diff_pages.amounts(digest))
        case "unchanged":
            values["unchanged"] = ledger.diff_pages.unchanged(diff, wanted, part)
        case "skipped":
            values["skipped"] = ledger.diff_pages.skipped(digest, wanted, part)
        case _:
            show = SHOWN[0]
            values["changes"] = changes = ledger.diff_pages.changes(digest, wanted, part)
            line_ids = sorted({change.line_id for change in changes.items if change.line_id})
            values["before"], history = ledger.diff_pages.before(diff, line_ids, PERIODS_BEFORE)
            states = ledger.diff_pages.states(digest, [change.change_id for change in changes.items])
            values["rows"] = reviewed_changes(changes.items, history, states, ledger.settings_log.last(dag_id))
    return page(request, "review.html", title=f"Review of {dag_id}", dag_id=dag_id, show=show, **values)
