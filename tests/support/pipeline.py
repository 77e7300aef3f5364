"""A whole run, operator by operator, against a real sandbox and a real ledger, without a scheduler.

The operators are the shipped ones; only Airflow's context is a stand-in. What Airflow itself does (scheduling,
skipping, retries, clearing) is proven in tests/system.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from billing_providers.ledger.connect import open_ledger
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.findings import Finding
from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators import (
    ApplyBillingRulesOperator,
    CollectBillingItemsOperator,
    ExtractUsageOperator,
    MapAndDiffOperator,
    PushContractLinesOperator,
    ReportRunOperator,
    ResolvePeriodOperator,
    ReviewDiffOperator,
    VerifyContractLinesOperator,
    WaitForUsageSensor,
)
from tests.support.chosen_ledger import let_go_of_ledgers

RUN_AFTER = datetime(2026, 11, 26, 22, tzinfo=UTC)


def connections(base_urls: dict[str, str], *, line_api: bool = True, **bms: Any) -> dict[str, str]:
    """Return the environment that makes Airflow's connections point at a sandbox."""
    extra = {"tenant": "acme", **({"line_api": "default"} if line_api else {}), **bms.pop("extra", {})}
    psa = {
        "conn_type": "kaseya_bms",
        "host": base_urls["kaseya_bms"],
        "login": "api.user",
        "password": "sandbox-password",
        "extra": extra,
        **bms,
    }
    source = {"conn_type": "atria", "host": base_urls["atria"], "password": "sandbox-atria-token"}
    return {"AIRFLOW_CONN_KASEYA_BMS_DEFAULT": json.dumps(psa), "AIRFLOW_CONN_ATRIA_DEFAULT": json.dumps(source)}


class Stored:
    """The part of a task instance that operators use: XComs."""

    id = "00000000-0000-0000-0000-000000000000"

    def __init__(self) -> None:
        self.xcoms: dict[tuple[str, str], Any] = {}

    def get_first_reschedule_date(self, context: Any) -> None:
        """Tell that the sensor asks for the first time."""

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms["", key] = json.loads(json.dumps(value))

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.xcoms.get(("", key))


class Pipeline:
    """One run of an integration. Call the steps in order, or :meth:`close` for all of them."""

    def __init__(
        self,
        settings: IntegrationSettings,
        *,
        run_id: str = "r1",
        run_after: datetime = RUN_AFTER,
        interval_start: datetime | None = None,
        dag_id: str = "",
        **params: Any,
    ) -> None:
        let_go_of_ledgers()
        self.settings = settings
        dag_run = SimpleNamespace(
            dag_id=dag_id or settings.integration,
            run_id=run_id,
            run_after=run_after,
            data_interval_start=interval_start,
            run_type="manual",
            triggering_user_name="ann",
        )
        self.params = {"billing_period": "", "customers": [], "dry_run": False, "failed_only": False, **params}
        stored = Stored()
        self.context: Any = {"dag_run": dag_run, "params": self.params, "ti": stored, "task_instance": stored}
        self.run: Any = None
        self.usage: Any = None
        self.charges: Any = None
        self.diff: Any = None
        self.items: Any = None

    @property
    def ledger(self) -> Ledger:
        let_go_of_ledgers()
        return open_ledger("billing_ledger")

    @property
    def run_key(self) -> str:
        return f"{self.context['dag_run'].dag_id}/{self.context['dag_run'].run_id}"

    def findings(self) -> list[Finding]:
        return [finding for _, finding in self.ledger.findings.of_run(self.run_key)]

    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings()}

    def _execute(self, operator: Any) -> Any:
        return json.loads(json.dumps(operator.execute(self.context)))  # XComs are JSON

    def resolve(self) -> Any:
        self.run = self._execute(ResolvePeriodOperator(task_id="resolve_period", settings=self.settings))
        return self.run

    def wait(self) -> Any:
        """Ask the source once; a source that is not ready raises Airflow's reschedule."""
        return WaitForUsageSensor(task_id="wait", settings=self.settings, run=self.run).execute(self.context)

    def extract(self) -> Any:
        self.usage = self._execute(ExtractUsageOperator(task_id="extract", settings=self.settings, run=self.run))
        return self.usage

    def rules(self) -> Any:
        operator = ApplyBillingRulesOperator(task_id="rules", settings=self.settings, run=self.run, usage=self.usage)
        self.charges = self._execute(operator)
        return self.charges

    def map_and_diff(self) -> Any:
        operator = MapAndDiffOperator(task_id="diff", settings=self.settings, run=self.run, charges=self.charges)
        self.diff = self._execute(operator)
        return self.diff

    def plan(self) -> Any:
        self.resolve()
        self.wait()
        self.extract()
        self.rules()
        return self.map_and_diff()

    def review(self, *, answer: str = "Approve", who: str = "ann") -> Any:
        """Let the review decide by itself, or answer as a person where it asks."""
        from airflow.sdk.exceptions import TaskAwaitingInput

        try:
            with patch("airflow.providers.standard.operators.hitl.upsert_hitl_detail"):
                return self.review_operator().execute(self.context)
        except TaskAwaitingInput:
            return self.answer(answer, who)

    def answer(self, answer: str, who: str, **form: str) -> Any:
        event = {
            "chosen_options": [answer],
            "params_input": form,
            "responded_at": datetime.now(UTC),
            "responded_by_user": {"id": who, "name": who},
        }
        return self.review_operator().execute_complete(self.context, event)

    def review_operator(self) -> ReviewDiffOperator:
        return ReviewDiffOperator(task_id="review", settings=self.settings, run=self.run, diff=self.diff)

    def push_operator(self) -> PushContractLinesOperator:
        return PushContractLinesOperator(task_id="push", settings=self.settings, run=self.run, diff=self.diff)

    def push(self) -> Any:
        return self._execute(self.push_operator())

    def verify(self) -> Any:
        operator = VerifyContractLinesOperator(task_id="verify", settings=self.settings, run=self.run, diff=self.diff)
        return self._execute(operator)

    def collect(self) -> Any:
        """Collect the billing items; a PSA that tells none raises Airflow's skip."""
        operator = CollectBillingItemsOperator(task_id="items", settings=self.settings, run=self.run, diff=self.diff)
        return self._execute(operator)

    def report(self) -> Any:
        operator = ReportRunOperator(task_id="report", settings=self.settings, run=self.run, diff=self.diff)
        return self._execute(operator)

    def close(self) -> Any:
        """Run every step; return the report."""
        from airflow.sdk.exceptions import AirflowSkipException

        self.plan()
        self.review()
        self.push()
        with suppress(AirflowSkipException):
            self.verify()
        with suppress(AirflowSkipException):
            self.items = self.collect()
        return self.report()
