"""Which integration and period the dashboard is about, and the sums that it shows of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from billing_providers.engine.billing_charts import Chart
from billing_providers.engine.dashboard_charts import GROUPS_MAX, groups_chart, items_chart, trend_chart
from billing_providers.ledger.paging import Page, Slice
from billing_providers.model.billing_dataset import BillingItemsRead, TotalBy
from billing_providers.model.dashboard import GroupOrder, GroupTotals, ItemTotals, PeriodTotals
from billing_providers.model.run_totals import RunTotalBy
from billing_providers.pages.shown import NothingThere

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

BYS = (RunTotalBy.CUSTOMER, RunTotalBy.SERVICE, RunTotalBy.MODULE)
PERIODS = 36


@dataclass(frozen=True, slots=True)
class DashboardFilter:
    """What the address says, checked. ``currency``: of billing items; empty: the first one that there is."""

    integration: str
    period: date | None
    by: RunTotalBy
    order: GroupOrder
    currency: str
    words: str
    page: int


def dashboard_filter(
    integration: Annotated[str, Query(max_length=250)] = "",
    period: Annotated[str, Query(max_length=10)] = "",
    by: Annotated[str, Query(max_length=10)] = "",
    order: Annotated[str, Query(max_length=10)] = "",
    currency: Annotated[str, Query(max_length=10)] = "",
    words: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> DashboardFilter:
    """Return the filter of an address; what it does not know falls back to the first choice.

    :raises NothingThere: for a period that is no day.
    """
    try:
        day = date.fromisoformat(period) if period else None
    except ValueError:
        raise NothingThere(f"{period!r} is no day; a period is named by its first day, as in 2026-10-01.") from None
    return DashboardFilter(
        integration=integration,
        period=day,
        by=RunTotalBy(by) if by in {one.value for one in BYS} else BYS[0],
        order=GroupOrder(order) if order in set(GroupOrder) else GroupOrder.AMOUNT,
        currency=currency,
        words=words,
        page=number,
    )


@dataclass(frozen=True, slots=True)
class DashboardView:
    """One period of one integration.

    :ivar integrations: those that the person may see and that have sums.
    :ivar periods: with sums up to this one, the newest first.
    :ivar all_periods: first days of all periods with sums, the newest first.
    :ivar read: when its billing items were read; None: no run did.
    """

    integration: str
    integrations: Sequence[str]
    period: PeriodTotals
    periods: Sequence[PeriodTotals]
    all_periods: Sequence[date]
    read: BillingItemsRead | None

    @property
    def earlier(self) -> PeriodTotals | None:
        """The period before."""
        return self.periods[1] if len(self.periods) > 1 else None

    def groups(
        self, ledger: Ledger, wanted: DashboardFilter, part: Slice, *, order: GroupOrder | None = None
    ) -> Page[GroupTotals]:
        """Return a page of its groups, beside those of the period before."""
        return ledger.run_totals.groups(
            self.period.run_key,
            wanted.by,
            part,
            earlier_run=self.earlier.run_key if self.earlier else "",
            order=order or wanted.order,
            words=wanted.words,
        )

    def items(self, ledger: Ledger, wanted: DashboardFilter, part: Slice) -> Page[ItemTotals] | None:
        """Return a page of its billing items by the same groups; None when no run read them."""
        if self.read is None:
            return None
        return ledger.run_totals.items(self.read.run_key, TotalBy(wanted.by.value), part, words=wanted.words)

    def chart(self, ledger: Ledger, wanted: DashboardFilter, name: str) -> Chart:
        """Return a picture: ``groups``, ``trend`` or ``items``.

        :raises NothingThere: for billing items of a period whose items no run read.
        """
        told = f"{self.integration}, billing period {self.period.period_start} to {self.period.period_end}"
        if name == "trend":
            return trend_chart(self.integration, self.periods)
        if name == "items":
            items = self.items(ledger, wanted, Slice(1, GROUPS_MAX))
            if items is None:
                raise NothingThere("No run read the billing items of this period.")
            currency = wanted.currency or (items.items[0].currency if items.items else "")
            return items_chart(
                f"Pending against posted, by {wanted.by.value}", told, items.items, currency, items.total
            )
        groups = self.groups(ledger, wanted, Slice(1, GROUPS_MAX))
        largest = {GroupOrder.CHANGE: "biggest changes", GroupOrder.HELD: "most held lines"}.get(
            wanted.order, "amounts"
        )
        return groups_chart(f"By {wanted.by.value}: {largest}", told, groups.items, groups.total)


def shown_view(ledger: Ledger, readable: Collection[str], wanted: DashboardFilter) -> DashboardView | None:
    """Return what the dashboard is about; None when no integration that a person may see has sums.

    :raises NothingThere: for an integration or period that has none.
    """
    known = [name for name in ledger.runs.integrations() if name in readable]
    integrations = [name for name in known if ledger.run_totals.periods(name, 1)]
    if wanted.integration and wanted.integration not in integrations:
        raise NothingThere(f"No run of {wanted.integration} that you may see has kept sums.")
    if not integrations:
        return None
    integration = wanted.integration or integrations[0]
    everything = ledger.run_totals.periods(integration, 1200)
    until = [one for one in everything if wanted.period is None or one.period_start <= wanted.period]
    if not until or (wanted.period is not None and until[0].period_end <= wanted.period):
        raise NothingThere(f"No run of {integration} has kept sums for a period with the day {wanted.period}.")
    reads = ledger.billing_items.reads_of_period(integration, until[0].period_start)
    return DashboardView(
        integration=integration,
        integrations=integrations,
        period=until[0],
        periods=until[:PERIODS],
        all_periods=[one.period_start for one in everything],
        read=reads[0] if reads else None,
    )
