"""Ends a run inside an open period: people get a mail when there is something new for them, not every few minutes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from billing_providers.operators.report_run import ReportRunOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ReportChangesOperator(ReportRunOperator):
    """As :class:`ReportRunOperator`, with a mail only where this run found what the one before it did not."""

    def work(self, context: Context) -> dict[str, Any]:
        """Gather, judge, store, tell what is new."""
        from billing_providers.steps.tell_news import tell_news

        settings = self.settings
        self.settings = replace(settings, notify=())
        try:
            return super().work(context)
        finally:
            self.settings = settings
            tell_news(self, context)
