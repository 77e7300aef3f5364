"""The last task: always runs, writes the history, tells people, and fails when the run did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.operators.base import BillingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ReportRunOperator(BillingOperator):
    """Runs whatever happened before (``trigger_rule="all_done"``).

    :param diff: output of the map-and-diff task.
    """

    stage = "report_run"
    template_fields: Sequence[str] = ("run", "diff")

    def __init__(self, *, diff: Any, **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        kwargs.setdefault("retries", 0)
        super().__init__(**kwargs)
        self.diff = diff

    def work(self, context: Context) -> dict[str, Any]:
        """Gather, judge, store, tell."""
        from billing_providers.steps.report_run import report_run

        return report_run(self, self.diff, context)
