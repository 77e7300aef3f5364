"""Keeps what the PSA posted and has pending as a dataset of the run, with pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.errors import BillingError, LedgerError
from billing_providers.model.findings import Level
from billing_providers.operators.base import BillingOperator
from billing_providers.operators.faults import worth_a_retry
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
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        try:
            return self.work(context)
        except (BillingError, OSError) as error:  # the artifact folder may be full, or on another machine
            finding = self.voice.finding(189, level=Level.WARNING, missing="the dataset", why=str(error))
            if not isinstance(error, LedgerError):
                self.ledger().findings.replace(run_key_of(context), f"{self.stage}.fault", [finding])
            text = f"{finding.code}: {finding.message} {finding.resolution}"
            again = isinstance(error, OSError) or worth_a_retry(error)
            raise (AirflowException if again else AirflowFailException)(text) from error

    def work(self, context: Context) -> dict[str, Any]:
        """Read, join, keep, write."""
        from billing_providers.steps.collect_billing_items import collect_billing_items

        return collect_billing_items(self, self.diff)
