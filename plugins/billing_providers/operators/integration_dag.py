"""The whole DAG of an integration, as the files in dags/ wire it by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.dag_params import run_params
from billing_providers.operators.resolve_period import ResolvePeriodOperator
from billing_providers.operators.run_wiring import wire_run
from billing_providers.operators.wait_for_usage import WaitForUsageSensor
from billing_providers.registry import system
from billing_providers.timetables.billing_period import BillingPeriodTimetable


def billing_dag(settings: IntegrationSettings, *, about: str = "") -> DAG:
    """Return the DAG ``<integration>``; keep it in a global of the DAG file, beside its ``watch_dag``.

    :param about: what people read about it, the first line in the list of DAGs; empty: which source goes to which PSA.
    :raises SettingsError: for a source or PSA that the registry does not know.
    """
    pair = f"{system(settings.source, 'source').name} → {system(settings.psa, 'psa').name}"
    about = about or f"{pair}, at the close of each billing period."
    with DAG(
        dag_id=settings.integration,
        description=about.splitlines()[0],
        doc_md=about,
        schedule=BillingPeriodTimetable.of(settings.calendar, settings.settle_delay, settings.publish_on),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        params=run_params(),
        default_args={"retries": 3, "retry_delay": timedelta(minutes=2), "pool": settings.pool_name},
        tags=["billing", settings.source, settings.psa],
    ) as dag:
        run = ResolvePeriodOperator(task_id="resolve_period", settings=settings)
        ready = WaitForUsageSensor(task_id="wait_for_usage", settings=settings, run=run.output)
        ready >> wire_run(settings, run.output)
    return dag
