"""Brings a ledger to the state that this code needs, once, however many processes ask at the same time."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from billing_providers.errors import LedgerError
from billing_providers.ledger.codec import text_from_instant
from billing_providers.ledger.statements import Migration, migrations
from billing_providers.ledger.store import Store, Transaction


def migrate(store: Store) -> list[str]:
    """Apply what is missing, in one transaction, and return the names of what was applied (empty: nothing to do).

    :raises LedgerError: when the ledger is newer than this code, or an applied migration reads differently now.
    """
    known = migrations(store.dialect)
    with store.reading("tell its version") as transaction:
        if len(applied(transaction, known)) == len(known):
            return []
    with store.writing("be migrated") as transaction:
        return migrate_in(transaction, known)


def migrate_in(transaction: Transaction, known: tuple[Migration, ...]) -> list[str]:
    """Apply what is missing of some migrations inside a transaction, and return the names of what was applied.

    :raises LedgerError: when the ledger has more than these, or an applied migration reads differently now.
    """
    transaction.run("migration_turn")
    missing = known[len(applied(transaction, known)) :]
    transaction.run("migrations_table")
    for migration in missing:
        _apply(transaction, migration)
    transaction.run("identity_write", ledger_id=uuid4().hex)
    return [migration.name for migration in missing]


def applied(transaction: Transaction, known: tuple[Migration, ...]) -> list[str]:
    """Return the names of the migrations that this ledger has; refuse one that this code does not understand."""
    from sqlalchemy import inspect

    if not inspect(transaction.connection).has_table("billing_migrations"):
        return []
    found = transaction.rows("migrations_applied")
    checksums = {migration.version: migration.checksum for migration in known}
    for row in found:
        if row["version"] not in checksums:
            raise LedgerError(
                f"the ledger ({transaction.store.place}) has migration {row['version']:04d} ({row['name']}), this "
                f"version of the package knows {len(known)}; it was used by a newer version: install that one"
            )
        if checksums[row["version"]] != row["checksum"]:
            raise LedgerError(
                f"migration {row['name']} was edited after it was applied to the ledger ({transaction.store.place}); "
                "restore the file and add a new migration instead"
            )
    return [row["name"] for row in found]


def _apply(transaction: Transaction, migration: Migration) -> None:
    for statement in migration.statements:
        transaction.run_script_statement(statement)
    transaction.run(
        "migration_record",
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        applied_at=text_from_instant(datetime.now(UTC)),
    )
