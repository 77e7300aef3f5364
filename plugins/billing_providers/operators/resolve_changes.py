"""First task of a run inside an open period: the run ends quietly where another one is at work on the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.utils.skipmixin import SkipMixin

from billing_providers.errors import LockHeld
from billing_providers.operators.resolve_period import ResolvePeriodOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ResolveChangesOperator(ResolvePeriodOperator, SkipMixin):
    """As :class:`ResolvePeriodOperator`, but a lock that is held is no fault: the next run takes up what is left.

    Then every task of the run is skipped, the report included, and nothing is written to the history.
    """

    def work(self, context: Context) -> dict[str, Any]:
        """Resolve, check, take the lock; or skip the rest."""
        try:
            return super().work(context)
        except LockHeld as held:
            self.log.info("Nothing to do: %s.", held)
            self.skip(ti=context["ti"], tasks=context["task"].get_flat_relatives(upstream=False))
            return {}
