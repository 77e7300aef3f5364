"""Keeps what the PSA posted and has pending as a dataset of the run, with pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.errors import BillingError
from billing_providers.model.findings import Level
from billing_providers.operators.base import BillingOperator
from billing_providers.operators.faults import task_failure
from billing_providers.operators.page_links import store_links
from billing_providers.steps.step import run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class CollectBillingItemsOperator(BillingOperator):
    """Runs after verify whatever happened before (``trigger_rule="all_done"``), for dry runs too; it only reads.

    Skipped for a PSA that tells no billing items. When it fails, that is a warning of the run and never its failure:
    nothing that is billed depends on it.

    :param diff: output of the map-and-diff task.
    """

    stage = "collect_billing_items"
    template_fields: Sequence[str] = ("run", "diff")

    def __init__(self, *, diff: Any, **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        super().__init__(**kwargs)
        self.diff = diff

    def execute(self, context: Context) -> Any:
        """Do the step's work; a fault is recorded as a warning, then fails this task alone."""
        store_links(self, context, run_key_of(context))
        try:
            return self.work(context)
        except BillingError as error:
            finding = self.voice.finding(189, level=Level.WARNING, missing="the dataset", why=str(error))
            raise task_failure(
                error,
                finding,
                ledger_conn_id=self.ledger_conn_id,
                run_key=run_key_of(context),
                stage=self.stage,
            ) from error

    def work(self, context: Context) -> dict[str, Any]:
        """Read, join, keep, write."""
        from billing_providers.steps.collect_billing_items import collect_billing_items

        return collect_billing_items(self, self.diff)
