"""Atria usage → Kaseya BMS contract lines, at the close of each billing period.

Copy this file for another integration: change the settings block, leave the rest.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG

from billing_providers.model.periods import BillingCalendar
from billing_providers.model.settings import IntegrationSettings, Policy
from billing_providers.operators import (
    ApplyBillingRulesOperator,
    CollectBillingItemsOperator,
    ExtractUsageOperator,
    MapAndDiffOperator,
    PushContractLinesOperator,
    ReportRunOperator,
    ResolvePeriodOperator,
    ReviewDiffOperator,
    VerifyContractLinesOperator,
    WaitForUsageSensor,
    run_params,
    undo_dag,
    watch_dag,
)
from billing_providers.timetables.billing_period import BillingPeriodTimetable

INCLUDE = Path(__file__).resolve().parents[1] / "include"

SETTINGS = IntegrationSettings(
    integration="atria_to_kaseya_bms",
    source="atria",
    psa="kaseya_bms",
    calendar=BillingCalendar(anchor_day=26, timezone="Europe/London"),
    settle_delay=timedelta(hours=22),
    rules=f"{INCLUDE}/rules/atria.yaml",
    customer_map=f"{INCLUDE}/mappings/atria_to_kaseya_bms_customers.csv",
    service_map=f"{INCLUDE}/mappings/atria_to_kaseya_bms_services.csv",
    policy=Policy(sku_field_match="ServiceName", contract_type="Recurring Services"),
    review="guards",
    notify=(),
)

with DAG(
    dag_id=SETTINGS.integration,
    description=__doc__.splitlines()[0],
    doc_md=__doc__,
    schedule=BillingPeriodTimetable.of(SETTINGS.calendar, SETTINGS.settle_delay, SETTINGS.publish_on),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params=run_params(),
    default_args={"retries": 3, "retry_delay": timedelta(minutes=2), "pool": SETTINGS.pool_name},
    tags=["billing", SETTINGS.source, SETTINGS.psa],
) as dag:
    run = ResolvePeriodOperator(task_id="resolve_period", settings=SETTINGS)
    ready = WaitForUsageSensor(task_id="wait_for_usage", settings=SETTINGS, run=run.output)
    usage = ExtractUsageOperator(task_id="extract_usage", settings=SETTINGS, run=run.output)
    charges = ApplyBillingRulesOperator(
        task_id="apply_billing_rules", settings=SETTINGS, run=run.output, usage=usage.output
    )
    diff = MapAndDiffOperator(task_id="map_and_diff", settings=SETTINGS, run=run.output, charges=charges.output)
    review = ReviewDiffOperator(task_id="review_diff", settings=SETTINGS, run=run.output, diff=diff.output)
    push = PushContractLinesOperator(task_id="push_contract_lines", settings=SETTINGS, run=run.output, diff=diff.output)
    verify = VerifyContractLinesOperator(
        task_id="verify_contract_lines", settings=SETTINGS, run=run.output, diff=diff.output
    )
    items = CollectBillingItemsOperator(
        task_id="collect_billing_items", settings=SETTINGS, run=run.output, diff=diff.output
    )
    report = ReportRunOperator(task_id="report_run", settings=SETTINGS, run=run.output, diff=diff.output)

    ready >> usage
    diff >> review >> push >> verify >> items >> report

watch = watch_dag(SETTINGS)
undo = undo_dag(SETTINGS)
