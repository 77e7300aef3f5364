"""Resolves what a run is about, checks every setting, and takes the lock, before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_providers.operators.base import BillingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ResolvePeriodOperator(BillingOperator):
    """First task of a run. Its output, the run's scope, goes to every other task.

    Faults of settings, rules, mapping tables and connections end the run here.
    """

    stage = "resolve_period"

    def work(self, context: Context) -> dict[str, Any]:
        """Resolve, check, migrate the ledger, take the lock, open the run's history."""
        from billing_providers.steps.resolve_period import resolve_period

        return resolve_period(self, context)
