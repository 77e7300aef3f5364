"""Usage snapshots: what a source reported, kept as it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from billing_providers.errors import LedgerError
from billing_providers.ledger.codec import RowCodec, text_from_instant
from billing_providers.ledger.retention import Content, made_whole, require_whole
from billing_providers.ledger.store import Store
from billing_providers.model.frames import frame_of_columns
from billing_providers.model.usage import SnapshotPull, UsageRecord, UsageSnapshot

if TYPE_CHECKING:
    import pandas as pd

USAGE = RowCodec(UsageRecord)
_HEAD = RowCodec(UsageSnapshot)
_PULL = RowCodec(SnapshotPull)


class Snapshots:
    """Immutable pulls of a source, by the id of their content."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, snapshot: UsageSnapshot, records: pd.DataFrame | Sequence[UsageRecord]) -> None:
        """Store a snapshot with its records. Content that is there already is kept, and the new pull remembered."""
        key = {"snapshot_id": snapshot.snapshot_id}
        with self._store.writing("save the usage snapshot") as transaction:
            new = transaction.run("snapshot_write", **_HEAD.encoded(snapshot))
            # The pull comes first: it waits for a retention that thins this content right now.
            transaction.run(
                "snapshot_pull_write",
                integration=snapshot.integration,
                taken_at=text_from_instant(snapshot.taken_at),
                **key,
            )
            if not new and made_whole(transaction, Content.USAGE, snapshot.snapshot_id):
                new = 1
                transaction.run("usage_records_clear", **key)
            if new:
                transaction.write_rows("usage_records_write", USAGE, records, **key)

    def head(self, snapshot_id: str) -> UsageSnapshot:
        """Return a snapshot without its records.

        :raises LedgerError: for an unknown id.
        """
        with self._store.reading("read the usage snapshot") as transaction:
            row = transaction.row("snapshot_read", snapshot_id=snapshot_id)
        if row is None:
            raise LedgerError(f"the ledger ({self._store.place}) holds no usage snapshot {snapshot_id}; extract again")
        return _HEAD.decoded(row)

    def load(self, snapshot_id: str) -> tuple[UsageSnapshot, pd.DataFrame]:
        """Return a snapshot and its records, a frame of :class:`UsageRecord` in the source's order.

        :raises LedgerError: for an unknown id, and for a snapshot that retention thinned.
        """
        snapshot = self.head(snapshot_id)
        with self._store.reading("read the usage records") as transaction:
            require_whole(transaction, Content.USAGE, snapshot_id, "usage snapshot")
            columns = transaction.columns("usage_records_read", USAGE, snapshot_id=snapshot_id)
        return snapshot, frame_of_columns(UsageRecord, columns)

    def customers(self, snapshot_id: str) -> dict[str, str]:
        """Return the name of every customer in a snapshot by its code; of several names, the first row's."""
        with self._store.reading("read the customers of the usage snapshot") as transaction:
            rows = transaction.rows("snapshot_customers", snapshot_id=snapshot_id)
        return {row["customer_code"]: row["customer_name"] for row in rows}

    def latest_of_period(self, integration: str, period_start: date) -> str:
        """Return the id of the complete snapshot of a period that was pulled last; empty when there is none."""
        with self._store.reading("find the usage snapshot of a period") as transaction:
            row = transaction.row(
                "snapshot_latest_of_period", integration=integration, period_start=period_start.isoformat()
            )
        return "" if row is None else str(row["snapshot_id"])

    def pulls_of_period(self, integration: str, period_start: date) -> list[SnapshotPull]:
        """Return when which complete snapshot of a period was pulled, the latest first."""
        with self._store.reading("read when the usage was pulled") as transaction:
            rows = transaction.rows(
                "snapshot_pulls_of_period", integration=integration, period_start=period_start.isoformat()
            )
        return [_PULL.decoded(row) for row in rows]

    def recent_record_counts(self, integration: str, before: date, periods: int) -> list[int]:
        """Return the record counts of the last ``periods`` closed periods that started before a date, newest first.

        A period is closed when a real run (no dry run, none while the period was open) of it ended other than failed
        or cancelled; its count is that of the complete snapshot that was pulled last.
        """
        with self._store.reading("read earlier record counts") as transaction:
            rows = transaction.rows(
                "snapshot_recent_counts", integration=integration, before=before.isoformat(), periods=periods
            )
        return [row["record_count"] for row in rows]
