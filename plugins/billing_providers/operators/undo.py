"""The second companion of every integration: a DAG that undoes one of its runs, by a diff that a person approves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param

from billing_providers.model.settings import IntegrationSettings, ReviewMode
from billing_providers.operators.dag_params import TEXT
from billing_providers.operators.plan_undo import PlanUndoOperator
from billing_providers.operators.push_contract_lines import PushContractLinesOperator
from billing_providers.operators.report_run import ReportRunOperator
from billing_providers.operators.review_diff import ReviewDiffOperator
from billing_providers.operators.verify_contract_lines import VerifyContractLinesOperator

_ABOUT = """Undo a run of {integration}: a new diff that restores the values before it.

Lines that still are what the run left go back to what they held; a line that somebody changed since is left alone and
told. A person always decides. Trigger it with the run's id, or its key `{integration}/…`.
"""


def undo_dag(settings: IntegrationSettings) -> DAG:
    """Return the DAG ``<integration>_undo``; keep it in a global of the DAG file. It has no schedule."""
    settings = replace(settings, review=ReviewMode.ALWAYS)
    about = _ABOUT.format(integration=settings.integration)
    with DAG(
        dag_id=f"{settings.integration}_undo",
        description=about.splitlines()[0],
        doc_md=about,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        params=_params(settings.integration),
        default_args={"retries": 3, "retry_delay": timedelta(minutes=2), "pool": settings.pool_name},
        tags=["billing", "undo", settings.source, settings.psa],
    ) as dag:
        plan = PlanUndoOperator(task_id="plan_undo", settings=settings)
        given = {"settings": settings, "run": plan.output, "diff": plan.output}
        review = ReviewDiffOperator(task_id="review_diff", **given)
        push = PushContractLinesOperator(task_id="push_contract_lines", **given)
        verify = VerifyContractLinesOperator(task_id="verify_contract_lines", **given)
        report = ReportRunOperator(task_id="report_run", **given)
        plan >> review >> push >> verify >> report
    return dag


def _params(integration: str) -> dict[str, Param]:
    return {
        "run": Param(
            type="string",
            minLength=1,
            pattern=TEXT,
            title="Run to undo",
            description_md=f"Run id as Airflow shows it, or the run's key `{integration}/…` from the history. An undo "
            "can be undone as well, by its own run id.",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description_md="Plan and report; write nothing to the PSA."
        ),
    }
