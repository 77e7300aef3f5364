"""Waits until every customer's invoice may be made, without holding a worker. For the DAG that makes invoices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink, BaseSensorOperator

from billing_providers.errors import SettingsError
from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators.faults import faults_reported
from billing_providers.operators.page_links import CloseLink
from billing_providers.plain_text import damage_of
from billing_providers.steps.param_values import text_param
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.sensor import PokeReturnValue

    from billing_providers.model.gate import CustomerGate
    from billing_providers.model.periods import BillingPeriod

NAMED_MAX = 20


class BillingGateSensor(BillingStep, BaseSensorOperator):
    """Passes once every customer of an integration and period is ready, or overridden by a person with a reason.

    The period is that of the DAG param ``billing_period``; without it the run's data interval, where that is a billing
    period, else the period that was closed last. The param ``override`` names customers that may be billed all the
    same: customer code → reason. A run that is still at work, or none at all, cannot be overridden. After ``timeout``
    the task fails and says who is not ready. Output: the gate, and who was overridden why.

    :param settings: the integration whose close is waited for.
    :param ledger_conn_id: Airflow connection of the ledger; absent in Airflow: an SQLite file in its home.
    """

    stage = "billing_gate"
    template_fields: Sequence[str] = ()
    operator_extra_links: Collection[BaseOperatorLink] = (CloseLink(),)

    def __init__(self, *, settings: IntegrationSettings, ledger_conn_id: str = "billing_ledger", **kwargs: Any) -> None:
        kwargs.setdefault("mode", "reschedule")
        kwargs.setdefault("poke_interval", timedelta(minutes=10))
        kwargs.setdefault("timeout", settings.review_timeout)
        super().__init__(**kwargs)
        self.settings = settings
        self.run = None
        self.ledger_conn_id = ledger_conn_id
        self._waiting = ""

    def execute(self, context: Context) -> Any:
        """Ask, and come back later; the end of the wait names who is not ready."""
        from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout

        with faults_reported(self.ledger_conn_id, run_key_of(context), self.stage, self.voice):
            try:
                return super().execute(context)
            except AirflowSensorTimeout:
                waited = f"{self.timeout / 3600:g} h"
                raise AirflowFailException(
                    f"the billing gate of {self.settings.integration} is closed after {waited}: {self._waiting}"
                ) from None

    def poke(self, context: Context) -> PokeReturnValue:
        """Tell whether every customer is ready now."""
        from airflow.sdk.bases.sensor import PokeReturnValue

        from billing_providers.steps.billing_gate import billing_gate

        overrides = _overrides(context["params"].get("override"))
        period = self._period(context)
        gate = billing_gate(self.ledger(), self.settings.integration, period.start)
        waiting = gate.waiting_for(overrides)
        self._waiting = f"{period}: {gate.why or _named(waiting)}"
        if gate.why or waiting:
            self.log.info("the billing gate is closed, %s", self._waiting)
            return PokeReturnValue(is_done=False)
        used = {one.customer_code: overrides[one.customer_code] for one in gate.not_ready}
        for code, reason in used.items():
            self.log.warning("%s is not ready and may be billed all the same: %s", code, reason)
        return PokeReturnValue(is_done=True, xcom_value={**gate.to_json(), "overridden": used})

    def _period(self, context: Context) -> BillingPeriod:
        from billing_providers.steps.period_of_run import PERIODS, period_of_run

        run, calendar = context["dag_run"], self.settings.calendar
        start, end = run.data_interval_start, getattr(run, "data_interval_end", None)
        if start is not None:
            period = calendar.period_containing(calendar.local_date(start))
            if (period.start_instant(), period.end_instant()) != (start, end):
                start = None
        selector = text_param(context["params"], "billing_period", PERIODS)
        return period_of_run(selector, calendar, interval_start=start, run_after=run.run_after)


def _overrides(told: Any) -> Mapping[str, str]:
    """Return customer code → reason.

    :raises SettingsError: for anything else, and for a customer without a reason.
    """
    if told is None:
        return {}
    where, allowed = "DAG param", 'customer codes with a reason each, e.g. {"ASP": "billed by hand"}'
    if not isinstance(told, Mapping):
        raise SettingsError("is no table", where=where, key="override", value=told, allowed=allowed)
    for code, reason in told.items():
        if not isinstance(reason, str) or not reason.strip() or damage_of(f"{code}{reason}"):
            raise SettingsError("gives no reason", where=where, key="override", value=code, allowed=allowed)
    return {str(code).strip(): reason.strip() for code, reason in told.items()}


def _named(waiting: Sequence[CustomerGate]) -> str:
    told = [
        f"{one.customer_name or one.customer_code} ({one.customer_code}, {one.state.value}): {one.why}"
        for one in waiting
    ]
    more = len(told) - NAMED_MAX
    return "; ".join(told[:NAMED_MAX]) + (f"; and {more} more" if more > 0 else "")
