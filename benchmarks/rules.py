"""What billing rules cost beside a plain pandas group-by: python benchmarks/rules.py [sizes, e.g. L,XL].

The reference filters three prefixes and sums scaled integers by identity, without rules, exactness checks, outcomes
or findings. Both work on the same frame, in turn, in one process per size; seconds are the best of three.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", ARROW_NUM_THREADS="1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

import pandas as pd

from billing_providers.engine.rules import apply_rules, load_rules
from billing_providers.model.findings import FindingVoice
from billing_providers.model.frames import frame_of_columns
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.usage import UsageKind, UsageRecord

SIZES = {"S": (45, 1_000), "M": (500, 15_000), "L": (5_000, 150_000), "XL": (50_000, 1_500_000)}
REPEATS = 3
PERIOD = BillingPeriod(date(2026, 1, 1), date(2026, 2, 1))
IDENTITY = ["source", "customer_code", "sku", "term", "billing_cycle", "item_id"]

RULES = """
rules:
  - {name: Internal customer, customers: C00000, exclude: our own}
  - {name: Trials, match: {sku: {prefix: SKU-1}}, exclude: free}
  - {name: Unpriced, match: {unit_price: {max: 0}}, exclude: no price}
  - {name: Rename, match: {sku: {regex: "SKU-0?2"}}, rename_sku: SKU-002}
  - {name: Storage, match: {sku: SKU-3}, unit: {from: MB, to: GB, gb: decimal}}
  - {name: Double, match: {sku: {in: [SKU-4, SKU-5]}, quantity: {min: 10}}, multiply: 2}
  - {name: At least, match: {sku: SKU-6}, floor: 5}
  - {name: Included, match: {sku: SKU-3}, included: 0.5}
"""


def usage(customers: int, rows: int) -> pd.DataFrame:
    """About three rows per identity; texts are made one by one, as a source's answer gives them."""
    places = [(place // 3) % (rows // 3) for place in range(rows)]
    skus = [place % 20 for place in places]
    columns = {name: [""] * rows for name in ("actor", "plan", "summary", "currency", "item_id")}
    columns |= {name: [None] * rows for name in ("assigned", "enabled", "total", "unit_cost")}
    return frame_of_columns(
        UsageRecord,
        {
            **columns,
            "source": ["atria"] * rows,
            "position": [f"row {row}" for row in range(rows)],
            "record_id": [f"R{row}" for row in range(rows)],
            "customer_code": [f"C{place // 20 % customers:05d}" for place in places],
            "customer_name": [f"Customer {place // 20 % customers}" for place in places],
            "billing_identifier": [f"A{place // 20 % customers:05d}" for place in places],
            "sku": [f"SKU-{sku}" for sku in skus],
            "description": [f"Service {sku}: line" for sku in skus],
            "term": ["yearly" if sku == 7 else "monthly" for sku in skus],
            "billing_cycle": ["monthly"] * rows,
            "kind": [UsageKind.RECURRING] * rows,
            "quantity": [Decimal(place % 40) for place in range(rows)],
            "unit": ["MB" if sku == 3 else "seats" for sku in skus],
            "unit_price": [Decimal(sku) + Decimal("0.50") for sku in skus],
            "billable": [place % 50 != 0 for place in range(rows)],
            "period_start": [PERIOD.start] * rows,
            "period_end": [PERIOD.end] * rows,
            "attributes": ["{}"] * rows,
            **{name: [None] * rows for name in ("total_cost", "total_price", "covers_from", "covers_until")},
        },
    )


def reference(frame: pd.DataFrame) -> pd.DataFrame:
    """The same joins of rows, written plainly."""
    counted = frame[
        frame["billable"].astype(bool)
        & (frame["customer_code"] != "C00000")
        & ~frame["sku"].astype(str).str.startswith("SKU-1")
    ]
    scaled = counted.assign(quantity=[int(quantity * 1000) for quantity in counted["quantity"]])
    grouped = scaled.groupby(IDENTITY, sort=True)
    return grouped.agg(quantity=("quantity", "sum"), description=("description", "first"), rows=("position", "size"))


def best(function) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def resident_mib(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name))


def measure(size: str) -> None:
    customers, rows = SIZES[size]
    frame = usage(customers, rows)
    rules = load_rules(RULES, "benchmark")
    before_mib = resident_mib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of making the frame
    ours = best(lambda: apply_rules(frame, rules, PERIOD, FindingVoice()))
    peak_mib = resident_mib("VmHWM")
    plain = best(lambda: reference(frame))
    print(
        f"{size:>2} {rows:>9,} rows  ours {ours:6.3f} s  reference {plain:6.3f} s  "
        f"ratio {ours / plain:4.2f}  {peak_mib - before_mib:6.0f} MiB on top of {before_mib:.0f} MiB"
    )


def main(sizes: str = "S,M,L,XL") -> None:
    for size in sizes.split(","):
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
    else:
        main(*sys.argv[1:2])
