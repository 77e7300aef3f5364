"""The push is killed in the middle, again and again, while answers get lost: judged by the PSA's own audit log."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import date

import pytest

from billing_providers.model.journal import JournalState
from tests.support.airflow_env import ROOT
from tests.support.closing import Closing, closing
from tests.support.pipeline import Pipeline
from tests.support.postgres import fresh_schema

WRITE = "PUT /v2/finance/contracts/*/services/*"


@pytest.fixture(params=["sqlite", "postgres"])
def msp(request, tmp_path):
    with ExitStack() as stack:
        url = stack.enter_context(fresh_schema()) if request.param == "postgres" else ""
        yield stack.enter_context(closing(tmp_path, ledger_url=url))


def start_push(msp: Closing, run: Pipeline) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.survival.push_once"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/plugins"},
    )
    wish = {"run_id": "r1", "run": run.run, "diff": run.diff}
    child.stdin.write(json.dumps(wish).encode())
    child.stdin.close()
    return child


def kill_after(msp: Closing, child: subprocess.Popen[bytes], writes: int) -> None:
    """Kill the push once the PSA has applied so many more writes."""
    goal = len(msp.box.control.audit()) + writes
    deadline = time.monotonic() + 60
    while len(msp.box.control.audit()) < goal and child.poll() is None:
        assert time.monotonic() < deadline, "the push does not come forward"
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()


@pytest.mark.parametrize("lost_answers", [False, True], ids=["answers-arrive", "answers-lost"])
def test_after_kills_in_the_middle_and_reruns_the_audit_log_equals_the_diff(msp, lost_answers):
    """After kill -9 of the push and a rerun nothing is doubled and nothing is lost, also when responses were lost."""
    chance = random.Random(f"kills|{lost_answers}")
    run = msp.run()
    run.plan()
    run.review()
    msp.box.control.change_settings(latency_ms=10)
    for _ in range(3):
        if lost_answers:
            msp.box.control.add_fault("drop_after", endpoint=WRITE, nth=chance.randint(2, 6), count=2)
        kill_after(msp, start_push(msp, run), writes=chance.randint(5, 25))
    halfway = len(msp.written())
    msp.box.control.clear_faults()
    msp.box.control.change_settings(latency_ms=0)

    run.push()
    run.verify()
    assert run.report()["result"] == "Succeeded with warnings"
    assert 15 <= halfway < len(msp.wanted(run))
    assert msp.written() == msp.wanted(run)
    states = run.ledger.journal.states(run.diff["digest"])
    assert {entry.state for entry in states.values()} == {JournalState.VERIFIED}
    assert run.ledger.journal.verify(run.run["tenant"]) == []


def test_a_second_run_after_a_killed_one_writes_only_what_is_missing(msp):
    """A new run for the same period, started instead of clearing the task, is as safe as clearing it."""
    run = msp.run()
    run.plan()
    run.review()
    msp.box.control.change_settings(latency_ms=10)
    kill_after(msp, start_push(msp, run), writes=20)
    msp.box.control.change_settings(latency_ms=0)
    first = msp.written()
    lock = run.ledger.locks.holder(run.run["tenant"], date.fromisoformat(run.run["period"]["start"]))
    if lock is not None:
        run.ledger.locks.release(lock)  # its run is dead; in life it expires

    again = msp.close("r2")
    assert msp.written() == sorted(first + msp.wanted(again))
    assert msp.written() == msp.wanted(run)
