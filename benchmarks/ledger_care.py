"""What verify, export, restore and retention take on the ledger of one closed period, beside the bare driver.

The references: reading the journal, writing every row as JSON to a plain file, inserting the same rows from memory into
the same tables, each in the same process right before. Ours also hash every row, look at one state of the database,
compress, check digests, chains and emptiness.

    python -m benchmarks.ledger_care --size L [--postgres URL]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy

from benchmarks.ledger import NOW
from benchmarks.ledger_size import SIZES, TENANT, fill, places
from billing_providers.ledger.ledger import Ledger

OWN = {"billing_ledger_identity", "billing_migrations", "billing_write_probe"}


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def reflected(ledger: Ledger) -> list[sqlalchemy.Table]:
    found = sqlalchemy.MetaData()
    found.reflect(ledger._store.engine)
    return [table for table in found.sorted_tables if table.name not in OWN]


def read_all(ledger: Ledger, table: sqlalchemy.Table) -> list[Any]:
    connection = ledger._store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {table.name}")
        return list(cursor.fetchall())
    finally:
        connection.close()


def write_plain(ledger: Ledger, path: Path) -> dict[str, list[Any]]:
    held = {}
    with path.open("w") as file:
        for table in reflected(ledger):
            held[table.name] = read_all(ledger, table)
            file.writelines(json.dumps(list(row)) + "\n" for row in held[table.name])
    return held


def insert_plain(ledger: Ledger, held: dict[str, list[Any]]) -> None:
    mark = "?" if ledger._store.dialect == "sqlite" else "%s"
    connection = ledger._store.engine.raw_connection()
    cursor = connection.cursor()
    if mark == "?":
        cursor.execute("BEGIN")
    for table in reflected(ledger):
        rows = [tuple(row) for row in held[table.name]]
        if rows:
            cursor.executemany(f"INSERT INTO {table.name} VALUES ({', '.join([mark] * len(rows[0]))})", rows)
    connection.commit()
    connection.close()


def measure(kind: str, url: str, size: str, folder: Path, spare: dict[str, str], again: dict[str, str]) -> None:
    with Ledger.at(url) as ledger, Ledger.at(spare[kind]) as plain, Ledger.at(again[kind]) as restored:
        fill(ledger, *SIZES[size])
        plain.migrate()
        journal = next(table for table in reflected(ledger) if table.name == "billing_journal")
        held: dict[str, list[Any]] = {}
        archive = folder / f"{kind}.zip"
        pairs = [
            ("verify", lambda: read_all(ledger, journal), lambda: ledger.journal.verify(TENANT)),
            (
                "export",
                lambda: held.update(write_plain(ledger, folder / "plain.jsonl")),
                lambda: ledger.archives.export(archive),
            ),
            ("restore", lambda: insert_plain(plain, held), lambda: restored.archives.restore(archive)),
        ]
        print(f"\n{size} on {kind}, {sum(table.rows for table in ledger.sizes.tables()):,} rows")
        for what, reference, ours in pairs:
            told = seconds(reference)
            took = seconds(ours)
            print(f"  {what:<8} reference {told:7.2f} s   ours {took:7.2f} s   ratio {took / told:6.2f}")
        plain_size, size_of = (folder / "plain.jsonl").stat().st_size, archive.stat().st_size
        print(f"  archive  {size_of / 2**20:.1f} MiB, plain {plain_size / 2**20:.1f} MiB")
        due = seconds(lambda: restored.retention.due(NOW + timedelta(days=900), 1))
        print(f"  finding what may be thinned {due:.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="L", choices=SIZES)
    parser.add_argument("--postgres", default="", help="URL of a database in which schemas may be made")
    options = parser.parse_args()
    with (
        places(options.postgres) as urls,
        places(options.postgres) as spare,
        places(options.postgres) as again,
        tempfile.TemporaryDirectory() as folder,
    ):
        for kind, url in urls.items():
            measure(kind, url, options.size, Path(folder), spare, again)


if __name__ == "__main__":
    main()
