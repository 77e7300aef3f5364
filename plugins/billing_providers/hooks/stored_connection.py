"""An Airflow connection as it is stored, or an error that names it: what all hooks share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from billing_providers.errors import SecretsError, SettingsError

if TYPE_CHECKING:
    from airflow.sdk import Connection


def stored_connection(conn_id: str, *, where: str) -> Connection:
    """Read a connection, whose extra is an object then.

    :param where: how messages call the connection.
    :raises SecretsError: code 16 when it cannot be read.
    :raises SettingsError: for an extra that is no JSON object; Airflow would take one that is no JSON for empty.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    try:
        connection = BaseHook.get_connection(conn_id)
    except (AirflowException, AirflowRuntimeError, ValueError) as error:
        raise SecretsError(f"the connection cannot be read: {error}", where=where) from None
    if not _is_object(connection.extra or ""):
        raise SettingsError("is no JSON object", where=where, key="extra", allowed='e.g. {"name": "value"}, or nothing')
    return connection


def _is_object(extra: str) -> bool:
    try:
        return not extra.strip() or isinstance(json.loads(extra), dict)
    except ValueError:
        return False
