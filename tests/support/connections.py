"""Airflow connections without a database: as environment variables, which Airflow reads first."""

from __future__ import annotations

import json
from typing import Any

import pytest


def set_connection(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: Any) -> str:
    """Define a connection for one test and return its id. ``extra`` may be an object."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "generic", **fields}))
    return conn_id
