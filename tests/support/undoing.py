"""The undo of a run, operator by operator, as :mod:`tests.support.pipeline` does it for the run itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from billing_providers.model.settings import IntegrationSettings
from billing_providers.operators import PlanUndoOperator
from tests.support.pipeline import RUN_AFTER, Pipeline


class Undoing(Pipeline):
    """One run of the undo DAG. Its first task gives both the scope and the diff."""

    def __init__(
        self,
        settings: IntegrationSettings,
        run: str,
        *,
        run_id: str = "undo",
        run_after: datetime = RUN_AFTER,
        **params: Any,
    ) -> None:
        super().__init__(replace(settings, review="always"), run_id=run_id, run_after=run_after, run=run, **params)
        self.context["dag_run"].dag_id = f"{settings.integration}_undo"

    @property
    def run_key(self) -> str:
        return f"{self.settings.integration}_undo/{self.context['dag_run'].run_id}"

    def plan(self) -> Any:
        self.run = self.diff = self._execute(PlanUndoOperator(task_id="plan_undo", settings=self.settings))
        return self.diff
