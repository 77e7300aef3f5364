"""Airflow as a cluster: scheduler, API server and two Celery workers on PostgreSQL (metadata and ledger) and Redis."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from scripts.airflow_cluster import AirflowCluster, common_environment

WORKERS = ("worker-1", "worker-2")
WORKER_SLOTS = 3
WORKER_NAME = "BILLING_WORKER"


class CeleryAirflow(AirflowCluster):
    """The sandbox and an Airflow with two workers that is connected to it, from ``with`` to its end.

    It makes two databases of its own and drops them at its end, and keeps its keys in Redis under a prefix of its own.

    :param postgres_url: a server on which databases may be made, ``postgresql://user@host:port/database``.
    :param redis_url: ``redis://host:port/number``.
    """

    COMPONENTS: ClassVar = {
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        "api-server": ["api-server"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
        **{
            name: ["celery", "worker", "--celery-hostname", f"{name}@%h", "--skip-serve-logs", "--without-gossip"]
            for name in WORKERS
        },
    }

    WORKERS = WORKERS

    def __init__(self, home: Path, *, postgres_url: str, redis_url: str, **kwargs: Any) -> None:
        self._name = secrets.token_hex(6)
        self._postgres_url, self._redis_url = postgres_url, redis_url
        super().__init__(home, **kwargs)

    @property
    def ledger_url(self) -> str:
        """The ledger's own database."""
        return self._database("billing")

    @property
    def metadata_url(self) -> str:
        """The database of Airflow itself."""
        return self._database("airflow")

    def end(self) -> None:
        """End every process, drop both databases, and delete the keys in Redis."""
        super().end()
        for kind in ("airflow", "billing"):
            self._on_server(f"DROP DATABASE IF EXISTS {kind}_{self._name} WITH (FORCE)")
        self._forget_keys()

    def ready_workers(self) -> list[str]:
        """Return the workers that have told that they take tasks."""
        return [name for name in WORKERS if f"{name}@" in (log := self.log_of(name)) and " ready." in log]

    def _start(self) -> None:
        for kind in ("airflow", "billing"):
            self._on_server(f"CREATE DATABASE {kind}_{self._name}")
        super()._start()

    def _healthy(self) -> bool:
        return super()._healthy() and len(self.ready_workers()) == len(WORKERS)

    def _environment(self) -> dict[str, str]:
        return celery_environment(
            self.home,
            self.url,
            metadata_url=self.metadata_url,
            ledger_url=self.ledger_url,
            broker_url=self._redis_url,
            prefix=self._prefix,
        )

    def _environment_of(self, component: str) -> Mapping[str, str]:
        if component not in WORKERS:
            return {}
        return {WORKER_NAME: component, "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{__name__}.worker_name"}

    @property
    def _prefix(self) -> str:
        return f"billing_{self._name}_"

    def _database(self, kind: str) -> str:
        return urlunsplit(urlsplit(self._postgres_url)._replace(scheme="postgresql", path=f"/{kind}_{self._name}"))

    def _on_server(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._postgres_url, autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute(statement)

    def _forget_keys(self) -> None:
        from redis import Redis
        from redis.exceptions import ConnectionError as RedisGone

        with suppress(RedisGone), Redis.from_url(self._redis_url) as server:
            for key in server.scan_iter(f"{self._prefix}*"):
                server.delete(key)


def celery_environment(
    home: Path, url: str, *, metadata_url: str, ledger_url: str, broker_url: str, prefix: str = ""
) -> dict[str, str]:
    """Return the settings of an Airflow with Celery workers.

    :param home: shared by all components: logs, DAG files and usage files must be the same for all.
    :param metadata_url: ``postgresql://`` URL of Airflow's own database.
    :param ledger_url: ``postgresql://`` URL of the ledger's database.
    :param broker_url: ``redis://`` URL.
    :param prefix: of all keys in Redis, where several clusters share it.
    """
    driver = metadata_url.replace("postgresql://", "postgresql+psycopg2://", 1)
    return common_environment(home, url) | {
        "AIRFLOW__CELERY__BROKER_URL": broker_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{driver}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(WORKER_SLOTS),
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__GLOBAL_KEYPREFIX": prefix,
        # A billing task ends long before: what is still unanswered then belongs to a worker that has died.
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": driver,
        "AIRFLOW_CONN_BILLING_LEDGER": ledger_url,
    }


def worker_name() -> str:
    """Return the name under which a worker's tasks are known in Airflow, also where all workers share a machine."""
    return os.environ.get(WORKER_NAME) or socket.getfqdn()
