"""Pending and posted billing items as runs read them: the rows, their sums, and when that was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.store import Store
from billing_providers.model.billing_dataset import BillingItem, BillingItemsRead, BillingTotal

_READ = RowCodec(BillingItemsRead)
ITEMS = RowCodec(BillingItem)
TOTALS = RowCodec(BillingTotal)
_OF_RUN = RowCodec(BillingItem, without=("run_key",))  # the run stands beside the rows of its table


class BillingItems:
    """One dataset per run; a run that reads again replaces its own as a whole."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def replace(self, read: BillingItemsRead, items: Sequence[BillingItem], totals: Sequence[BillingTotal]) -> None:
        """Put what a run read in place of what it read before, all or nothing."""
        key = read.run_key
        with self._store.writing("save the billing items") as transaction:
            transaction.run("billing_item_read_take", **_READ.encoded(read))
            transaction.run("billing_items_clear", run_key=key)
            transaction.run("billing_item_totals_clear", run_key=key)
            transaction.write_rows("billing_items_write", _OF_RUN, items, run_key=key)
            transaction.write_rows("billing_item_totals_write", TOTALS, totals, run_key=key)

    def read_of_run(self, run_key: str) -> BillingItemsRead | None:
        """Return when a run read its items; None: it did not."""
        with self._store.reading("read the billing items") as transaction:
            row = transaction.row("billing_item_read_of_run", run_key=run_key)
        return None if row is None else _READ.decoded(row)

    def reads_of_period(self, integration: str, period_start: date) -> list[BillingItemsRead]:
        """Return which runs of an integration read the items of a period, the newest first."""
        with self._store.reading("read the billing items") as transaction:
            rows = transaction.rows(
                "billing_item_reads_of_period", integration=integration, period_start=period_start.isoformat()
            )
        return [_READ.decoded(row) for row in rows]

    def latest_reads(self, integration: str, tenant: str, until: date, periods: int) -> list[BillingItemsRead]:
        """Return the newest reading of each of the latest periods up to one, by period."""
        with self._store.reading("read the billing items") as transaction:
            rows = transaction.rows(
                "billing_item_reads_latest",
                integration=integration,
                tenant=tenant,
                until=until.isoformat(),
                periods=periods,
            )
        return [_READ.decoded(row) for row in reversed(rows)]

    def of_run(self, run_key: str) -> list[BillingItem]:
        """Return the items of a run, in the order in which they were saved."""
        with self._store.reading("read the billing items") as transaction:
            rows = transaction.rows("billing_items_read", run_key=run_key)
        return [ITEMS.decoded(row) for row in rows]

    def of_period(self, integration: str, period_start: date) -> list[BillingItem]:
        """Return the items of a period as the newest run that read them saw them; empty when none did."""
        reads = self.reads_of_period(integration, period_start)
        return self.of_run(reads[0].run_key) if reads else []

    def totals_of_run(self, run_key: str) -> list[BillingTotal]:
        """Return the sums of a run's items, in the order in which they were saved."""
        with self._store.reading("read the billing items") as transaction:
            rows = transaction.rows("billing_item_totals_read", run_key=run_key)
        return [TOTALS.decoded(row) for row in rows]
