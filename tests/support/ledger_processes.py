"""What other processes do to a ledger in tests: started anew, so nothing is shared but the database."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from billing_providers.hooks.http.gate import SharedLimits
from billing_providers.ledger.ledger import Ledger
from billing_providers.steps.shared_gate import SharedGate
from tests.support.ledger_values import TENANT, journal_entry, snapshot, usage_record


def at_once(work: Callable[..., Any], *arguments: tuple[Any, ...]) -> list[Any]:
    """Run ``work(barrier, *arguments)`` in one new process per tuple, all released together; return the results."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as shared:
        barrier = shared.Barrier(len(arguments))
        with context.Pool(len(arguments)) as pool:
            return pool.starmap(work, [(barrier, *given) for given in arguments], chunksize=1)


def migrates(barrier: Any, url: str) -> list[str]:
    """Migrate a ledger."""
    with Ledger.at(url) as ledger:
        barrier.wait(60)
        return ledger.migrate()


def appends(barrier: Any, url: str, name: str, batches: int) -> None:
    """Append batches of three entries."""
    with Ledger.at(url) as ledger:
        barrier.wait(60)
        for batch in range(batches):
            ledger.journal.append([journal_entry(f"{name}-{batch}-{step}") for step in range(3)])


def saves_snapshot(barrier: Any, url: str, rows: int) -> None:
    """Save the same snapshot as everybody else."""
    records = [usage_record(position=f"row {row}") for row in range(rows)]
    with Ledger.at(url) as ledger:
        barrier.wait(60)
        ledger.snapshots.save(snapshot(record_count=rows), records)


def sends_requests(barrier: Any, url: str, owner: str, requests: int) -> list[tuple[float, float]]:
    """Send requests of 20 ms from three threads through a shared gate; return when each began and ended."""
    spans = []

    def send(_: int) -> None:
        with gate.slot("Companies"):
            began = time.monotonic()
            threading.Event().wait(0.02)
            spans.append((began, time.monotonic()))

    with Ledger.at(url) as ledger:
        limits = SharedLimits(in_flight_max=3, wait_s_max=0)
        gate = SharedGate(ledger.request_shares, TENANT, owner, limits)
        gate.limit(1000)
        barrier.wait(60)
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(send, range(requests)))
        gate.close()
    return spans


def appends_until_killed(said: Any, url: str) -> None:
    """Append one entry after another, and say the number of each when its append has returned."""
    ledger, number = Ledger.at(url), 0
    while True:
        ledger.journal.append([journal_entry(f"{number}-{step}") for step in range(3)])
        said.send(number)
        number += 1


def killed_while_appending(url: str, after: int) -> int:
    """Kill (SIGKILL) a process in the middle of its appends; return how many it said were done."""
    context = multiprocessing.get_context("spawn")
    hears, said = context.Pipe(duplex=False)
    process = context.Process(target=appends_until_killed, args=(said, url))
    process.start()
    said.close()
    done = 0
    while done < after:
        done = hears.recv() + 1
    process.kill()
    process.join()
    while True:
        try:
            done = hears.recv() + 1
        except EOFError:
            return done
