"""The push is killed in the middle, again and again, while answers get lost: judged by the PSA's own audit log.

One integration per PSA of the registry. Where the PSA offers more than quantities, the month before is closed first, so
that there are texts and prices to set, lines to add and lines to end.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import closing as closing_of
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from billing_providers.hooks.psas import psa_for
from billing_providers.model.changes import ContractDiff
from billing_providers.model.journal import JournalState
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import PsaHook
from billing_providers.model.runs import RunScope
from billing_providers.push.applier import apply_changes
from billing_providers.push.judge import WriteTraits
from billing_providers.push.landing import LANDS_S
from billing_providers.push.ports import PushJob
from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.world import build_world
from tests.contract.push.planned import Row, rows_of
from tests.support.airflow_env import ROOT
from tests.support.closing import Closing, closing, shipped_integrations, shipped_settings
from tests.support.module_files import put_metrics_file
from tests.support.pipeline import Pipeline
from tests.support.postgres import fresh_schema
from tests.support.psa_cases import PSA_CASES, PsaCase
from tests.support.rcloud_files import put_rcloud_file

PSAS = [key for key, entry in SYSTEMS.items() if entry.role == "psa"]
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
MORNING = "2026-11-01T00:30:00+00:00"  # on which October is closed
LATENCY_MS = 20  # a push takes long enough to be killed in its middle


class Tenant:
    """One MSP whose push is killed, and what its PSA applied since the run under test began."""

    def __init__(self, msp: Closing, case: PsaCase) -> None:
        self.msp, self.case = msp, case
        self._begun = 0
        self._lines: set[str] = set()

    def prepare(self, *, add_lines: bool) -> None:
        """Bring the tenant to where as many kinds of changes as it offers are due."""
        if "fields" not in self.case.lacks:
            self.msp.change(policy=replace(self.msp.settings.policy, removal="end"))
            self.msp.close("before", billing_period="2026-09-15")
            self.msp.change(policy=replace(self.msp.settings.policy, add_lines=add_lines))
        self._begun = len(self.audit())
        self._lines = {str(line["line_id"]) for line in self.msp.box.control.lines(system=self.case.key)}

    def psa(self) -> PsaHook:
        return psa_for(self.msp.settings)

    def audit(self) -> list[dict[str, Any]]:
        return self.msp.box.control.audit(system=self.case.key)

    def written(self) -> list[Row]:
        """What the PSA really applied since then, entry by entry."""
        lines = self.msp.box.control.lines(system=self.case.key)
        added = {
            str(line["line_id"]): f"{line['contract_id']}/{line['service_id']}"
            for line in lines
            if str(line["line_id"]) not in self._lines
        }
        rows = self.audit()[self._begun :]
        return sorted((added.get(str(row["line_id"]), str(row["line_id"])), row["field"], row["after"]) for row in rows)

    def wanted(self, run: Pipeline) -> list[Row]:
        """What a diff says, in the same form."""
        offered = self.psa().capabilities()
        return sorted(row for change in diff_of(run).changes for row in rows_of(change, offered))

    def lose_answers(self, nth: int) -> None:
        """Let the PSA apply two writes, from the n-th on, and the next new line, without an answer."""
        self.msp.box.control.add_fault("drop_after", system=self.case.key, endpoint=self.case.write, nth=nth, count=2)
        self.msp.box.control.add_fault("drop_after", system=self.case.key, endpoint=self.case.add)

    def finish(self, run: Pipeline) -> None:
        """Push what is left, at a time at which every list shows everything, and then as the task does."""
        scope, psa = RunScope.from_json(run.run), self.psa()
        traits, now = WriteTraits.of(psa.capabilities()), datetime.now(UTC)
        diff = diff_of(run)
        job = PushJob(
            diff=diff,
            changes=diff.changes,
            scope=scope,
            psa=psa,
            journal=run.ledger.journal,
            lock=run.ledger.locks.acquire(scope.tenant, scope.period.start, scope.run_key, 1800, now),
            clock=lambda: datetime.now(UTC) + timedelta(seconds=max(traits.hidden_s, LANDS_S) + 1),
            renew=lambda: None,
            traits=traits,
        )
        apply_changes(job)
        run.push()


def diff_of(run: Pipeline) -> ContractDiff:
    return run.ledger.diffs.load(run.diff["digest"])


def integration_of(psa: str) -> str:
    """Return the first shipped integration that writes to a PSA; empty when there is none."""
    return next((name for name in shipped_integrations() if shipped_settings(name).psa == psa), "")


@pytest.fixture(params=[f"{psa}-{ledger}" for psa in PSAS for ledger in ("sqlite", "postgres")])
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    psa, _, ledger = request.param.partition("-")
    integration = integration_of(psa)
    if not integration:
        pytest.skip(f"no integration that is shipped writes to {psa}")
    world = build_world()
    put_rcloud_file(tmp_path, world.resale, OCTOBER)
    put_metrics_file(tmp_path, world.modules, OCTOBER)
    with ExitStack() as stack:
        url = stack.enter_context(fresh_schema()) if ledger == "postgres" else ""
        msp = stack.enter_context(closing(tmp_path, integration, ledger_url=url))
        msp.box.control.move_clock(MORNING)
        yield Tenant(msp, PSA_CASES[psa])


def start_push(tenant: Tenant, run: Pipeline) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.survival.push_once"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/plugins"},
    )
    assert child.stdin is not None
    integration = tenant.msp.settings.integration
    wish = {"integration": integration, "run_id": "r1", "run": run.run, "diff": run.diff}
    child.stdin.write(json.dumps(wish).encode())
    child.stdin.close()
    return child


def kill_after(tenant: Tenant, child: subprocess.Popen[bytes], entries: int) -> None:
    """Kill the push once the PSA's log has grown by so much."""
    goal = len(tenant.audit()) + entries
    deadline = time.monotonic() + 60
    while len(tenant.audit()) < goal and child.poll() is None:
        assert time.monotonic() < deadline, "the push does not come forward"
        time.sleep(0.002)
    assert child.poll() is None, "the push ended before it could be killed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    free_requests()


