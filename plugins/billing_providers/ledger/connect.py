"""Opens the ledger that an Airflow connection names; without one, an SQLite file in the Airflow home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billing_providers.errors import SecretsError, SettingsError
from billing_providers.ledger.ledger import Ledger

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

DEFAULT_CONN_ID = "billing_ledger"
FILE_NAME = "billing_ledger.sqlite"
_ALLOWED_TYPES = "sqlite, postgres"
#: Extra of either kind of connection: days for which readings made inside a period stay whole after it.
KEEP_READINGS = "keep_readings_days"
DAYS_MAX = 36_500
_DIGITS_MAX = 5
#: Extras of a PostgreSQL connection that are handed to the driver.
POSTGRES_EXTRAS = (
    "application_name",
    "connect_timeout",
    "keepalives_idle",
    "options",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
)


def open_ledger(conn_id: str = DEFAULT_CONN_ID) -> Ledger:
    """Return the ledger of an Airflow connection. Nothing is connected yet.

    :raises SecretsError: when another connection than ``billing_ledger`` does not exist, or one that is set in the
        environment cannot be read.
    :raises SettingsError: when the connection is no usable SQLite or PostgreSQL one.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        # A mistyped id must not start a second, empty ledger: what it does not know it would never zero or lock.
        if conn_id != DEFAULT_CONN_ID:
            raise SecretsError("connection is missing", where=conn_id, allowed="the id of a connection") from None
        # Neither must a connection that Airflow cannot read: it passes over what is broken and finds nothing.
        if os.environ.get(variable := f"AIRFLOW_CONN_{conn_id.upper()}"):
            raise SecretsError("cannot be read", where=variable, allowed="a connection as JSON or URI") from None
        home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser().resolve()
        return Ledger.at(_sqlite_url(str(home / FILE_NAME)))
    return Ledger.at(url_of(connection), keep_readings_days=_keep_readings_days(connection))


def url_of(connection: Any) -> URL:
    """Return the database URL of an Airflow connection.

    :raises SettingsError: for another type than SQLite and PostgreSQL, a relative path, a missing host, an unknown
        extra. No message holds a value that could be secret.
    """
    where = f"connection {connection.conn_id}"
    match connection.conn_type:
        case "sqlite":
            path = connection.host or connection.schema or ""
            if not Path(path).is_absolute():
                allowed = "an absolute path as host, or sqlite:////absolute/path as URI"
                raise SettingsError("is not absolute", where=where, key="host", value=path, allowed=allowed)
            return _sqlite_url(path)
        case "postgres" | "postgresql":
            return _postgres_url(connection, where)
        case other:
            raise SettingsError("holds no ledger", where=where, key="conn_type", value=other, allowed=_ALLOWED_TYPES)


def _keep_readings_days(connection: Any) -> int | None:
    """Return after how many days readings of closed periods may be thinned; None: the connection does not say."""
    said = (connection.extra_dejson or {}).get(KEEP_READINGS)
    if said is None or said == "":
        return None
    days = str(said).strip()
    if not (days.isascii() and days.isdigit() and len(days) <= _DIGITS_MAX and 1 <= int(days) <= DAYS_MAX):
        raise SettingsError(
            "is no number of days",
            where=f"connection {connection.conn_id}",
            key=f"extra {KEEP_READINGS}",
            value=said,
            allowed=f"1 to {DAYS_MAX}; without it nothing is removed",
        )
    return int(days)


def _sqlite_url(path: str) -> URL:
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=path)


def _postgres_url(connection: Any, where: str) -> URL:
    from sqlalchemy.engine import URL

    for key in ("host", "schema"):
        if not getattr(connection, key):
            raise SettingsError("is empty", where=where, key=key, allowed="host and database (schema) of the server")
    extras = {key: str(value) for key, value in (connection.extra_dejson or {}).items() if key != KEEP_READINGS}
    unknown = sorted(set(extras) - set(POSTGRES_EXTRAS))
    if unknown:
        allowed = ", ".join((*POSTGRES_EXTRAS, KEEP_READINGS))
        raise SettingsError("unknown extra", where=where, key=unknown[0], allowed=allowed)
    return URL.create(
        "postgresql",
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host,
        port=connection.port or None,
        database=connection.schema,
        query=extras,
    )
