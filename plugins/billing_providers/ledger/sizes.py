"""How large the ledger is: rows and bytes of each table."""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.errors import LedgerError
from billing_providers.ledger.store import Store


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table with its indexes. ``bytes`` None: this database does not tell."""

    name: str
    rows: int
    bytes: int | None


class Sizes:
    """Counts rows, and asks the database for the bytes that they take on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tables(self) -> list[TableSize]:
        """Return every table of the ledger by name. Pages that are free, and are filled next, belong to none."""
        from sqlalchemy import MetaData, func, select

        taken = self._bytes()
        found = MetaData()
        with self._store.reading("tell its size") as transaction:
            found.reflect(transaction.connection, only=lambda name, _: name.startswith("billing_"))
            counts = {
                name: transaction.connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in found.tables.items()
            }
        return [TableSize(name, counts[name], taken.get(name) if taken else None) for name in sorted(counts)]

    def _bytes(self) -> dict[str, int]:
        try:
            with self._store.reading("tell its size") as transaction:
                return {str(row["name"]): int(row["bytes"]) for row in transaction.rows("table_bytes")}
        except LedgerError as error:
            if "dbstat" in str(error):  # an SQLite that was built without it
                return {}
            raise
