"""Airflow on one machine: SQLite and LocalExecutor, as ``make airflow`` and ``make demo`` use it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from scripts.airflow_cluster import AirflowCluster, common_environment


class LocalAirflow(AirflowCluster):
    """The sandbox and a small Airflow that is connected to it, from ``with`` to its end."""

    COMPONENTS: ClassVar = {
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        "api-server": ["api-server"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    }

    @property
    def ledger_url(self) -> str:
        """The ledger that Airflow opens where no connection names another."""
        return f"sqlite:///{self.home}/billing_ledger.sqlite"

    def _environment(self) -> dict[str, str]:
        return airflow_environment(self.home, self.url)


def airflow_environment(home: Path, url: str) -> dict[str, str]:
    """Return the settings of an Airflow on SQLite that lives in ``home`` and answers at ``url``."""
    return common_environment(home, url) | {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
    }
