"""The tasks of a run from its usage to its report, in the order in which they are done."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator

from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.apply_billing_rules import ApplyBillingRulesOperator
from billing_providers.operators.collect_billing_items import CollectBillingItemsOperator
from billing_providers.operators.extract_usage import ExtractUsageOperator
from billing_providers.operators.map_and_diff import MapAndDiffOperator
from billing_providers.operators.push_contract_lines import PushContractLinesOperator
from billing_providers.operators.report_run import ReportRunOperator
from billing_providers.operators.review_diff import ReviewDiffOperator
from billing_providers.operators.verify_contract_lines import VerifyContractLinesOperator


def wire_run(
    settings: IntegrationSettings,
    run: Any,
    *,
    report: type[ReportRunOperator] = ReportRunOperator,
    billing_items: bool = True,
) -> BaseOperator:
    """Put the tasks that follow ``resolve_period`` into the DAG that is open; return the first of them.

    :param run: output of the task that resolved the period.
    :param report: the operator that ends the run.
    :param billing_items: whether the billing items of the period are collected.
    """
    usage = ExtractUsageOperator(task_id="extract_usage", settings=settings, run=run)
    charges = ApplyBillingRulesOperator(task_id="apply_billing_rules", settings=settings, run=run, usage=usage.output)
    diff = MapAndDiffOperator(task_id="map_and_diff", settings=settings, run=run, charges=charges.output)
    review = ReviewDiffOperator(task_id="review_diff", settings=settings, run=run, diff=diff.output)
    push = PushContractLinesOperator(task_id="push_contract_lines", settings=settings, run=run, diff=diff.output)
    verify = VerifyContractLinesOperator(task_id="verify_contract_lines", settings=settings, run=run, diff=diff.output)
    last: BaseOperator = verify
    if billing_items:
        last = CollectBillingItemsOperator(
            task_id="collect_billing_items", settings=settings, run=run, diff=diff.output
        )
        verify >> last
    diff >> review >> push >> verify
    last >> report(task_id="report_run", settings=settings, run=run, diff=diff.output)
    return usage
