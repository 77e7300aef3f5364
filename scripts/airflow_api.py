"""The few calls of Airflow's public REST API that a person's clicks amount to. Standard library only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

ENDED = {"success", "failed"}
READING_S = 4
BUSY_TRIES = 5


class AirflowApi:
    """A signed-in user of a local Airflow.

    :param base_url: e.g. ``http://127.0.0.1:8080``.
    """

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._token = ""
        answer = self._call("POST", "/auth/token", {"username": user, "password": password})
        self._token = answer["access_token"]

    def unpause(self, dag_id: str, *, wait_s: float = 120) -> None:
        """Unpause a DAG, waiting until Airflow has read its file."""
        deadline = time.monotonic() + wait_s
        while True:
            try:
                self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
            except HTTPError as error:
                if error.code != 404 or time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return

    def trigger(self, dag_id: str, *, run_after: str | None = None, **params: Any) -> str:
        """Trigger a run by hand, as the form does; return its run id.

        :param run_after: an instant that has passed: the run goes before others that wait.
        """
        wish = {"logical_date": None, "run_after": run_after, "conf": params}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", wish)["dag_run_id"])

    def next_period_start(self, dag_id: str, *, wait_s: float = 120) -> str:
        """Return the start of the period that the schedule closes next, waiting until Airflow has read the DAG."""
        deadline = time.monotonic() + wait_s
        while True:
            with suppress(HTTPError):
                if start := self._call("GET", f"/api/v2/dags/{dag_id}")["next_dagrun_data_interval_start"]:
                    return str(start)
            if time.monotonic() > deadline:
                raise TimeoutError(f"Airflow has not told within {wait_s:.0f} s when {dag_id} runs next")
            time.sleep(1)

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, oldest first."""
        return list(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after")["dag_runs"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return dict(self._call("GET", _run_path(dag_id, run_id)))

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the state of each task of a run."""
        return {task_id: entry["state"] for task_id, entry in self.instances(dag_id, run_id).items()}

    def answer_review(self, dag_id: str, run_id: str, task_id: str, option: str, **typed: str) -> None:
        """Answer a review task as its form does, as late as a person would; what is not typed stays as the form has it.

        Airflow 3.3 takes an answer that comes before its scheduler has noticed that the task waits for a crash of
        the task, and asks again.
        """
        time.sleep(READING_S)
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}/-1/hitlDetails"
        fields = self._call("GET", path)["params"]
        form = {name: field["value"] for name, field in fields.items()} | typed
        self._call("PATCH", path, {"chosen_options": [option], "params_input": form})

    def instances(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return what Airflow shows of each task of a run, by task id."""
        found = self._call("GET", f"{_run_path(dag_id, run_id)}/taskInstances")
        return {entry["task_id"]: entry for entry in found["task_instances"]}

    def mark_task(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark one task of a run as ``success``, ``failed`` or ``skipped``, and nothing beside it."""
        self._call("PATCH", f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}", {"new_state": state})

    def mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a whole run as ``success`` or ``failed``; its tasks that run are ended."""
        self._call("PATCH", _run_path(dag_id, run_id), {"state": state})

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """Clear a whole run, so that all its tasks run again."""
        self._call("POST", f"{_run_path(dag_id, run_id)}/clear", {"dry_run": False, "only_failed": False})

    def backfill(self, dag_id: str, first: str, last: str, *, max_active_runs: int = 1) -> int:
        """Run all periods of a DAG that start between two instants; return the backfill's number.

        Airflow answers 503 where its database was busy, as SQLite is beside a scheduler; the wish is repeated then.
        """
        wish = {"dag_id": dag_id, "from_date": first, "to_date": last, "max_active_runs": max_active_runs}
        for _ in range(BUSY_TRIES):
            try:
                return int(self._call("POST", "/api/v2/backfills", wish)["id"])
            except HTTPError as error:
                if error.code != 503:
                    raise
            time.sleep(2)
        raise TimeoutError(f"Airflow's database was too busy {BUSY_TRIES} times to begin a backfill")

    def backfill_ended(self, number: int) -> bool:
        """Tell whether all runs of a backfill have ended."""
        return self._call("GET", f"/api/v2/backfills/{number}")["completed_at"] is not None

    def clear(self, dag_id: str, run_id: str, task_ids: list[str], *, downstream: bool = True) -> None:
        """Clear tasks of a run, so that they run again."""
        wish = {
            "dry_run": False, "dag_run_id": run_id, "task_ids": task_ids, "only_failed": False,
            "include_downstream": downstream, "reset_dag_runs": True,
        }  # fmt: skip
        self._call("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", wish)

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return what a task returned."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}/xcomEntries/return_value"
        return self._call("GET", f"{path}?deserialize=false")["value"]

    def wait(self, dag_id: str, run_id: str, *, until: set[str] = ENDED, wait_s: float = 300) -> str:
        """Wait until a run ends, or until its review waits for an answer; return the state."""
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            state = str(self.run(dag_id, run_id)["state"])
            if state in until:
                return state
            if "awaiting_input" in until and "awaiting_input" in self.tasks(dag_id, run_id).values():
                return "awaiting_input"
            time.sleep(1)
        raise TimeoutError(f"run {run_id} did not end within {wait_s:.0f} s: {self.tasks(dag_id, run_id)}")

    def finish(
        self,
        dag_id: str,
        run_id: str,
        *,
        review: str,
        option: str = "Approve",
        typed: Callable[[], Mapping[str, str]] = dict,
        wait_s: float = 480,
    ) -> str:
        """Wait until a run ends, answering its review whenever it asks; return the state.

        :param typed: tells what a person types into the form.
        """
        deadline = time.monotonic() + wait_s
        while (left := deadline - time.monotonic()) > 0:
            state = self.wait(dag_id, run_id, until={*ENDED, "awaiting_input"}, wait_s=left)
            if state in ENDED:
                return state
            with suppress(HTTPError):  # answered already, and on its way
                self.answer_review(dag_id, run_id, review, option, **typed())
            time.sleep(2)
        raise TimeoutError(f"run {run_id} did not end within {wait_s:.0f} s: {self.tasks(dag_id, run_id)}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = Request(
            f"{self.base_url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
