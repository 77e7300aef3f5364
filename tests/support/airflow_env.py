"""A throw-away Airflow for one test session: its environment, its database, its pools.

:func:`use_temporary_airflow` must run before anything imports ``airflow``, which reads its configuration once.
Unit tests need no more. Tests that run DAGs ask for the fixture ``airflow_db`` (a migrated SQLite database).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def use_temporary_airflow() -> Path:
    """Point this process, and what it starts, at a new Airflow home that is removed at exit."""
    home = Path(tempfile.mkdtemp(prefix="billing-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "BILLING_LEDGER"))]:
        del os.environ[name]
    os.environ.update(airflow_environment(home))
    return home


def airflow_environment(home: Path) -> Mapping[str, str]:
    """Return the environment of an Airflow that lives in ``home`` and has our DAGs and plugins."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def migrate_airflow() -> None:
    """Create the metadata database of this process's Airflow, with one pool per PSA."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    from billing_providers.registry import SYSTEMS

    initdb()
    for system in SYSTEMS.values():
        if system.role == "psa":
            Pool.create_or_update_pool(f"psa_{system.key}", slots=3, description=system.name, include_deferred=True)


def fresh_airflow_db(home: Path) -> None:
    """Bring the database back to its state right after migration: a copy is quicker than migrating again."""
    from airflow import settings

    template, database = home / "template.db", home / "airflow.db"
    settings.engine.dispose()
    if not template.exists():
        migrate_airflow()
        settings.engine.dispose()
        shutil.copyfile(database, template)
    for leftover in home.glob("airflow.db*"):
        leftover.unlink()
    shutil.copyfile(template, database)
