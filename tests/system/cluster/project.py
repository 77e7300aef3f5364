"""A deployment's own copy of the shipped DAGs, with their rules and tables: scenarios change it as people do."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.airflow_cluster import ROOT

# A run that finds its tenant locked is tried again sooner than shipped, and longer: nobody waits for a test.
_SHIPPED = '"retries": 3, "retry_delay": timedelta(minutes=2)'
_OURS = '"retries": 40, "retry_delay": timedelta(seconds=3)'
COPIED_DAG = "atria_copied_by_somebody"


def copied_project(folder: Path) -> Path:
    """Copy DAGs, rules and tables into a folder; return it."""
    for name in ("dags", "include"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "dags").glob("*_to_*.py"):
        path.write_text(changed(path.read_text(encoding="utf-8"), _SHIPPED, _OURS), encoding="utf-8")
    copy_dag(folder / "dags")
    return folder


def copy_dag(dags: Path) -> None:
    """Put a second DAG beside Atria's that is the same integration: its own runs are no obstacle to those of the first.

    Airflow keeps the runs of one DAG apart; those of two are kept apart by the lock on tenant and period alone.
    """
    text, companions, _ = (dags / "atria_to_kaseya_bms.py").read_text(encoding="utf-8").partition("watch = watch_dag(")
    assert companions
    text = changed(text, "dag_id=SETTINGS.integration", f'dag_id="{COPIED_DAG}"')
    (dags / f"{COPIED_DAG}.py").write_text(text, encoding="utf-8")


def changed(text: str, shipped: str, ours: str) -> str:
    """Return a text with one passage changed that must be in it."""
    assert shipped in text, f"{shipped} is not shipped any more"
    return text.replace(shipped, ours)


def settings_of(project: Path) -> dict[str, str]:
    """Return the settings of an Airflow that runs a copied project, and soon notices that a task has died."""
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    }
