"""A real Airflow (scheduler, DAG processor, API server, LocalExecutor) runs the shipped DAG, driven as the UI does.

One Airflow serves all tests of this module; they run in order and each looks only at what it added.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import requests

from billing_providers.ledger.ledger import Ledger
from billing_providers.sandbox.credentials import ATRIA_TOKEN, BMS_PASSWORD, BMS_TENANT, BMS_USER
from billing_providers.sandbox.server import SandboxServer
from scripts.airflow_api import ENDED, AirflowApi
from scripts.local_airflow import LocalAirflow

DAG = "atria_to_kaseya_bms"
REVIEW = "review_diff"
ASKED = {*ENDED, "awaiting_input"}

pytestmark = pytest.mark.airflow


class Stage:
    """A running Airflow, its API, its ledger, and the sandbox's control plane."""

    def __init__(self, airflow: LocalAirflow) -> None:
        self.airflow = airflow
        self.api = AirflowApi(airflow.url, airflow.user, airflow.password)
        self.ledger = Ledger.at(f"sqlite:///{airflow.home}/billing_ledger.sqlite")
        self.first = ""

    def control(self, operation: str, **body: Any) -> Any:
        request = Request(f"{self.airflow.sandbox_url}/_sandbox/{operation}", data=json.dumps(body).encode() or None)
        if not body:
            request = Request(f"{self.airflow.sandbox_url}/_sandbox/{operation}")
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def audit(self) -> list[tuple[str, Decimal]]:
        return [(entry["line_id"], +Decimal(entry["after"])) for entry in self.control("audit")]

    def wanted(self, run_id: str) -> list[tuple[str, Decimal]]:
        changes = self.ledger.diffs.load(self.digest(run_id)).changes
        return [(change.line_id, change.quantity_after) for change in changes]

    def digest(self, run_id: str) -> str:
        return str(self.api.xcom(DAG, run_id, "map_and_diff")["digest"])

    def run_again(self, **params: Any) -> str:
        """Trigger the first run's period by hand; approve when asked; return the run id once it has ended."""
        period = self.api.xcom(DAG, self.first, "resolve_period")["period"]["start"]
        run_id = self.api.trigger(DAG, billing_period=period, **params)
        self.api.finish(DAG, run_id, review=REVIEW)
        return run_id


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("airflow") / "home"
    with LocalAirflow(home, ports=(0, 0)) as airflow:
        yield Stage(airflow)


def test_the_scheduled_run_of_the_closed_period_asks_and_writes_exactly_the_approved_diff(stage):
    """The period runs on schedule; what is written is exactly the reviewed number."""
    stage.api.unpause(DAG)
    deadline = time.monotonic() + 90
    while not (runs := stage.api.runs(DAG)):
        assert time.monotonic() < deadline, "Airflow scheduled no run"
        time.sleep(1)
    stage.first = runs[0]["dag_run_id"]
    assert runs[0]["run_type"] == "scheduled"
    assert stage.api.wait(DAG, stage.first, until=ASKED) == "awaiting_input"
    assert stage.audit() == []

    assert stage.api.finish(DAG, stage.first, review=REVIEW) == "success"
    assert sorted(stage.audit()) == sorted(stage.wanted(stage.first))
    assert len(stage.audit()) > 100
    assert stage.ledger.diffs.approval(stage.digest(stage.first)).decided_by == "admin"


def test_a_second_run_for_the_period_writes_nothing(stage):
    """Running again after success plans nothing and writes nothing."""
    before = stage.audit()
    again = stage.run_again()

    assert stage.api.run(DAG, again)["state"] == "success"
    assert stage.wanted(again) == []
    assert stage.audit() == before


@pytest.mark.parametrize(
    ("tasks", "downstream"),
    [
        (["push_contract_lines"], True),
        (["verify_contract_lines"], False),
        (["report_run"], False),
        (["extract_usage"], False),
        (["apply_billing_rules", "push_contract_lines"], False),
        (["resolve_period"], True),
    ],
    ids=["push", "verify", "report", "extract", "rules-and-push", "everything"],
)
def test_clearing_tasks_of_a_finished_run_writes_nothing_more(stage, tasks, downstream):
    """A rerun of any single task, and of any set of tasks, is safe."""
    before = stage.audit()
    stage.api.clear(DAG, stage.first, tasks, downstream=downstream)
    time.sleep(1)

    assert stage.api.wait(DAG, stage.first) == "success"
    assert stage.audit() == before


def test_a_diff_made_anew_after_its_review_is_refused_until_it_is_reviewed(stage):
    """A diff changed after review is refused."""
    line = stage.control("lines")[0]
    stage.control("edit-line", line_id=line["line_id"], units=str(int(Decimal(line["units"])) + 3))
    run_id = stage.run_again()
    before = stage.audit()
    stage.control("edit-line", line_id=line["line_id"], units=str(int(Decimal(line["units"])) + 5))

    stage.api.clear(DAG, run_id, ["map_and_diff"], downstream=False)
    time.sleep(1)
    stage.api.wait(DAG, run_id)
    stage.api.clear(DAG, run_id, ["push_contract_lines"], downstream=False)
    time.sleep(1)
    stage.api.wait(DAG, run_id)
    assert stage.api.tasks(DAG, run_id)["push_contract_lines"] == "failed"
    assert stage.audit() == before

    stage.api.clear(DAG, run_id, ["review_diff"])
    time.sleep(1)
    assert stage.api.finish(DAG, run_id, review=REVIEW) == "success"
    assert stage.audit()[len(before) :] == [(line["line_id"], Decimal(line["units"]))]