def free_requests() -> None:
    """Requests that a dead process had leased of what the tenant allows at once; in life the lease expires."""
    url = os.environ["AIRFLOW_CONN_BILLING_LEDGER"]
    connected = sqlite3.connect(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else psycopg.connect(url)
    with closing_of(connected), connected:
        connected.execute("UPDATE billing_request_slots SET owner = '', expires_at = ''")


def free_lock(run: Pipeline) -> None:
    """The run that held it is dead; in life its lock expires."""
    lock = run.ledger.locks.holder(run.run["tenant"], date.fromisoformat(run.run["period"]["start"]))
    if lock is not None:
        run.ledger.locks.release(lock)


def test_after_kills_in_the_middle_and_reruns_the_audit_log_equals_the_diff(tenant: Tenant) -> None:
    """After kill -9 of the push and a rerun nothing is doubled and nothing is lost, also when responses were lost."""
    chance = random.Random("kills")
    tenant.prepare(add_lines=True)
    run = tenant.msp.run()
    run.plan()
    run.review()
    wanted = tenant.wanted(run)
    tenant.msp.box.control.change_settings(latency_ms=LATENCY_MS)
    for lost_answers in (False, True, True):
        if lost_answers:
            tenant.msp.box.control.add_fault(
                "drop_after", endpoint=tenant.case.write, nth=chance.randint(2, 6), count=2
            )
            tenant.msp.box.control.add_fault("drop_after", endpoint=tenant.case.add)
        kill_after(tenant, start_push(tenant, run), entries=chance.randint(5, len(wanted) // 6))
    halfway = len(tenant.written())
    tenant.msp.box.control.clear_faults()
    tenant.msp.box.control.change_settings(latency_ms=0)

    tenant.finish(run)
    run.verify()
    assert run.report()["result"] == "Succeeded with warnings"
    assert 15 <= halfway < len(wanted)
    assert tenant.written() == wanted
    states = run.ledger.journal.states(run.diff["digest"])
    assert {entry.state for entry in states.values()} == {JournalState.VERIFIED}
    assert run.ledger.journal.verify(run.run["tenant"]) == []


def test_a_second_run_after_a_killed_one_writes_only_what_is_missing(tenant: Tenant) -> None:
    """A new run for the same period, started instead of clearing the task, is as safe as clearing it."""
    tenant.prepare(add_lines=False)
    run = tenant.msp.run()
    run.plan()
    run.review()
    tenant.msp.box.control.change_settings(latency_ms=LATENCY_MS)
    kill_after(tenant, start_push(tenant, run), entries=20)
    tenant.msp.box.control.change_settings(latency_ms=0)
    free_lock(run)

    again = tenant.msp.run("r2")
    again.plan()
    first = tenant.written()  # what was under way at the kill has arrived by now
    again.review()
    tenant.finish(again)
    again.verify()
    again.report()
    assert tenant.written() == tenant.wanted(run)
    assert set(tenant.written()) - set(first) <= set(tenant.wanted(again))
    assert len(tenant.wanted(again)) < len(tenant.wanted(run))
