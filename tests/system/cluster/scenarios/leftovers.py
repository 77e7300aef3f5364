"""What all the scenarios before left behind on one cluster: no secret, nowhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import create_engine, inspect

from billing_providers.sandbox.credentials import ATRIA_TOKEN, BMS_PASSWORD, BMS_TENANT, BMS_USER
from billing_providers.sandbox.server import SandboxServer
from scripts.airflow_cluster import AirflowCluster


def test_no_secret_appears_in_anything_that_was_left_behind(stage):
    """Secrets live in Airflow connections alone: not in logs, XComs, rendered fields, the ledger or exports."""
    secrets = [BMS_PASSWORD.encode(), ATRIA_TOKEN.encode(), *issued_tokens(6)]
    left = {path.name: path.read_bytes() for path in files_below(stage.cluster.home)}
    left["metadata"] = "\n".join(map(repr, metadata_without_connections(stage.cluster))).encode()
    left["billing_ledger"] = "\n".join(map(repr, rows_of(stage.cluster.ledger_url))).encode()

    assert any(stage.first.encode() in content for content in left.values())  # the search finds what is there
    assert any(b"Jumping Jack Sports" in content for name, content in left.items() if name.startswith("billing_ledger"))
    assert [(name, secret[:6]) for name, content in left.items() for secret in secrets if secret in content] == []


def issued_tokens(count: int) -> list[bytes]:
    """The first tokens that the sandbox gave out: they follow from its seed."""
    with SandboxServer() as twin:
        form = {"GrantType": "password", "UserName": BMS_USER, "Password": BMS_PASSWORD, "Tenant": BMS_TENANT}
        url = f"{twin.base_url('kaseya_bms')}/v2/security/authenticate"
        answers = [requests.post(url, data=form, timeout=10).json()["result"] for _ in range(count)]
    return [answer[name].encode() for answer in answers for name in ("accessToken", "refreshToken")]


def files_below(folder: Path) -> list[Path]:
    """Everything that the runs left, but the sandbox's own note of itself and the database of the connections."""
    kept = {"sandbox-ready", "airflow.db", "airflow.db-wal", "airflow.db-shm"}
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names if name not in kept]


def metadata_without_connections(cluster: AirflowCluster) -> Iterator[Any]:
    """Every row of Airflow's own database but those that hold the connections."""
    return rows_of(cluster.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], without={"connection"})


def rows_of(url: str, *, without: Collection[str] = ()) -> Iterator[Any]:
    """Every row of every table of a database."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.connect() as connection:
        for name in inspect(engine).get_table_names():
            if name not in without:
                yield from connection.exec_driver_sql(f'SELECT * FROM "{name}"')
    engine.dispose()
