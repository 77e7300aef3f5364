"""Plans the diff that undoes a run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.page_links import FindingsLink, ReviewLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class PlanUndoOperator(BillingOperator):
    """First task of an undo. Reads the ledger and the PSA, never writes to the PSA.

    Its output is the scope of the run and the summary of the diff in one: it goes to every other task as both.
    """

    stage = "plan_undo"
    template_fields: Sequence[str] = ()
    operator_extra_links: Collection[BaseOperatorLink] = (ReviewLink(), FindingsLink())

    def work(self, context: Context) -> dict[str, Any]:
        """Find the run, read, plan, store."""
        from billing_providers.steps.plan_undo import plan_undo

        return plan_undo(self, context)
