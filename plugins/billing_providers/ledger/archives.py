"""Archives: a whole ledger as one file, and back into an empty ledger of either kind.

Left out are the ledger's id, since a restored ledger is another one, the list of its migrations, which the manifest
names, and the write probe. It is written from one view of the database, and restored in one transaction.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billing_providers import __version__
from billing_providers.errors import LedgerError
from billing_providers.ledger.archive_format import MANIFEST, Manifest, opened_archive, rows_of, write_table
from billing_providers.ledger.chain import ChainHead
from billing_providers.ledger.codec import text_from_instant
from billing_providers.ledger.journal import broken_chain
from billing_providers.ledger.migrate import applied, migrate_in
from billing_providers.ledger.statements import migrations
from billing_providers.ledger.store import ROWS_AT_ONCE, Store, Transaction

if TYPE_CHECKING:
    from sqlalchemy import Table

_LEFT_OUT = frozenset({"billing_ledger_identity", "billing_migrations", "billing_write_probe"})


class Archives:
    """Writes the ledger into a file, and fills an empty ledger from one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def export(self, path: Path, now: datetime | None = None) -> Manifest:
        """Write the ledger as it stands to a new file that only its owner may read, and return its manifest.

        :raises LedgerError: when the file is there already or cannot be written, or the ledger has no tables, is newer
            than this code or has a broken chain, which could not be restored; then there is no file.
        """
        if path.exists():
            raise LedgerError(f"{path} is there already; nothing was written")
        part = path.with_name(f"{path.name}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                manifest = self._written(file, now or datetime.now(UTC))
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        except OSError as error:
            raise LedgerError(f"{path} cannot be written: {error.strerror or error}") from error
        finally:
            part.unlink(missing_ok=True)
        return manifest

    def _written(self, file: Any, now: datetime) -> Manifest:
        with (
            self._store.reading("be written to a file", one_view=True) as transaction,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            names = applied(transaction, migrations(self._store.dialect))
            if not names:
                raise LedgerError(f"the ledger ({self._store.place}) has no tables; there is nothing to write")
            tables = {
                table.name: write_table(archive, table.name, tuple(table.columns.keys()), _rows(transaction, table))
                for table in _tables(transaction)
            }
            heads, identity = _heads(transaction), transaction.row("identity_read")
            _require_chains(transaction, heads)
            manifest = Manifest(
                made_by=__version__,
                made_at=text_from_instant(now),
                ledger_id=identity["ledger_id"] if identity else "",
                migrations=tuple(names),
                tables=tables,
                heads=heads,
            )
            archive.writestr(MANIFEST, manifest.text())
        return manifest

    def restore(self, path: Path) -> Manifest:
        """Fill this ledger, which must be empty, from a file and return the file's manifest; all or nothing.

        The ledger is brought to the state that this code needs. It keeps an id of its own, or gets one.

        :raises LedgerError: when the ledger is not empty, or the file is no archive, is damaged, comes from a newer
            version, differs from its manifest or has a broken chain; then nothing was written.
        """
        with opened_archive(path) as (archive, manifest):
            known = migrations(self._store.dialect)
            if manifest.migrations != tuple(step.name for step in known[: len(manifest.migrations)]):
                raise LedgerError(
                    f"{path} was made by version {manifest.made_by} with migrations that this version does not know "
                    f"({', '.join(manifest.migrations)}); install that version"
                )
            with self._store.writing("be restored") as transaction:
                transaction.run("migration_turn")
                _require_empty(transaction)
                migrate_in(transaction, known[: len(manifest.migrations)])
                tables = {table.name: table for table in _tables(transaction)}
                _require_same(manifest, tables)
                for name, table in tables.items():
                    _fill(transaction, table, manifest, rows_of(archive, name, manifest.tables[name]))
                _require_chains(transaction, manifest.heads)
                migrate_in(transaction, known)
        return manifest


def _tables(transaction: Transaction) -> list[Table]:
    """Return the tables of the ledger as they are in the database, those that others refer to first."""
    from sqlalchemy import MetaData

    found = MetaData()
    found.reflect(transaction.connection, only=lambda name, _: name.startswith("billing_") and name not in _LEFT_OUT)
    return list(found.sorted_tables)


def _rows(transaction: Transaction, table: Table) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table by primary key; texts by their code points, as both kinds of database can."""
    from sqlalchemy import Text, collate, select

    postgres = transaction.store.dialect == "postgres"
    keys = [
        collate(column, "C") if postgres and isinstance(column.type, Text) else column
        for column in table.primary_key.columns
    ]
    result = transaction.connection.execute(
        select(table).order_by(*keys), execution_options={"yield_per": ROWS_AT_ONCE}
    )
    for part in result.partitions(ROWS_AT_ONCE):
        yield from map(tuple, part)


def _heads(transaction: Transaction) -> dict[str, ChainHead]:
    heads = {}
    for found in transaction.rows("journal_tenants"):
        row = transaction.row("journal_head_read", tenant=found["tenant"])
        if row is not None:
            heads[str(found["tenant"])] = ChainHead(row["seq"], row["hash"])
    return heads


def _require_empty(transaction: Transaction) -> None:
    from sqlalchemy import select

    for table in _tables(transaction):
        if transaction.connection.execute(select(table).limit(1)).first() is not None:
            raise LedgerError(
                f"the ledger ({transaction.store.place}) is not empty: {table.name} has rows. An archive is restored "
                "into a new database only; nothing was written"
            )


def _require_same(manifest: Manifest, tables: dict[str, Table]) -> None:
    told = {name: table.columns for name, table in manifest.tables.items()}
    held = {name: tuple(table.columns.keys()) for name, table in tables.items()}
    if told != held:
        differing = sorted(name for name in told.keys() | held.keys() if told.get(name) != held.get(name))
        raise LedgerError(f"the archive has other tables or columns than the ledger: {', '.join(differing)}")


def _fill(transaction: Transaction, table: Table, manifest: Manifest, rows: Iterable[Sequence[Any]]) -> None:
    connection, columns = transaction.connection, manifest.tables[table.name].columns
    if transaction.store.dialect == "postgres":
        from psycopg import sql

        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        with connection.connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return
    insert = str(table.insert().compile(dialect=connection.dialect))
    every = iter(rows)
    while part := [tuple(row) for row in islice(every, ROWS_AT_ONCE)]:
        connection.exec_driver_sql(insert, part)


def _require_chains(transaction: Transaction, heads: Mapping[str, ChainHead]) -> None:
    """Make sure that every chain of the journal is whole and ends where it should."""
    for row in transaction.rows("journal_tenants"):
        tenant = str(row["tenant"])
        if broken := broken_chain(transaction, tenant, heads.get(tenant)):
            raise LedgerError(f"the journal of {tenant} is broken: {broken[0]}")
    if _heads(transaction) != heads:
        raise LedgerError("the chains of the journal do not end where the archive says")
