"""The operators of a billing run, in the order in which a DAG uses them. Imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from billing_providers.operators.apply_billing_rules import ApplyBillingRulesOperator
    from billing_providers.operators.billing_gate import BillingGateSensor
    from billing_providers.operators.changes import changes_dag
    from billing_providers.operators.check_setup import CheckSetupOperator
    from billing_providers.operators.collect_billing_items import CollectBillingItemsOperator
    from billing_providers.operators.dag_params import run_params
    from billing_providers.operators.extract_usage import ExtractUsageOperator
    from billing_providers.operators.gate_form import gate_params
    from billing_providers.operators.integration_dag import billing_dag
    from billing_providers.operators.map_and_diff import MapAndDiffOperator
    from billing_providers.operators.plan_undo import PlanUndoOperator
    from billing_providers.operators.push_contract_lines import PushContractLinesOperator
    from billing_providers.operators.report_drift import ReportDriftOperator
    from billing_providers.operators.report_run import ReportRunOperator
    from billing_providers.operators.resolve_period import ResolvePeriodOperator
    from billing_providers.operators.review_diff import ReviewDiffOperator
    from billing_providers.operators.undo import undo_dag
    from billing_providers.operators.verify_contract_lines import VerifyContractLinesOperator
    from billing_providers.operators.wait_for_usage import WaitForUsageSensor
    from billing_providers.operators.watch import watch_dag

_HOMES = {
    "ApplyBillingRulesOperator": "apply_billing_rules",
    "BillingGateSensor": "billing_gate",
    "CheckSetupOperator": "check_setup",
    "CollectBillingItemsOperator": "collect_billing_items",
    "ExtractUsageOperator": "extract_usage",
    "MapAndDiffOperator": "map_and_diff",
    "PlanUndoOperator": "plan_undo",
    "PushContractLinesOperator": "push_contract_lines",
    "ReportDriftOperator": "report_drift",
    "ReportRunOperator": "report_run",
    "ResolvePeriodOperator": "resolve_period",
    "ReviewDiffOperator": "review_diff",
    "VerifyContractLinesOperator": "verify_contract_lines",
    "WaitForUsageSensor": "wait_for_usage",
    "billing_dag": "integration_dag",
    "gate_params": "gate_form",
    "changes_dag": "changes",
    "run_params": "dag_params",
    "undo_dag": "undo",
    "watch_dag": "watch",
}

__all__ = [
    "ApplyBillingRulesOperator",
    "BillingGateSensor",
    "CheckSetupOperator",
    "CollectBillingItemsOperator",
    "ExtractUsageOperator",
    "MapAndDiffOperator",
    "PlanUndoOperator",
    "PushContractLinesOperator",
    "ReportDriftOperator",
    "ReportRunOperator",
    "ResolvePeriodOperator",
    "ReviewDiffOperator",
    "VerifyContractLinesOperator",
    "WaitForUsageSensor",
    "billing_dag",
    "changes_dag",
    "gate_params",
    "run_params",
    "undo_dag",
    "watch_dag",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"billing_providers.operators.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
