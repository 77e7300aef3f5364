"""All rows of a ledger as the database holds them, and a hand that changes them behind the product's back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection

#: Rows that say which ledger it is and how it came to be, and no fact of it.
OWN = ("billing_ledger_identity", "billing_migrations", "billing_write_probe")


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Yield a connection of the bare driver; what is changed is kept."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def all_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, but for those that are the ledger's own, sorted."""
    with connected(url) as connection:
        found = sqlalchemy.MetaData()
        found.reflect(connection)
        return {
            name: sorted((tuple(row) for row in connection.execute(sqlalchemy.select(table))), key=repr)
            for name, table in found.tables.items()
            if name not in OWN
        }


def tampered(url: str, *statements: str) -> None:
    """Change the journal the way somebody with the database's password could: triggers off first."""
    with connected(url) as connection:
        for table in ("billing_journal", "billing_journal_heads"):
            if url.startswith("sqlite"):
                triggers = connection.exec_driver_sql(
                    f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
                ).scalars()
                for name in list(triggers):
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            connection.exec_driver_sql(statement)
