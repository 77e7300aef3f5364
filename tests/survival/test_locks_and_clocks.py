"""Who may write when a holder of the lock died, stood still, or when clocks jump: real processes, both ledgers.

Autotask takes quantities as differences, so a write too many would show there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.kill_bench import LEDGERS, RUN, Bench, Case, bench
from tests.support.kill_points import Fault
from tests.support.psa_cases import PSA_CASES
from tests.support.push_process import Task
from tests.survival.kill_matrix import ACCOUNT, HOURS_S

EXPIRED_S = 1801.0  # after so long the lock of whoever renewed it no more is free
PERIOD_PARAM = {"billing_period": "2026-09-15"}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[pytest.mark.postgres] * (name == "postgres")) for name in LEDGERS]
)
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A tenant, and a ledger of each kind."""
    with bench("autotask", request.param, tmp_path_factory.mktemp("bench"), ACCOUNT) as made:
        yield made


def is_right(case: Case) -> bool:
    """Whether the tenant holds what was approved, each change once, and the journal knows it."""
    return case.judge().clean and case.states() == {"verified": len(case.diff.changes)}


def slow_writes(at: Bench, seconds: float) -> None:
    """Let the PSA answer every write late, so that a push is at work for a while."""
    at.box.control.add_fault("slow", system=at.psa, endpoint=PSA_CASES[at.psa].write, count=0, seconds=seconds)


def test_the_lock_of_a_dead_run_is_taken_over_after_its_expiry_and_not_before(at: Bench) -> None:
    """Law 9: a dead run blocks its period until its lock expires; then another run ends what it had begun."""
    case = at.new_case("dead holder")
    assert case.runs(fault=Fault("request left", "die", nth=2)).killed
    at.account.fault()
    case.approve("r2")
    case.free_requests()

    early = case.runs()
    assert "autotask/r1 works on" in early.failed.replace(f"{at.settings.integration}/", "autotask/"), early
    case.wait(EXPIRED_S)
    assert case.runs().done
    assert case.runs("verify").done
    assert is_right(case)


@pytest.mark.parametrize("point", ["before intent", "after intent", "row durable", "answered", "answer durable"])
def test_a_holder_that_stood_still_past_its_expiry_writes_no_row_and_sends_nothing(at: Bench, point: str) -> None:
    """Fencing: whoever took the lock over works alone, also when the late holder wakes up."""
    case = at.new_case(f"late holder|{point}")
    late = Task(case.wish(fault=Fault(point, "stop")))
    late.wait_until_it_stands_still()
    at.account.fault()
    stood_from, all_done = time.monotonic(), set(case.states()) == {"confirmed"}
    case.approve("r2")
    case.wait(EXPIRED_S)
    case.free_requests()
    assert case.runs().done
    rows, written = case.journal(), case.written()
    time.sleep(max(0.0, stood_from + 1.5 - time.monotonic()))  # in life it stood for half an hour

    late.go_on()
    ended = late.end()
    assert "lost its lock" in ended.failed or all_done, ended  # its threads may have come to the end before it stood
    assert case.journal() == rows
    assert case.written() == written
    assert case.runs("verify").done
    assert is_right(case)


@pytest.mark.parametrize("seconds", [HOURS_S, -HOURS_S], ids=["forward", "back"])
@pytest.mark.parametrize("point", ["after intent", "row durable", "leaving"])
def test_a_push_whose_clock_jumps_stops_and_is_ended_by_clearing_it(at: Bench, point: str, seconds: float) -> None:
    """What is stamped by a clock that jumps misleads whoever reads it, so nothing leaves under such a row."""
    case = at.new_case(f"jump|{point}|{seconds}")
    ended = case.runs(fault=Fault(point, "jump", seconds=seconds))
    at.account.fault()
    way = "forward" if seconds > 0 else "back"
    assert f"the clock of this machine went {way} by 3:00:00" in ended.failed, ended
    assert case.written_without_row() == []

    case.finish()
    assert is_right(case)


@pytest.mark.parametrize("seconds", [HOURS_S, -HOURS_S], ids=["ahead", "behind"])
def test_a_wrong_clock_takes_no_lock_from_a_push_at_work(at: Bench, seconds: float) -> None:
    """A lock that looks expired is watched: a push that lives renews it; a clock off the ledger's is refused."""
    case = at.new_case(f"wrong clock|{seconds}")
    slow_writes(at, 4.0)
    first = Task(case.wish())
    while not case.journal():
        assert first.process.is_alive(), first.end()
        time.sleep(0.02)
    case.approve("r2")
    refused = case.runs(ahead_s=seconds, clock_is_wrong=True)
    case.run_id = RUN
    lived = first.process.is_alive()
    at.box.control.clear_faults()
    at.account.fault()

    assert lived, "the first push was over too soon to prove anything"
    assert first.end().done
    if at.postgres is not None:
        assert f"{'ahead of' if seconds > 0 else 'behind'} the clock of the ledger" in refused.failed, refused
    else:
        assert ("looks expired by the clock" if seconds > 0 else "works on") in refused.failed, refused
    assert case.runs("verify").done
    assert is_right(case)


def test_of_many_runs_at_once_one_gets_tenant_and_period(at: Bench) -> None:
    """Law 9: whoever starts them, on however many workers, one run at a time works on a tenant and period."""
    case = at.new_case("crowd")
    started = [Task(case.wish("resolve", run_id=f"crowd-{number}", params=PERIOD_PARAM)) for number in range(6)]
    ended = [task.end() for task in started]

    assert [one.done for one in ended].count(True) == 1
    assert all("works on" in one.failed for one in ended if not one.done), ended
    (resolved,) = (one.result for one in ended if one.done)
    assert resolved["period"]["start"] <= "2026-09-15" < resolved["period"]["end"]


def test_a_ledger_that_restarts_in_mid_push_stops_it_and_clearing_ends_it(at: Bench) -> None:
    """Nothing leaves without its row: while the ledger is away nothing is sent."""
    if at.postgres is None:
        pytest.skip("SQLite has no server that could restart")
    case = at.new_case("restart")
    slow_writes(at, 1.0)
    pushing = Task(case.wish())
    while not case.written():
        assert pushing.process.is_alive(), pushing.end()
        time.sleep(0.02)
    at.postgres.kill()
    at.account.fault()
    ended = pushing.end()
    at.postgres.revive()
    at.box.control.clear_faults()

    assert "the ledger (" in ended.failed, ended
    assert case.written_without_row() == []
    case.finish()
    assert is_right(case)
