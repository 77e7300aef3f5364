"""*Dashboard*: what a period comes to, by source, module, customer and service, over time, and pending against posted.

Reads only the sums that runs kept when they reported.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from billing_providers.ledger.paging import Slice
from billing_providers.model.dashboard import GroupOrder, ItemTotals, PeriodTotals
from billing_providers.pages.access import ReadableDags
from billing_providers.pages.dashboard_view import BYS, DashboardFilter, DashboardView, dashboard_filter, shown_view
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.rendering import page
from billing_providers.pages.shown import NothingThere
from billing_providers.pages.table_file import table_file

router = APIRouter()

Wanted = Annotated[DashboardFilter, Depends(dashboard_filter)]
PICTURES = {"png": "image/png", "svg": "image/svg+xml"}
CHARTS = ("groups", "trend", "items")
_PAGES_MAX = 1000


@router.get("/dashboard")
def dashboard(request: Request, readable: ReadableDags, ledger: LedgerOfPages, wanted: Wanted) -> Response:
    """Show the sums of a period, and where they come from."""
    view = shown_view(ledger, readable, wanted)
    values: dict[str, Any] = {"view": view, "wanted": wanted, "bys": [by.value for by in BYS]}
    if view is not None:
        part = Slice(wanted.page)
        values["groups"] = view.groups(ledger, wanted, part)
        values["items"] = view.items(ledger, wanted, part)
        values["sources"] = _sources(ledger, view)
        values["changes"] = view.groups(ledger, wanted, Slice(1, 10), order=GroupOrder.CHANGE)
    orders = [order.value for order in GroupOrder]
    drawing = find_spec("matplotlib") is not None
    return page(request, "dashboard.html", title="Dashboard", orders=orders, drawing=drawing, **values)


@router.get("/dashboard/chart.{form}")
def chart(readable: ReadableDags, ledger: LedgerOfPages, wanted: Wanted, form: str, chart: str = "groups") -> Response:
    """Return a picture of the dashboard, or the numbers behind it, with the same filters."""
    view = shown_view(ledger, readable, wanted)
    if view is None:
        raise NothingThere("No run that you may see has kept sums yet.")
    if chart not in CHARTS or form not in {*PICTURES, "csv"}:
        raise NothingThere(f"There is no picture {chart[:20]!r} as {form[:10]!r}.")
    name = f"billing-{view.integration}-{view.period.period_start}-{chart}"
    if form == "csv":
        return table_file("csv", name, *_table(ledger, view, wanted, chart))
    from billing_providers.steps.billing_pictures import drawn

    try:
        picture = drawn(view.chart(ledger, wanted, chart), form)
    except ImportError:
        raise NothingThere(
            "Pictures need matplotlib, the extra 'datasets' of this package; the CSV has it all."
        ) from None
    return Response(
        picture, media_type=PICTURES[form], headers={"Content-Disposition": f'inline; filename="{name}.{form}"'}
    )


def _sources(ledger: Any, view: DashboardView) -> list[PeriodTotals]:
    """Return the latest period of every integration; their amounts are not added: each PSA has its own currency."""
    latest = (ledger.run_totals.periods(name, 1) for name in view.integrations)
    return [found[0] for found in latest if found]


def _table(
    ledger: Any, view: DashboardView, wanted: DashboardFilter, chart: str
) -> tuple[list[str], list[list[object]]]:
    if chart == "trend":
        heading = ["period start", "period end", "run", "lines", "changes", "held", "before", "after", "unpriced"]
        return heading, [
            [one.period_start, one.period_end, one.run_key, one.lines, one.changes, one.held, one.before, one.after,
             one.unpriced]
            for one in view.periods
        ]  # fmt: skip
    if chart == "items":
        heading = ["id", "name", "currency", "posted", "posted items", "pending", "pending items", "unpriced"]
        rows = _all(lambda part: view.items(ledger, wanted, part))
        return heading, [_cells(one) for one in rows]
    heading = ["id", "name", "lines", "changes", "held", "quantity", "before", "after", "period before", "unpriced"]
    return heading, [
        [one.group_key, one.label, one.lines, one.changes, one.held, one.quantity, one.before, one.after, one.earlier,
         one.unpriced]
        for one in _all(lambda part: view.groups(ledger, wanted, part))
    ]  # fmt: skip


def _cells(one: ItemTotals) -> list[object]:
    return [one.group_key, one.label, one.currency, one.posted, one.posted_items, one.pending, one.pending_items,
            one.unpriced]  # fmt: skip


def _all(page_of: Any) -> list[Any]:
    """Return the items of all pages."""
    found: list[Any] = []
    for number in range(1, _PAGES_MAX):
        part = page_of(Slice(number, 1000))
        if part is None or not part.items:
            break
        found += part.items
    return found
