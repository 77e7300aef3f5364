"""A sandbox, a ledger of its own and the shipped settings: everything a run needs, as one context manager."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from billing_providers.model.settings import IntegrationSettings
from billing_providers.sandbox.server import SandboxServer
from tests.support.airflow_env import ROOT
from tests.support.chosen_ledger import chosen_ledger
from tests.support.pipeline import Pipeline


@dataclass
class Closing:
    """One MSP whose periods are closed. ``settings`` are those of the shipped DAG unless changed."""

    box: SandboxServer
    settings: IntegrationSettings
    environment: dict[str, str]

    def run(self, run_id: str = "r1", **params: Any) -> Pipeline:
        return Pipeline(self.settings, run_id=run_id, **params)

    def close(self, run_id: str = "r1", **params: Any) -> Pipeline:
        """Run every step; a run that ends badly raises in its report, which is not told here."""
        run = self.run(run_id, **params)
        run.close()
        return run

    def change(self, **settings: Any) -> None:
        self.settings = replace(self.settings, **settings)

    def written(self) -> list[tuple[str, Decimal]]:
        return sorted((entry["line_id"], +Decimal(entry["after"])) for entry in self.box.control.audit())

    def wanted(self, run: Pipeline) -> list[tuple[str, Decimal]]:
        changes = run.ledger.diffs.load(run.diff["digest"]).changes
        return sorted((change.line_id, change.quantity_after) for change in changes)


def shipped_integrations() -> list[str]:
    """Return the names of the DAG files that hold a settings block of their own."""
    files = sorted((ROOT / "dags").glob("*.py"))
    return [path.stem for path in files if "\nSETTINGS = " in path.read_text(encoding="utf-8")]


def shipped_settings(dag_id: str = "atria_to_kaseya_bms") -> IntegrationSettings:
    found: IntegrationSettings = runpy.run_path(str(ROOT / "dags" / f"{dag_id}.py"))["SETTINGS"]
    return found


@contextmanager
def closing(
    folder: Path,
    dag_id: str = "atria_to_kaseya_bms",
    *,
    ledger_url: str = "",
    bms_shape: str = "line_api",
    **sandbox: Any,
) -> Iterator[Closing]:
    """Yield a closing whose connections are in the environment until the end."""
    with SandboxServer(bms_shape=bms_shape, **sandbox) as box:
        environment = sandbox_environment(box, folder, ledger_url=ledger_url)
        with patch.dict(os.environ, environment):
            settings = replace(shipped_settings(dag_id), artifacts=f"file://{folder}/artifacts")
            yield Closing(box, settings, environment)


def sandbox_environment(box: SandboxServer, folder: Path, *, ledger_url: str = "") -> dict[str, str]:
    """Return the environment in which connections point at a sandbox, and files are looked for in a folder."""
    connections = box.connections()
    if box.control.settings()["bms_shape"] == "line_api":
        connections["kaseya_bms_default"]["extra"]["line_api"] = {"sets": ["unit_cost"]}
    environment = {f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(fields) for conn_id, fields in connections.items()}
    environment["AIRFLOW_CONN_BILLING_LEDGER"] = ledger_url or chosen_ledger(folder)
    environment["BILLING_INBOX"] = f"file://{folder}"
    return environment
