"""Push through a server that takes 100 ms for every answer, with three requests allowed in flight.

What these two set is the limit: calls × latency ÷ in flight. Printed for the real push (hook, journal, lock, judge)
and, in the same run, for two plain references: three threads with a kept-alive session and nothing else, and a new
connection per call with a read before each write. CPU is that of this process; the server is another one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

LATENCY_S = 0.1
IN_FLIGHT = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=300)
    wanted = parser.parse_args().lines
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [
            sys.executable,
            "-m",
            "billing_providers.sandbox",
            "--port",
            "0",
            "--line-api",
            "--ready-file",
            str(ready),
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            measure(json.loads(ready.read_text()), Path(folder), wanted)
        finally:
            server.terminate()
            server.wait(10)


def measure(addresses: dict[str, str], folder: Path, wanted: int) -> None:
    """Run the three ways in turn on a fresh sandbox each and print the table."""
    base = addresses["control_url"].removesuffix("/_sandbox")
    print(f"{'way':46} {'calls':>6} {'seconds':>8} {'limit':>8} {'share':>7} {'CPU ms/call':>12}")
    for name, way in (
        ("the push: read per contract, journal, write", push),
        ("reference: kept-alive session, three threads", kept_alive),
        ("reference: new connection, read before write", new_connections),
    ):
        control(base, "POST", "reset", {"latency_ms": 0})
        usable = usable_contracts(control(base, "GET", "world")["contracts"])
        lines = [line for line in control(base, "GET", "lines") if line["active"] and line["contract_id"] in usable]
        lines = lines[:wanted]
        work = way(base, folder, lines)
        control(base, "POST", "settings", {"latency_ms": int(LATENCY_S * 1000)})
        before = control(base, "GET", "requests")["total"]
        started, cpu = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        calls = control(base, "GET", "requests")["total"] - before
        limit = calls * LATENCY_S / IN_FLIGHT
        print(f"{name:46} {calls:6} {seconds:8.2f} {limit:8.2f} {limit / seconds:7.1%} {cpu / calls * 1000:12.2f}")


def push(base: str, folder: Path, lines: list[dict[str, Any]]) -> Callable[[], Any]:
    """Prepare the real push; sign-in and the probe of the line API are done before the clock starts."""
    from billing_providers.hooks.kaseya_bms import KaseyaBmsHook
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.push.applier import apply_changes
    from billing_providers.push.ports import PushJob
    from billing_providers.sandbox.credentials import BMS_PASSWORD, BMS_TENANT, BMS_USER
    from tests.support.diffs import SCOPE, TENANT, change, diff_of

    os.environ["AIRFLOW_CONN_KASEYA_BMS_DEFAULT"] = json.dumps(
        {"conn_type": "kaseya_bms", "host": f"{base}/kaseya_bms", "login": BMS_USER, "password": BMS_PASSWORD,
         "extra": {"tenant": BMS_TENANT, "line_api": {}}}
    )  # fmt: skip
    ledger = Ledger.at(f"sqlite:///{folder}/ledger.sqlite")
    ledger.migrate()
    now = datetime.now(UTC)
    lock = ledger.locks.acquire(TENANT, date(2026, 9, 26), SCOPE.run_key, 600, now)
    hook = KaseyaBmsHook()
    hook.capabilities()
    diff = diff_of(
        *(
            change(
                f"change-{line['line_id']}",
                contract_id=line["contract_id"],
                line_id=line["line_id"],
                service_id=line["service_id"],
                quantity_before=Decimal(line["units"]),
                quantity_after=Decimal(line["units"]) + 1,
            )
            for line in lines
        )
    )
    job = PushJob(
        diff, diff.changes, SCOPE, hook, ledger.journal, lock, clock=lambda: datetime.now(UTC), renew=lambda: None
    )
    return lambda: apply_changes(job)


def kept_alive(base: str, folder: Path, lines: list[dict[str, Any]]) -> Callable[[], Any]:
    """Three threads, one session, one write per line, nothing else."""
    import requests

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token(base)}"

    def write(line: dict[str, Any]) -> None:
        session.put(url_of(base, line), json=body_of(line), timeout=10).raise_for_status()

    def work() -> None:
        with ThreadPoolExecutor(IN_FLIGHT) as threads:
            list(threads.map(write, lines))

    return work


def new_connections(base: str, folder: Path, lines: list[dict[str, Any]]) -> Callable[[], Any]:
    """One after the other, a new connection for each call, a read of the contract before each write."""
    import requests

    headers = {"Authorization": f"Bearer {token(base)}"}

    def work() -> None:
        for line in lines:
            url = url_of(base, line)
            requests.get(url.rpartition("/")[0], headers=headers, timeout=10).raise_for_status()
            requests.put(url, json=body_of(line), headers=headers, timeout=10).raise_for_status()

    return work


def usable_contracts(contracts: list[dict[str, Any]]) -> set[str]:
    """The contracts whose lines the sandbox lets be changed, whatever the year."""
    return {
        str(contract["contract_id"])
        for contract in contracts
        if contract["active"]
        and contract["contract_type"] == "Recurring Services"
        and contract["start"] < "2026" < "2027" < contract["end"]
    }


def token(base: str) -> str:
    """Sign in plainly."""
    import requests

    from billing_providers.sandbox.credentials import BMS_PASSWORD, BMS_TENANT, BMS_USER

    form = {"GrantType": "password", "UserName": BMS_USER, "Password": BMS_PASSWORD, "Tenant": BMS_TENANT}
    answer = requests.post(f"{base}/kaseya_bms/v2/security/authenticate", data=form, timeout=10).json()
    return str(answer["result"]["accessToken"])


def url_of(base: str, line: dict[str, Any]) -> str:
    return f"{base}/kaseya_bms/v2/finance/contracts/{line['contract_id']}/services/{line['line_id']}"


def body_of(line: dict[str, Any]) -> dict[str, Any]:
    return {"units": int(Decimal(line["units"])) + 1, "effectiveDate": "2026-10-26T00:00:00"}


def control(base: str, method: str, operation: str, body: dict[str, Any] | None = None) -> Any:
    """Call the sandbox's control plane."""
    request = Request(
        f"{base}/_sandbox/{operation}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
