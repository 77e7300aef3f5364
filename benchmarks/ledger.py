"""What the ledger costs beside plain ``executemany`` of the same rows.

Run ``python benchmarks/ledger.py [rows] [URL of an empty PostgreSQL database]``. Each figure is the median of three;
the reference writes and reads the same columns as text with the bare driver, in the same process, right before.
The ledger also turns decimals and dates into text and back.
"""

from __future__ import annotations

import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.frames import frame_of
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.usage import UsageKind, UsageRecord, UsageSnapshot

REPEATS = 3
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def usage(rows: int) -> list[UsageRecord]:
    return [
        UsageRecord(
            source="atria",
            position=f"row {row}",
            record_id=f"record-{row}",
            customer_code=f"C{row // 30:05d}",
            customer_name=f"Customer {row // 30}",
            billing_identifier=f"ACC{row // 30:05d}",
            sku=f"SKU-{row % 30}",
            description=f"Service number {row % 30}: seats",
            summary="Services",
            term="monthly",
            billing_cycle="monthly",
            item_id=f"sub-{row}",
            kind=UsageKind.RECURRING,
            quantity=Decimal(row % 97),
            assigned=Decimal(row % 89),
            enabled=None,
            total=None,
            unit="seats",
            unit_cost=Decimal(row % 50) / 4,
            unit_price=Decimal(row % 50) / 2,
            currency="EUR",
            billable=True,
            period_start=OCTOBER,
            period_end=NOVEMBER,
            actor="",
            plan="",
            attributes="{}",
        )
        for row in range(rows)
    ]


def head(snapshot_id: str, rows: int) -> UsageSnapshot:
    return UsageSnapshot(
        snapshot_id, "bench", "atria", OCTOBER, NOVEMBER, NOW, True, "", rows, 0, (), None, snapshot_id * 2, "bench"
    )


def seconds(work: Callable[[int], Any]) -> float:
    taken = []
    for repeat in range(REPEATS):
        start = time.perf_counter()
        work(repeat)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def cpu_ms(work: Callable[[], Any], units: int) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000 / units


def reference_connection(url: str, folder: str) -> tuple[Any, str]:
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(Path(folder) / "reference.sqlite")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection, "?"
    import psycopg

    return psycopg.connect(url), "%s"


def measure(name: str, url: str, rows: int, folder: str) -> None:
    records = usage(rows)
    frame = frame_of(UsageRecord, records)
    names = list(UsageRecord.__dataclass_fields__)
    texts = [
        tuple(None if cell is None else str(cell) for cell in row)
        for row in zip(*(frame[n] for n in names), strict=True)
    ]
    connection, mark = reference_connection(url, folder)
    columns = ", ".join(f"{column} TEXT" for column in names)
    connection.execute(f"CREATE TEMP TABLE reference (run INTEGER, {columns}, PRIMARY KEY (run, position))")

    def reference_write(repeat: int) -> None:
        marks = ", ".join([mark] * (len(names) + 1))
        connection.cursor().executemany(f"INSERT INTO reference VALUES ({marks})", [(repeat, *row) for row in texts])
        connection.commit()

    def reference_read(repeat: int) -> list[Any]:
        return connection.execute(f"SELECT * FROM reference WHERE run = {mark} ORDER BY position", (repeat,)).fetchall()

    with Ledger.at(url) as ledger:
        ledger.migrate()
        run = f"{time.time_ns():x}"
        pairs = [
            (
                f"save {rows:,} usage rows",
                seconds(reference_write),
                seconds(lambda repeat: ledger.snapshots.save(head(f"{run}{repeat:03d}", rows), frame)),
            ),
            (
                f"load {rows:,} usage rows",
                seconds(reference_read),
                seconds(lambda repeat: ledger.snapshots.load(f"{run}{repeat:03d}")),
            ),
        ]
        print(f"\n{name}")
        for what, reference, ours in pairs:
            print(f"  {what:<28} reference {reference:6.2f} s   ledger {ours:6.2f} s   ratio {ours / reference:5.2f}")
        journal(ledger, tenant=run)
    connection.close()


def append_all(ledger: Ledger, prepared: list[list[JournalEntry]]) -> None:
    for batch in prepared:
        ledger.journal.append(batch)


def journal(ledger: Ledger, tenant: str) -> None:
    def entries(count: int, batch: int) -> list[JournalEntry]:
        return [
            JournalEntry(
                tenant, "bench", OCTOBER, "run", "d" * 64, f"{batch}-{number}", f"{number}", "5", ("ACME",), ("SKU",),
                JournalState.SENT, NOW, Decimal(3), Decimal(4), None, "", "",
            )
            for number in range(count)
        ]  # fmt: skip

    for size, batches in ((1, 400), (25, 100), (5000, 2)):
        prepared = [entries(size, batch) for batch in range(batches)]
        start = time.perf_counter()
        cpu = cpu_ms(partial(append_all, ledger, prepared), size * batches)
        wall = (time.perf_counter() - start) * 1000 / batches
        print(f"  journal, {size:>5} rows at once    {cpu:6.3f} ms CPU per row   {wall:8.2f} ms per append")
    start = time.perf_counter()
    broken = ledger.journal.verify(tenant)
    print(f"  journal, verify 12,900 rows   {time.perf_counter() - start:6.2f} s   broken links: {len(broken)}")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 150_000
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{folder}/ledger.sqlite", rows, folder)
        if len(sys.argv) > 2:
            measure("PostgreSQL", sys.argv[2], rows, folder)
    print(f"\nmost memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
