"""Sherweb charges → Kaseya BMS recurring service contracts, on a day of the month.

Copy this file for another integration: change the settings block, leave the rest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from airflow.sdk import DAG

from billing_providers.model.periods import BillingCalendar, PublishDay
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
    changes_dag,
    run_params,
    undo_dag,
    watch_dag,
)
from billing_providers.timetables.billing_period import BillingPeriodTimetable

INCLUDE = Path(__file__).resolve().parents[1] / "include"

SETTINGS = IntegrationSettings(
    integration="sherweb_to_kaseya_bms",
    source="sherweb",
    source_options={"yearly_months": 11, "quantity_places": 12},
    psa="kaseya_bms",
    calendar=BillingCalendar(anchor_day=1, timezone="Europe/London"),
    publish_on=PublishDay(4, at=time(6)),
    rules=f"{INCLUDE}/rules/sherweb.yaml",
    customer_map=f"{INCLUDE}/mappings/sherweb_to_kaseya_bms_customers.csv",
    service_map=f"{INCLUDE}/mappings/sherweb_to_kaseya_bms_services.csv",
    line_terms=f"{INCLUDE}/mappings/sherweb_to_kaseya_bms_terms.csv",
    movement=f"{INCLUDE}/mappings/sherweb_to_kaseya_bms_movement.csv",
    policy=Policy(
        account_match="name",
        contract_type="Recurring Services",
        effective_date="period_start",
        prorate=False,
        currency="EUR",
    ),
    review="guards",
    notify=(),
)
# Inside the period seats are read from the subscriptions, which tell no costs; the close sets costs by the charges.
MOVING = replace(SETTINGS, source_options={**SETTINGS.source_options, "reads": "subscriptions"}, line_terms="")

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
changes = changes_dag(MOVING)
