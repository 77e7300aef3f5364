"""rCloud usage file → additions on ConnectWise agreements, on a day of the month.

Copy this file for another integration: change the settings block, leave the rest.
"""

from __future__ import annotations

import os
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
    run_params,
    undo_dag,
    watch_dag,
)
from billing_providers.timetables.billing_period import BillingPeriodTimetable

INCLUDE = Path(__file__).resolve().parents[1] / "include"

# Where the usage file of a month is put: any folder that Airflow's ObjectStoragePath reads, e.g. s3://billing@inbox.
INBOX = os.environ.get("BILLING_INBOX", "file:///opt/airflow/inbox")

SETTINGS = IntegrationSettings(
    integration="rcloud_to_connectwise",
    source="rcloud",
    source_options={"url": f"{INBOX}/rcloud-{{year}}-{{month}}.csv"},
    psa="connectwise",
    calendar=BillingCalendar(anchor_day=1, timezone="Europe/London"),
    publish_on=PublishDay(6, at=time(6)),
    customer_map=f"{INCLUDE}/mappings/rcloud_to_connectwise_customers.csv",
    service_map=f"{INCLUDE}/mappings/rcloud_to_connectwise_services.csv",
    line_terms=f"{INCLUDE}/mappings/rcloud_to_connectwise_terms.csv",
    policy=Policy(
        account_match="name",
        contract_type="Managed Services",
        contract_choice="holds_service",
        places=2,
        malformed_share_max="0.1",  # of a few dozen clients one bad row must not stop the others
    ),
    publish="bill",
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