def test_a_dry_run_makes_no_writing_request(stage):
    """Extracting, mapping, planning, previewing and a dry run never write."""
    line = stage.control("lines")[0]
    stage.control("edit-line", line_id=line["line_id"], units=str(int(Decimal(line["units"])) + 2))
    before = stage.control("requests")["writing"]
    run_id = stage.run_again(dry_run=True)

    assert stage.wanted(run_id) != []
    assert stage.control("requests")["writing"] == before
    assert stage.api.tasks(DAG, run_id)["push_contract_lines"] == "skipped"
    assert stage.api.run(DAG, run_id)["state"] == "success"


def test_a_rejected_diff_is_not_written_and_a_push_cleared_afterwards_is_skipped_again(stage):
    """A rejection is a decision: the run is cancelled, not failed."""
    before = stage.audit()
    period = stage.api.xcom(DAG, stage.first, "resolve_period")["period"]["start"]
    line = next(line for line in stage.control("lines") if Decimal(line["units"]) > 20)
    stage.control("edit-line", line_id=line["line_id"], units="1")
    run_id = stage.api.trigger(DAG, billing_period=period)
    assert stage.api.wait(DAG, run_id, until=ASKED) == "awaiting_input"

    assert stage.api.finish(DAG, run_id, review=REVIEW, option="Reject") == "success"
    assert stage.api.tasks(DAG, run_id)["push_contract_lines"] == "skipped"
    assert stage.ledger.runs.find(f"{DAG}/{run_id}").result == "Cancelled"
    assert stage.audit() == before


def test_a_run_is_undone_by_a_diff_that_a_person_approves(stage):
    """Named by its run id; what it had written goes back, and the run that undid it says so."""
    line = next(line for line in stage.control("lines") if Decimal(line["units"]) > 20)
    edited = str(int(Decimal(line["units"])) + 4)
    stage.control("edit-line", line_id=line["line_id"], units=edited)
    run_id = stage.run_again()
    assert (line["line_id"], Decimal(line["units"])) in stage.wanted(run_id)
    before = stage.audit()

    stage.api.unpause(f"{DAG}_undo")
    undo = stage.api.trigger(f"{DAG}_undo", run=run_id)
    assert stage.api.wait(f"{DAG}_undo", undo, until=ASKED) == "awaiting_input"
    assert stage.audit() == before
    assert stage.api.finish(f"{DAG}_undo", undo, review=REVIEW) == "success"

    assert (line["line_id"], Decimal(edited)) in stage.audit()[len(before) :]
    assert len(stage.audit()) == len(before) + len(stage.wanted(run_id))
    assert stage.ledger.runs.find(f"{DAG}_undo/{undo}").undoes == f"{DAG}/{run_id}"


def test_the_watch_tells_drift_whatever_the_setup_came_to(stage):
    """Its tasks run in a real Airflow, each in its own pool; a fault of the setup is not hidden by what comes after."""
    line = next(line for line in stage.control("lines") if Decimal(line["units"]) > 20)
    stage.control("edit-line", line_id=line["line_id"], units="1")
    stage.api.unpause(f"{DAG}_watch")
    run_id = stage.api.trigger(f"{DAG}_watch")

    ended, tasks = stage.api.wait(f"{DAG}_watch", run_id), stage.api.tasks(f"{DAG}_watch", run_id)

    assert tasks["report_drift"] == "success"
    assert ended == ("success" if tasks["check_setup"] == "success" else "failed")
    told = stage.api.xcom(f"{DAG}_watch", run_id, "report_drift")
    assert line["line_id"] in {entry["line"] for entry in told["lines"]}


def test_no_secret_appears_in_anything_that_was_left_behind(stage):
    """Secrets live in Airflow connections alone: not in logs, XComs, rendered fields, the ledger or exports."""
    secrets = [BMS_PASSWORD.encode(), ATRIA_TOKEN.encode(), *issued_tokens(6)]
    left = {path.name: path.read_bytes() for path in files_below(stage.airflow.home)}
    left["metadata"] = metadata_without_connections(stage)

    assert any(stage.first.encode() in content for content in left.values())  # the search finds what is there
    assert any(b"Jumping Jack Sports" in content for name, content in left.items() if name.startswith("billing_ledger"))
    assert [(name, secret[:6]) for name, content in left.items() for secret in secrets if secret in content] == []


def issued_tokens(count: int) -> list[bytes]:
    """The first tokens that the sandbox gave out: they follow from its seed."""
    with SandboxServer() as twin:
        form = {"GrantType": "password", "UserName": BMS_USER, "Password": BMS_PASSWORD, "Tenant": BMS_TENANT}
        url = f"{twin.base_url('kaseya_bms')}/v2/security/authenticate"
        answers = [requests.post(url, data=form, timeout=10).json()["result"] for _ in range(count)]
    return [answer[name].encode() for answer in answers for name in ("accessToken", "refreshToken")]


def files_below(folder: Path) -> list[Path]:
    """Everything that the runs left, but the sandbox's own note of itself and the database of the connections."""
    kept = {"sandbox-ready", "airflow.db", "airflow.db-wal", "airflow.db-shm"}
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names if name not in kept]


def metadata_without_connections(stage: Stage) -> bytes:
    """Every table of Airflow's own database but the one that holds the connections."""
    database = sqlite3.connect(stage.airflow.home / "airflow.db")
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [repr(database.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables if name != "connection"]
    return "\n".join(rows).encode()
