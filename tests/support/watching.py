"""The daily look back, run once as Airflow does, and what it told."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from billing_providers.ledger.connect import open_ledger
from billing_providers.model.findings import Finding
from billing_providers.operators import ReportDriftOperator
from tests.support.every_psa import Tenant


def watched(tenant: Tenant) -> dict[str, Any]:
    """Run the task once, as Airflow does."""
    settings = tenant.msp.settings
    context: Any = {"dag_run": SimpleNamespace(dag_id=f"{settings.integration}_watch", run_id="today"), "params": {}}
    answer = ReportDriftOperator(task_id="report_drift", settings=settings).execute(context)
    return dict(json.loads(json.dumps(answer)))


def found_by_the_watch(tenant: Tenant) -> list[Finding]:
    key = f"{tenant.msp.settings.integration}_watch"
    return [one for stage, one in open_ledger("billing_ledger").findings.of_run(key) if stage == "report_drift"]
