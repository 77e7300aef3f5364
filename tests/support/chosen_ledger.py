"""Which kind of ledger the tests use that are not about the kind: SQLite, or what ``BILLING_TEST_LEDGER`` names."""

from __future__ import annotations

import atexit
import gc
import os
from functools import cache
from pathlib import Path
from uuid import uuid4

from tests.support.postgres import postgres_url

_KINDS = ("sqlite", "postgres")
_MANY = 40  # of the hundred that PostgreSQL has as installed


def chosen_ledger(folder: Path) -> str:
    """Return the URL of a folder's ledger: the file ``ledger.sqlite`` in it, or a schema of its own.

    The same folder has the same ledger, whoever asks; a schema is dropped when the tests end.
    """
    return f"sqlite:///{folder}/ledger.sqlite" if _kind() == "sqlite" else _schema(folder.resolve())


def let_go_of_ledgers() -> None:
    """Close what earlier steps left open: tests share a process, and the server has not many connections."""
    if _kind() == "postgres" and _connections() > _MANY:
        gc.collect()


def _connections() -> int:
    import psycopg

    with psycopg.connect(postgres_url(), autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity").fetchone()
    return row[0] if row else 0


def _kind() -> str:
    kind = os.environ.get("BILLING_TEST_LEDGER", "sqlite")
    if kind not in _KINDS:
        raise ValueError(f"BILLING_TEST_LEDGER is {kind!r}; allowed: {', '.join(_KINDS)}")
    return kind


@cache
def _schema(folder: Path) -> str:
    import psycopg

    let_go_of_ledgers()
    server, name = postgres_url(), f"test_{uuid4().hex}"

    def run(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute(statement)

    run(f'CREATE SCHEMA "{name}"')
    atexit.register(run, f'DROP SCHEMA "{name}" CASCADE')
    return f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
