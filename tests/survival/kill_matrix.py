"""What dies where: each step of push and read-back, each victim, by seed; judged by the PSA's own audit log.

``BILLING_SEED`` is the first seed, ``BILLING_SOAK_SEEDS`` their number: tests take one, ``make soak`` as many as asked.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from billing_providers.push.landing import LANDS_S
from tests.support.accounts import Account
from tests.support.kill_bench import Bench, Case
from tests.support.kill_points import PUSH_POINTS, VERIFY_POINTS, Fault

FIRST_SEED = int(os.environ.get("BILLING_SEED", "20261129"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("BILLING_SOAK_SEEDS", "1")))
POINTS = PUSH_POINTS + VERIFY_POINTS
ACCOUNT = Account("survival")
#: Who is hit; the disk of a ledger is full for the task that writes an SQLite file, for the server otherwise.
TASK, FRONT, LEDGER, DISK, CLOCK = "task", "front of the PSA", "ledger", "disk of the ledger", "clock"
HOURS_S = 3 * 3600.0  # by which the clock jumps, forward or back
_MORE_THAN_ONE = {"leaving": 4, "request left": 4, "answered": 4, "before renewal": 3, "after renewal": 3}


def cells() -> Iterator[tuple[str, int]]:
    """Yield every point with every seed."""
    for seed in SEEDS:
        for point in POINTS:
            yield point, seed


def victims(ledger: str) -> tuple[str, ...]:
    """Return who can be hit; an SQLite ledger has no process of its own."""
    return (TASK, FRONT, DISK, CLOCK, LEDGER) if ledger == "postgres" else (TASK, FRONT, DISK, CLOCK)


def victim_of(psa: str, ledger: str, point: str, seed: int) -> str:
    """Deal the victims so that each comes to each point of a PSA within as many seeds as there are victims."""
    dealt = list(victims(ledger))
    random.Random(f"{psa}|{ledger}|{point}").shuffle(dealt)
    return dealt[seed % len(dealt)]


def survive(bench: Bench, ledger: str, point: str, seed: int, victim: str) -> None:
    """Push, hit the victim at the point, repair, clear and run again: each intended change is there exactly once."""
    case = bench.new_case(f"{point}|{seed}")
    task = "push" if point in PUSH_POINTS else "verify"
    if task == "verify":
        pushed = case.runs()
        assert pushed.done, pushed.failed
    fault = _fault(bench, case, point, victim)
    _hit(bench, case, task, fault, victim)
    if case.chance.random() < 0.3:  # the rerun is hit as well
        case.free_requests()
        case.wait(LANDS_S)
        again = _fault(bench, case, case.chance.choice(("leaving", "request left", "before renewal")), TASK)
        bench.account.fault(case.runs(fault=again, renew_always=True).killed)
    case.finish()

    verdict = case.judge()
    assert verdict.clean, f"{case.wanted()} became {case.written()}"
    assert case.states() == {"verified": len(case.diff.changes)}
    assert case.written_without_row() == []


def _fault(bench: Bench, case: Case, point: str, victim: str) -> Fault:
    nth = case.chance.randint(1, _MORE_THAN_ONE.get(point, 1))
    server = bench.postgres.pid if bench.postgres is not None else 0
    return {
        TASK: Fault(point, "die", nth),
        FRONT: Fault(point, "kill", nth, pid=bench.relay.pid),
        LEDGER: Fault(point, "kill", nth, pid=server),
        DISK: Fault(point, "fill", nth, pid=server),
        CLOCK: Fault(point, "jump", nth, seconds=case.chance.choice((-HOURS_S, HOURS_S))),
    }[victim]


def _hit(bench: Bench, case: Case, task: str, fault: Fault, victim: str) -> None:
    """Run the task with its fault and see that it ended as the fault demands; repair what was hit."""
    deaths = bench.relay.deaths
    ended = case.runs(task, fault, renew_always="renewal" in fault.point)
    bench.account.fault()
    if victim in (LEDGER, DISK) and bench.postgres is not None:
        bench.postgres.revive()
    if victim == TASK:
        assert ended.killed
    elif victim == FRONT:
        assert not ended.killed
        bench.relay.ready()
        assert bench.relay.deaths == deaths + 1
    elif victim == CLOCK:  # after its last look at the clock a task ends as if nothing had been
        assert ended.done or "the clock of this machine went" in ended.failed, ended
    else:
        assert "the ledger (" in ended.failed and " cannot " in ended.failed, ended
    assert case.written_without_row() == []
