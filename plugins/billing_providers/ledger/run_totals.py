"""The sums of runs over their contract lines, and of the billing items that they read, for the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice, like
from billing_providers.ledger.store import Store
from billing_providers.model.billing_dataset import TotalBy
from billing_providers.model.dashboard import GroupOrder, GroupTotals, ItemTotals, PeriodTotals
from billing_providers.model.run_totals import RunTotal, RunTotalBy

_TOTAL = RowCodec(RunTotal)
_PERIOD = RowCodec(PeriodTotals)
_GROUP = RowCodec(GroupTotals)
_ITEMS = RowCodec(ItemTotals)


class RunTotals:
    """Sums by run; a run that reports again replaces its own as a whole."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, run_key: str, totals: Sequence[RunTotal]) -> None:
        """Store the sums of a run, in place of what an earlier try of its report made."""
        with self._store.writing("keep the sums of the run") as transaction:
            transaction.run("run_totals_clear", run_key=run_key)
            transaction.run_for_each("run_total_write", [{**_TOTAL.encoded(one), "run_key": run_key} for one in totals])

    def of_run(self, run_key: str) -> list[RunTotal]:
        """Return all sums of a run, by what they are of."""
        with self._store.reading("read the sums of a run") as transaction:
            return [_TOTAL.decoded(row) for row in transaction.rows("run_totals_read", run_key=run_key)]

    def periods(self, integration: str, periods: int, *, until: date = date.max) -> list[PeriodTotals]:
        """Return the latest periods with sums that start on a day or before, the newest first."""
        with self._store.reading("read the sums of periods") as transaction:
            rows = transaction.rows(
                "run_totals_periods", integration=integration, until=until.isoformat(), periods=periods
            )
        return [_PERIOD.decoded(row) for row in rows]

    def groups(
        self,
        run_key: str,
        by: RunTotalBy,
        part: Slice,
        *,
        earlier_run: str = "",
        order: GroupOrder = GroupOrder.AMOUNT,
        words: str = "",
    ) -> Page[GroupTotals]:
        """Return a page of the groups of a run.

        :param earlier_run: the run of the period before, to compare with; empty: none.
        :param words: only groups whose name or key holds this, whatever its case.
        """
        with self._store.reading("read the sums of a run") as transaction:
            rows = transaction.rows(
                "run_totals_groups",
                run_key=run_key,
                grouped_by=by.value,
                earlier_run=earlier_run,
                sort=order.value,
                words=like(words),
                limit=part.size,
                skip=part.skip,
            )
        return Page.of([_GROUP.decoded(row) for row in rows], rows, part)

    def items(self, run_key: str, by: TotalBy, part: Slice, *, words: str = "") -> Page[ItemTotals]:
        """Return a page of the posted and pending billing items that a run read, by currency and size."""
        with self._store.reading("read the sums of billing items") as transaction:
            rows = transaction.rows(
                "run_totals_items",
                run_key=run_key,
                grouped_by=by.value,
                words=like(words),
                limit=part.size,
                skip=part.skip,
            )
        return Page.of([_ITEMS.decoded(row) for row in rows], rows, part)
