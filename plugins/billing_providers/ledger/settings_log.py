"""The log of settings: append-only, one row for each state that a DAG ran with."""

from __future__ import annotations

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.store import Store
from billing_providers.model.settings_log import SettingsEntry

_ENTRY = RowCodec(SettingsEntry)


class SettingsLog:
    """States by DAG."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last(self, dag_id: str) -> SettingsEntry | None:
        """Return the settings of the latest run that had other ones than the run before it."""
        with self._store.reading("read the log of settings") as transaction:
            row = transaction.row("settings_log_last", dag_id=dag_id)
        return None if row is None else _ENTRY.decoded(row)

    def add(self, entry: SettingsEntry) -> None:
        """Add a state after the latest one."""
        with self._store.writing("write the log of settings") as transaction:
            transaction.run("settings_log_add", **_ENTRY.encoded(entry))

    def all(self, dag_id: str) -> list[SettingsEntry]:
        """Return every state, oldest first."""
        with self._store.reading("read the log of settings") as transaction:
            return [_ENTRY.decoded(row) for row in transaction.rows("settings_log_read", dag_id=dag_id)]
