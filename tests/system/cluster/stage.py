"""A running Airflow with the simulated vendors behind it, as a scenario sees it: what is clicked, and what it did."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import LineChange
from billing_providers.model.decimals import text_from_decimal
from billing_providers.operators.review_diff import DIFF_FIELD
from scripts.airflow_api import ENDED, AirflowApi
from scripts.airflow_cluster import AirflowCluster
from tests.support.accounts import Account

DAG = "atria_to_kaseya_bms"
REVIEW = "review_diff"
PUSH = "push_contract_lines"
ASKED = {*ENDED, "awaiting_input"}

Write = tuple[str, str, str]  # line, field, value after
Run = tuple[str, str]  # DAG, run id


class Stage:
    """A cluster, its API as a signed-in person has it, its ledger, and the sandbox's control plane."""

    def __init__(self, cluster: AirflowCluster, account: Account, project: Path) -> None:
        self.cluster = cluster
        self.account = account
        self.project = project
        self.api = AirflowApi(cluster.url, cluster.user, cluster.password)
        self.ledger = Ledger.at(cluster.ledger_url)
        self._first = ""
        self._managed: list[str] = []  # lines that the first run wrote
        self._judged = 0  # entries of the audit log that are accounted for
        self.control("settings", bms_requests_per_hour=10**9)  # the scenarios run a year's periods within an hour

    @property
    def first(self) -> str:
        """The scheduled run of the period that closed last; it is approved and ended when it is first asked for."""
        if not self._first:
            self._first = self.scheduled(DAG)
            self.finish(self._first)
            self.judge((DAG, self._first))
            self._managed = [change.line_id for change in self.changes((DAG, self._first))]
        return self._first

    def control(self, operation: str, **body: Any) -> Any:
        """Call the sandbox's control plane."""
        data = json.dumps(body).encode() if body else None
        with urlopen(Request(f"{self.cluster.sandbox_url}/_sandbox/{operation}", data=data), timeout=30) as answer:
            return json.load(answer)

    def forget_requests(self) -> None:
        """Start the sandbox's request log and its counters anew."""
        urlopen(Request(f"{self.cluster.sandbox_url}/_sandbox/requests", method="DELETE"), timeout=30).close()

    def audit(self) -> list[tuple[str, Decimal]]:
        """What the PSAs applied, in order: line and number."""
        return [(entry["line_id"], +Decimal(entry["after"])) for entry in self.control("audit")]

    def new_writes(self) -> int:
        """How many writes the PSAs applied that no scenario has accounted for yet."""
        return len(self.control("audit")) - self._judged

    def scheduled(self, dag_id: str) -> str:
        """Unpause a DAG and return the run that Airflow then schedules by itself."""
        self.api.unpause(dag_id)
        self.wait_for(lambda: self.api.runs(dag_id), f"the scheduled run of {dag_id}")
        (run,) = self.api.runs(dag_id)
        assert run["run_type"] == "scheduled"
        return str(run["dag_run_id"])

    def period(self) -> str:
        """The first day of the period that closed last."""
        return str(self.api.xcom(DAG, self.first, "resolve_period")["period"]["start"])

    def trigger(self, **params: Any) -> str:
        """Trigger the period that closed last once more, by hand."""
        return self.api.trigger(DAG, billing_period=self.period(), **params)

    def finish_all(self, *runs: Run) -> set[str]:
        """Wait until all runs have ended, approving whatever asks meanwhile; return how they ended."""

        def ended() -> bool:
            for run in runs:
                if self.api.tasks(*run)[REVIEW] == "awaiting_input":
                    with suppress(HTTPError):  # answered already, and on its way
                        self.api.answer_review(*run, REVIEW, "Approve", **{DIFF_FIELD: self.digest(run[1], run[0])})
            return all(self.api.run(*run)["state"] in ENDED for run in runs)

        self.wait_for(ended, f"the end of {len(runs)} runs", wait_s=600, every_s=1)
        return {str(self.api.run(*run)["state"]) for run in runs}

    def run_again(self, **params: Any) -> str:
        """Trigger the period that closed last; approve when asked; return the run id once the run has ended."""
        run_id = self.trigger(**params)
        self.api.finish(DAG, run_id, review=REVIEW, typed=lambda: {DIFF_FIELD: self.digest(run_id)})
        return run_id

    def finish(self, run_id: str, option: str = "Approve") -> None:
        """Wait until a run has ended well, answering its review whenever it asks, after reading its newest diff."""
        ended = self.api.finish(
            DAG, run_id, review=REVIEW, option=option, typed=lambda: {DIFF_FIELD: self.digest(run_id)}
        )
        assert ended == "success", self.story(run_id)

    def story(self, run_id: str) -> str:
        """Tell where the tasks of a run stand, and what those said last that failed."""
        told = []
        for task_id, task in self.api.instances(DAG, run_id).items():
            told.append(f"{task_id}: {task['state']} at try {task['try_number']} of {task['max_tries'] + 1}")
            if task["state"] == "failed":
                logs = self.cluster.home.glob(f"logs/dag_id={DAG}/run_id={run_id}/task_id={task_id}/*.log")
                last = sorted(logs, key=lambda path: path.stat().st_mtime)[-2:]
                told += [line[:400] for path in last for line in path.read_text(encoding="utf-8").splitlines()[-15:]]
        return "\n".join(told)

    def ask_for_review(self, lines: int = 1) -> str:
        """Let a person change lines by hand, and trigger a run up to the question whether that should be undone."""
        before = self.new_writes()
        self.edit(lines)
        run_id = self.trigger()
        assert self.api.wait(DAG, run_id, until=ASKED) == "awaiting_input", self.story(run_id)
        assert len(self.changes((DAG, run_id))) >= lines
        assert self.new_writes() == before
        return run_id

    def edit(self, lines: int) -> None:
        """Change some managed lines of the first run by hand, so much that a guard holds what would undo it."""
        assert self.first
        held = {line["line_id"]: Decimal(line["units"]) for line in self.control("lines")}
        large_first = sorted(self._managed, key=lambda line_id: -held[line_id])[:lines]
        assert len(large_first) == lines
        for line_id in large_first:
            self.control("edit-line", line_id=line_id, units="1")

    def digest(self, run_id: str, dag_id: str = DAG) -> str:
        """The diff that a run planned last."""
        planner = "plan_undo" if dag_id.endswith("_undo") else "map_and_diff"
        return str(self.api.xcom(dag_id, run_id, planner)["digest"])

    def wanted(self, run_id: str) -> list[tuple[str, Decimal]]:
        """What the diff of a run wants to be written: line and number."""
        return [(change.line_id, change.quantity_after) for change in self.changes((DAG, run_id))]

    def changes(self, run: Run) -> tuple[LineChange, ...]:
        """All changes of the diff that a run planned last."""
        dag_id, run_id = run
        return self.ledger.diffs.load(self.digest(run_id, dag_id)).changes

    def approved(self, run: Run) -> Iterator[Write]:
        """What was cleared for writing of the diff that a run planned last."""
        dag_id, run_id = run
        digest = self.digest(run_id, dag_id)
        diff, approval = self.ledger.diffs.load(digest), self.ledger.diffs.approval(digest)
        assert approval is not None and approval.run_key == f"{dag_id}/{run_id}"
        return writes_of({"approved": diff.changes, "not_needed": diff.pushable}[approval.decision])

    def judge(self, *runs: Run) -> int:
        """Hold what the PSAs applied since the last time against the approved diffs of these runs; return how many.

        Nothing else was written, and nothing twice.
        """
        entries = self.control("audit")
        new = [(str(entry["line_id"]), entry["field"], str(entry["after"])) for entry in entries[self._judged :]]
        self._judged = len(entries)
        intended, written = Counter(write for run in runs for write in self.approved(run)), Counter(new)
        verdict = self.account.judge(intended, written)
        assert written == intended
        assert verdict.clean
        return verdict.intended

    def findings(self, run_id: str) -> list[str]:
        """What a run of the first DAG found: code and words."""
        return [f"{one.code}: {one.message}" for _, one in self.ledger.findings.of_run(f"{DAG}/{run_id}")]

    def result(self, run_id: str, dag_id: str = DAG) -> str:
        """The result of a run as the ledger keeps it."""
        record = self.ledger.runs.find(f"{dag_id}/{run_id}")
        assert record is not None
        return str(record.result)

    @contextmanager
    def slow_psa(self, latency_ms: int = 1000) -> Iterator[None]:
        """Let every answer take a while, so that there is time to do something in the middle of a push."""
        self.control("settings", latency_ms=latency_ms)
        try:
            yield
        finally:
            self.control("settings", latency_ms=0)

    def wait_for_writes(self, count: int, run_id: str) -> None:
        """Wait until a push has written so many lines, and is not done."""
        self.wait_for(lambda: self.new_writes() >= count, f"{count} writes", every_s=0.05)
        assert self.new_writes() < len(self.changes((DAG, run_id)))

    def wait_for(self, ready: Callable[[], Any], what: str, *, wait_s: float = 240, every_s: float = 0.5) -> None:
        """Wait until something is so, while the cluster lives."""
        deadline = time.monotonic() + wait_s
        while not ready():
            self.cluster.check()
            assert time.monotonic() < deadline, f"waited {wait_s:.0f} s for {what}"
            time.sleep(every_s)


def writes_of(changes: Iterable[LineChange]) -> Iterator[Write]:
    """Yield what changes want to be applied, field by field and number by number."""
    for change in changes:
        if change.quantity_after != change.quantity_before:
            yield change.line_id, "units", text_from_decimal(change.quantity_after)
        for field in change.fields:
            yield change.line_id, field.field.value, str(field.after)
