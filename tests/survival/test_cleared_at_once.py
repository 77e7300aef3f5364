"""A task that dies with requests under way and is cleared in the same second."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from billing_providers.registry import SYSTEMS
from tests.support.kill_bench import Bench, bench
from tests.support.psa_cases import PSA_CASES
from tests.support.push_process import Task
from tests.survival.kill_matrix import ACCOUNT

LATE_S = 4.0


@pytest.fixture(scope="module", params=[key for key, entry in SYSTEMS.items() if entry.role == "psa"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One tenant of each PSA."""
    with bench(request.param, "sqlite", tmp_path_factory.mktemp("bench"), ACCOUNT) as made:
        yield made


def test_what_was_under_way_arrives_before_anything_is_sent_again(at: Bench) -> None:
    """The PSA's own log shows each change once, though its first request lands after the next try has begun."""
    case, calls = at.new_case("cleared at once"), PSA_CASES[at.psa]
    for endpoint in (calls.write, calls.add):
        at.box.control.add_fault("slow", system=at.psa, endpoint=endpoint, count=0, seconds=LATE_S, before=True)
    pushing = Task(case.wish())
    while "sent" not in case.states():
        assert pushing.process.is_alive(), pushing.end()
        time.sleep(0.02)
    time.sleep(0.5)  # they leave
    landed_by = time.monotonic() + LATE_S
    os.kill(pushing.process.pid or 0, signal.SIGKILL)
    at.account.fault()
    assert "units" not in {field for _, field, _ in case.written()}
    at.box.control.clear_faults()

    case.free_requests()
    case.runs()
    case.wait_until_seen()
    assert case.runs().done
    assert case.runs("verify").done
    time.sleep(max(0.0, landed_by - time.monotonic()))
    verdict = case.judge()
    assert verdict.clean, f"{case.wanted()} became {case.written()}"
