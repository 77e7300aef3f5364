"""Planning from rows in memory: rules, exact sums, mapping, diff, findings, guards, digest; beside plain pandas.

Sizes: S 45 customers / 1,000 lines, M 500 / 15,000, L 5,000 / 150,000, XL 50,000 / 1,500,000. Each way of each size
runs in a process of its own on one core; seconds are the median of its runs, memory is the peak of that process,
the rows included. One line in ten changes.

    python -m benchmarks.planning --sizes S,M,L,XL
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from sys import intern
from typing import Any

SIZES = {"S": (45, 1_000), "M": (500, 15_000), "L": (5_000, 150_000), "XL": (50_000, 1_500_000)}
RUNS = {"S": 7, "M": 7, "L": 5, "XL": 1}
LIMITS = {"L": (2.5, 600), "XL": (25.0, 3 * 1024)}  # seconds, MiB
ROOT = Path(__file__).resolve().parents[1]
RULES = """
rules:
  - name: trials
    match: {sku: {prefix: "TRIAL-"}}
    exclude: trials are free
  - name: our own company
    customers: ZZINT
    exclude: our own company
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="S,M,L,XL")
    parser.add_argument("--one", nargs=2, metavar=("SIZE", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(*measure(*options.one))
        return
    print(f"{'size':4} {'lines':>10} {'reference s':>12} {'ours s':>8} {'ratio':>6} {'peak MiB':>9}  limits")
    for size in options.sizes.split(","):
        reference, _ = in_a_process(size, "reference")
        ours, peak = in_a_process(size, "ours")
        seconds_max, peak_max = LIMITS.get(size, (None, None))
        kept = "" if seconds_max is None else f"{seconds_max} s {'kept' if ours <= seconds_max else 'BROKEN'}, "
        kept += "" if peak_max is None else f"{peak_max} MiB {'kept' if peak <= peak_max else 'BROKEN'}"
        print(
            f"{size:4} {SIZES[size][1]:10,} {reference:12.2f} {ours:8.2f} {ours / reference:6.2f} {peak:9.0f}  {kept}"
        )


def in_a_process(size: str, way: str) -> tuple[float, float]:
    """Measure one way of one size in a fresh process on one core; return seconds and peak MiB."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "ARROW_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "benchmarks.planning", "--one", size, way]
    environment = {**os.environ, **one_thread, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


def measure(size: str, way: str) -> tuple[float, float]:
    """Build the rows, run the way, and return the median of its seconds and the peak of memory in MiB."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    work = {"reference": reference_way, "ours": our_way}[way](*SIZES[size])
    seconds = []
    for _ in range(RUNS[size]):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rows_of_msp(customers: int, lines: int) -> dict[str, list[Any]]:
    """Return who uses what: one row per line, and one trial row per customer."""
    each = lines // customers
    codes = [intern(f"C{number:06}") for number in range(customers) for _ in range(each)]
    skus = [intern(f"SKU-{(number * 7 + place) % 400:03}") for number in range(customers) for place in range(each)]
    after = [(number * 13) % 90 + 1 for number in range(len(codes))]
    before = [value + (1 if number % 10 == 0 else 0) for number, value in enumerate(after)]
    return {"customer": codes, "sku": skus, "after": after, "before": before}


def reference_way(customers: int, lines: int) -> Callable[[], Any]:
    import pandas as pd

    from benchmarks.reference_planning import plan_plainly

    msp = rows_of_msp(customers, lines)
    people = [f"C{number:06}" for number in range(customers)]
    accounts = pd.DataFrame({"account_id": [f"A{code}" for code in people], "code": people, "active": True})
    contracts = pd.DataFrame(
        {"contract_id": [f"K{code}" for code in people], "account_id": accounts["account_id"], "active": True}
    )
    names = [f"SKU-{number:03}" for number in range(400)]
    services = pd.DataFrame({"service_id": [f"S{name}" for name in names], "name": names, "active": True})
    usage, live = usage_rows(msp, customers, period()), live_rows(msp)
    return lambda: plan_plainly(usage, accounts, contracts, services, live)


def period() -> Any:
    from billing_providers.model.periods import BillingPeriod

    return BillingPeriod(date(2026, 9, 26), date(2026, 10, 26), "Europe/London")


def our_way(customers: int, lines: int) -> Callable[[], Any]:
    from billing_providers.engine.planner import lines_wanted, plan
    from billing_providers.engine.rules import apply_rules, load_rules
    from billing_providers.model.findings import FindingVoice

    msp, voice, rules = rows_of_msp(customers, lines), FindingVoice(), load_rules(RULES, "benchmark")
    usage, live, directory = usage_rows(msp, customers, period()), live_rows(msp), directory_of(customers)
    people = {f"C{number:06}": f"Customer {number}" for number in range(customers)}

    def work() -> Any:
        ruled = apply_rules(usage, rules, period(), voice)
        inputs = inputs_of(ruled, rules, period(), directory, people, voice, len(usage))
        lines_wanted(inputs)
        diff = plan(inputs.with_lines(live))
        if not 0.09 * lines < len(diff.changes) < 0.11 * lines:
            raise RuntimeError(f"{len(diff.changes)} changes are not one line in ten")
        return diff

    return work


def usage_rows(msp: dict[str, list[Any]], customers: int, period: Any) -> Any:
    """Return the usage as the frame that the extract hands on."""
    from billing_providers.model.frames import frame_of_columns
    from billing_providers.model.usage import UsageKind, UsageRecord

    people = [f"C{number:06}" for number in range(customers)]
    codes, skus = [*msp["customer"], *people], [*msp["sku"], *("TRIAL-1" for _ in people)]
    count = len(codes)
    names = {code: f"Customer {int(code[1:])}" for code in people}
    numbers = [Decimal(value) for value in [*msp["after"], *(1 for _ in people)]]
    same = dict.fromkeys(
        ("description", "summary", "term", "item_id", "unit", "currency", "actor", "plan", "attributes"), [""] * count
    )
    absent = (
        "assigned", "enabled", "total", "unit_cost", "unit_price", "total_cost", "total_price", "covers_from",
        "covers_until",
    )  # fmt: skip
    none = dict.fromkeys(absent, [None] * count)
    return frame_of_columns(
        UsageRecord,
        {
            **same,
            **none,
            "source": ["atria"] * count,
            "position": [f"items[{number}]" for number in range(count)],
            "record_id": [f"r{number}" for number in range(count)],
            "customer_code": codes,
            "customer_name": [names[code] for code in codes],
            "billing_identifier": codes,
            "sku": skus,
            "billing_cycle": ["monthly"] * count,
            "kind": [UsageKind.RECURRING] * count,
            "quantity": numbers,
            "billable": [True] * count,
            "period_start": [period.start] * count,
            "period_end": [period.end] * count,
        },
    )


def live_rows(msp: dict[str, list[Any]]) -> Any:
    """Return the contract lines as the frame that the planner takes."""
    from billing_providers.model.frames import frame_of_columns
    from billing_providers.model.psa import ContractLine

    count = len(msp["customer"])
    return frame_of_columns(
        ContractLine,
        {
            "line_id": [f"L{number}" for number in range(count)],
            "contract_id": [intern(f"K{code}") for code in msp["customer"]],
            "account_id": [intern(f"A{code}") for code in msp["customer"]],
            "service_id": [intern(f"S{sku}") for sku in msp["sku"]],
            "service_name": msp["sku"],
            "description": [""] * count,
            "quantity": [Decimal(value) for value in msp["before"]],
            "unit_cost": [Decimal(7)] * count,
            "unit_price": [Decimal(10)] * count,
            "effective_date": [date(2026, 1, 1)] * count,
            "open": [True] * count,
            "version": [""] * count,
            **{name: [None] * count for name in ("last_day", "included")},
            **{name: [""] * count for name in ("invoice_text", "owned_by")},
            "billable": [True] * count,
            "schedule": [()] * count,
        },
    )


def directory_of(customers: int) -> Any:
    """Return an account and a contract per customer, and the catalogue."""
    from billing_providers.model.psa import Account, Contract, PsaDirectory, Service

    people = [f"C{number:06}" for number in range(customers)]
    accounts = tuple(Account(f"A{code}", code, f"Customer {int(code[1:])}", active=True) for code in people)
    contracts = tuple(
        Contract(f"K{code}", f"A{code}", f"Customer {int(code[1:])}", f"{code} services", "Recurring Services", True,
                 "Monthly", date(2020, 1, 1), None)
        for code in people
    )  # fmt: skip
    names = [f"SKU-{number:03}" for number in range(400)]
    return PsaDirectory(accounts, contracts, tuple(Service(f"S{name}", name, "", active=True) for name in names))


def inputs_of(
    ruled: Any, rules: Any, period: Any, directory: Any, people: dict[str, str], voice: Any, rows: int
) -> Any:
    """Return the planner's inputs around the charge lines."""
    from billing_providers.engine.mapping import CustomerMap, ServiceMap
    from billing_providers.engine.plan_inputs import PlanInputs
    from billing_providers.model.charges import ChargeSet
    from billing_providers.model.psa import PsaCapabilities, QuantityWrite
    from billing_providers.model.runs import RunScope
    from billing_providers.model.settings import IntegrationSettings
    from billing_providers.model.usage import UsageSnapshot

    tenant = "kaseya_bms:benchmark@127.0.0.1"
    now = datetime(2026, 10, 26, tzinfo=UTC)
    return PlanInputs(
        scope=RunScope("benchmark/1", "benchmark", tenant, period, (), False, False, period.end),
        settings=IntegrationSettings("benchmark", "atria", "kaseya_bms"),
        snapshot=UsageSnapshot("s", "benchmark", "atria", period.start, period.end, now, True, "", rows, 0, (), None,
                               "d" * 64, "memory"),
        charge_set=ChargeSet("c", "s", rules.digest, "benchmark", rows, rows, 0, len(ruled.charges), ruled.effects),
        charges=ruled.charges,
        reported_customers=people,
        directory=directory,
        lines=[],
        managed=[],
        customer_map=CustomerMap.empty(),
        service_map=ServiceMap.empty(),
        capabilities=PsaCapabilities(QuantityWrite.SET, True, False, True, "line_api", "benchmark"),
        recent_record_counts=[],
        only_lines=None,
        voice=voice,
        psa="kaseya_bms",
        tool_version="benchmark",
    )  # fmt: skip


if __name__ == "__main__":
    main()
