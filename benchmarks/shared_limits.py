"""Ten tasks push a close of size M to one Autotask tenant at once: three requests per endpoint, 100 ms for each.

The tenant has 500 contracts with 30 lines each; a tenth of the lines changes, three of every contract, and each task
has the diff of 50 contracts. The tenant sets the limit: 30 writes a second, for the endpoint that all writes go to.
Printed for the real push of ten processes with a shared ledger (PostgreSQL), and in the same run for a plain reference:
one process, three threads, one kept-alive session and nothing else. ``in all`` counts from the first begin to the last
end, with the reading before the first writes and the last task alone; ``at work`` is the share of the limit while all
tasks push, from the first write to the moment at which the first task is through.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.push import control
from billing_providers.ledger.ledger import Ledger
from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import large_tenant, world_with
from tests.support.ledger_processes import at_once
from tests.support.postgres import fresh_schema
from tests.support.shared_push import EFFECTIVE, pushes, shares_of

LATENCY_S, IN_FLIGHT = 0.1, 3
CONTRACTS, LINES_EACH, CHANGED_EACH = 500, 30, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10)
    tasks = parser.parse_args().tasks
    print(f"{'way':40}{'writes':>8}{'seconds':>9}{'limit':>8}{'at work':>9}{'in all':>8}{'at once':>9}{'refused':>9}")
    for name, way in (
        (f"{tasks} tasks, journal and shared gate", push),
        ("reference: three threads, one session", plain),
    ):
        with tenant_of_size_m() as (base, connection):
            measure(name, way, base, connection, tasks)


@contextmanager
def tenant_of_size_m() -> Iterator[tuple[str, dict[str, Any]]]:
    """Serve a tenant in another process; yield the sandbox's address and the connection."""
    context = multiprocessing.get_context("spawn")
    hears, says = context.Pipe()
    server = context.Process(target=_serves, args=(says,))
    server.start()
    try:
        yield hears.recv()
    finally:
        server.terminate()
        server.join(10)


def _serves(says: Any) -> None:
    with SandboxServer(world=world_with(large_tenant(CONTRACTS, LINES_EACH))) as box:
        says.send((box.control_url.removesuffix("/_sandbox"), box.connections()["autotask_default"]))
        threading.Event().wait()


def measure(name: str, way: Any, base: str, connection: dict[str, Any], tasks: int) -> None:
    """Run one way on a fresh tenant and print its row of the table."""
    dealt = shares_of(_changed(control(base, "GET", "lines?system=autotask")), tasks)
    control(base, "POST", "settings", {"at_latency_ms": int(LATENCY_S * 1000)})
    seconds, first_through = way(connection, dealt)
    told = control(base, "GET", "requests")
    writes = sum(map(len, dealt))
    limit = writes * LATENCY_S / IN_FLIGHT
    most = max(told["max_in_flight_per_endpoint"].values())
    refused = sum(row["status"] != 200 for row in told["requests"])
    at_work = _share_until(first_through, told["requests"])
    figures = f"{writes:8}{seconds:9.2f}{limit:8.2f}{at_work:9.1%}{limit / seconds:8.1%}{most:9}{refused:9}"
    print(f"{name:40}{figures}", flush=True)


def _changed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first few lines of each contract."""
    return [line for line in lines if int(line["line_id"]) % 1000 < CHANGED_EACH]


def _share_until(end: datetime, requests: list[dict[str, Any]]) -> float:
    """Return the share of the limit at which writes arrived until an instant."""
    at = sorted(datetime.fromisoformat(row["at"]) for row in requests if row["writes"])
    arrived = [moment for moment in at if moment <= end]
    return len(arrived) * LATENCY_S / IN_FLIGHT / (end - at[0]).total_seconds()


def push(connection: dict[str, Any], dealt: list[list[dict[str, Any]]]) -> tuple[float, datetime]:
    """Push in as many processes as there are shares; return the seconds in all, and when the first task was through."""
    with fresh_schema() as url, Ledger.at(url) as ledger:
        ledger.migrate()
        done = at_once(pushes, *[(url, connection, number, lines) for number, lines in enumerate(dealt)])
    first_through = min(task.ended for task in done)
    ago = timedelta(seconds=time.monotonic() - first_through)
    return max(task.ended for task in done) - min(task.began for task in done), datetime.now(UTC) - ago


def plain(connection: dict[str, Any], dealt: list[list[dict[str, Any]]]) -> tuple[float, datetime]:
    """Send the same writes from three threads, and nothing else; return the seconds, and when it ended."""
    import requests

    keys = {
        "UserName": connection["login"],
        "Secret": connection["password"],
        "ApiIntegrationCode": connection["extra"]["integration_code"],
    }
    asked = Request(f"{connection['host']}/ATServicesRest/V1.0/zoneInformation?user={connection['login']}")
    with urlopen(asked, timeout=10) as answer:
        zone = json.load(answer)["url"].rstrip("/")

    def write(line: dict[str, Any]) -> None:
        url = f"{zone}/V1.0/Contracts/{line['contract_id']}/ServiceAdjustments"
        body = {"contractServiceID": int(line["line_id"]), "unitChange": 1, "effectiveDate": str(EFFECTIVE)}
        session.post(url, json=body, headers=keys, timeout=30).raise_for_status()

    with requests.Session() as session, ThreadPoolExecutor(IN_FLIGHT) as threads:
        began = time.monotonic()
        list(threads.map(write, [line for lines in dealt for line in lines]))
        return time.monotonic() - began, datetime.now(UTC)


if __name__ == "__main__":
    main()
