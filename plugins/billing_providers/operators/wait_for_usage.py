"""Waits until the source has the usage of a period, without holding a worker."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink, BaseSensorOperator

from billing_providers.errors import FailureClass, RequestError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.faults import faults_reported
from billing_providers.operators.page_links import FindingsLink, store_links
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class WaitForUsageSensor(BillingStep, BaseSensorOperator):
    """Asks every ``settings.usage_poke`` and frees its worker in between (Airflow's mode ``reschedule``).

    After ``settings.usage_wait`` it fails with the source's last reason (code 03) and is not tried again; clearing it
    starts the wait anew. Wrong settings fail at once. A source that has nothing to wait for passes at the first ask.

    :param settings: the integration.
    :param run: output of the task that resolved the period.
    :param ledger_conn_id: Airflow connection of the ledger; absent in Airflow: an SQLite file in its home.
    """

    stage = "wait_for_usage"
    template_fields: Sequence[str] = ("run",)
    operator_extra_links: Collection[BaseOperatorLink] = (FindingsLink(),)

    def __init__(
        self, *, settings: IntegrationSettings, run: Any = None, ledger_conn_id: str = "billing_ledger", **kwargs: Any
    ) -> None:
        kwargs.setdefault("mode", "reschedule")
        kwargs.setdefault("poke_interval", settings.usage_poke)
        kwargs.setdefault("timeout", settings.usage_wait)
        super().__init__(**kwargs)
        self.settings = settings
        self.run = run
        self.ledger_conn_id = ledger_conn_id
        self._last_reason = ""

    def execute(self, context: Context) -> Any:
        """Ask, and come back later; the end of the wait is reported like any other fault of a run."""
        from airflow.sdk.exceptions import AirflowSensorTimeout

        store_links(self, context, run_key_of(context))
        with faults_reported(self.ledger_conn_id, run_key_of(context), self.stage, self.voice):
            try:
                return super().execute(context)
            except AirflowSensorTimeout:
                waited = f"{self.timeout / 3600:g} h"
                raise RequestError(
                    f"the usage of {self.scope.period} was not ready after {waited}: {self._last_reason}",
                    finding_number=3,
                    failure_class=FailureClass.SOURCE,
                ) from None

    def poke(self, context: Context) -> bool:
        """Tell whether the usage can be read now."""
        from billing_providers.steps.wait_for_usage import wait_for_usage

        self._last_reason = wait_for_usage(self)
        return not self._last_reason
