"""Makes the database engine of a ledger: which URLs are allowed, and how each database is set up.

SQLite: write-ahead log, every commit on disk before it returns (``synchronous=FULL``), 30 s of patience for
other processes. PostgreSQL: psycopg 3, 10 s to connect, a lock is waited for 60 s at most.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

from billing_providers.errors import SettingsError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

BUSY_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 60
#: Execution option that says how SQLite opens a transaction.
SQLITE_BEGIN = "ledger_begin"
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ALLOWED = "sqlite:////absolute/path or postgresql://user@host/database"


def engine_at(url: str | URL) -> Engine:
    """Return an engine for the ledger at a URL. Nothing is connected yet.

    :raises SettingsError: for another kind of database, an unreadable URL or a missing driver; never shows the URL.
    """
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError("is not a database URL", where="ledger", key="url", allowed=_ALLOWED) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise SettingsError(
            "is not a kind of database that holds a ledger",
            where="ledger",
            key="url",
            value=parsed.drivername,
            allowed=_ALLOWED,
        )
    parsed = parsed.set(drivername=driver)
    # Statement parameters are customers' names and numbers; they have no place in error texts and logs.
    if driver == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise SettingsError("names no file", where="ledger", key="url", allowed=_ALLOWED)
        return _set_up_sqlite(create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S}))
    query = {"connect_timeout": str(CONNECT_TIMEOUT_S), "application_name": "billing_ledger", **parsed.query}
    patience = f"-c lock_timeout={LOCK_TIMEOUT_S * 1000}"
    query["options"] = f"{query['options']} {patience}" if query.get("options") else patience
    try:
        return create_engine(parsed.set(query=query), hide_parameters=True, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"needs the package {error.name}; install airflow-provider-psa-billing[postgres]", where="ledger"
        ) from None


def _set_up_sqlite(engine: Engine) -> Engine:
    from sqlalchemy import event

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver must not open transactions by itself: BEGIN IMMEDIATE is what makes writers queue up.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        # SQLite's own knows the letters A to Z alone, and customers have others.
        connection.create_function("lower", 1, _lower, deterministic=True)

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(SQLITE_BEGIN, "BEGIN"))

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file over once; SQLite does not wait by itself when two processes do so at the same time."""
    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
