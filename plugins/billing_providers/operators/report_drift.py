"""The daily look back: what was changed by hand on managed lines since they were last set or confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.operators.base import BillingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ReportDriftOperator(BillingOperator):
    """Runs whatever came before (``trigger_rule="all_done"``). Drift is a warning, and no failure; nothing is written.

    Output: how many lines are managed and how many drifted, the drifted ones, and the address of their list.
    """

    stage = "report_drift"
    template_fields: Sequence[str] = ()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        super().__init__(**kwargs)

    def work(self, context: Context) -> dict[str, Any]:
        """Read, compare, tell."""
        from billing_providers.steps.report_drift import report_drift

        return report_drift(self, context)
