"""Makes the Airflow of this environment ready: database, a pool per PSA, and connections (JSON on stdin)."""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.models.connection import Connection
from airflow.models.pool import Pool
from airflow.utils.db import initdb
from airflow.utils.session import create_session

from billing_providers.registry import SYSTEMS


def prepare(connections: dict[str, dict[str, Any]]) -> None:
    """Migrate, then add pools and connections."""
    initdb()
    for system in SYSTEMS.values():
        if system.role == "psa":
            Pool.create_or_update_pool(
                f"psa_{system.key}", slots=1, description=f"work on one {system.name} tenant", include_deferred=True
            )
    with create_session() as session:
        for conn_id, fields in connections.items():
            session.add(Connection(conn_id=conn_id, **fields))


if __name__ == "__main__":
    prepare(json.load(sys.stdin))
