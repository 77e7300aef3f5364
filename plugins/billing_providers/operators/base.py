"""What all operators of a billing run share: their arguments, and how faults are reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink

from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.faults import faults_reported
from billing_providers.operators.page_links import RunLink, store_links
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class BillingOperator(BillingStep, BaseOperator):
    """Base of the operators. A subclass implements :meth:`work`.

    :param settings: the integration.
    :param run: output of the task that resolved the period.
    :param ledger_conn_id: Airflow connection of the ledger; absent in Airflow: an SQLite file in its home.
    """

    template_fields: Sequence[str] = ("run",)
    operator_extra_links: Collection[BaseOperatorLink] = (RunLink(),)

    def __init__(
        self, *, settings: IntegrationSettings, run: Any = None, ledger_conn_id: str = "billing_ledger", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.run = run
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> Any:
        """Do the step's work; faults of the run are recorded, then fail the task."""
        run_key = run_key_of(context)
        store_links(self, context, run_key)
        with faults_reported(self.ledger_conn_id, run_key, self.stage, self.voice):
            return self.work(context)

    def work(self, context: Context) -> Any:
        """Load, compute, store, return."""
        raise NotImplementedError
