"""How large a ledger grows by one closed period: rows and bytes of each table, on SQLite and on PostgreSQL.

One reading of the source, a charge line per row, every row matched to its line, one line in ten changed, written and
read back: four journal rows a change. Nothing was read inside the period.

    python -m benchmarks.ledger_size --sizes S,M,L [--postgres URL]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from benchmarks.ledger import NOVEMBER, NOW, OCTOBER, head, usage
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ChangeKind, ContractDiff, DiffInputs, LineChange, MatchedLine
from billing_providers.model.charges import ChargeLine, ChargeSet, RowOutcome
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.runs import Approval, CustomerResult, RunRecord, RunResult
from billing_providers.model.seen_lines import SeenLine

SIZES = {"S": (45, 1_000), "M": (500, 15_000), "L": (5_000, 150_000)}
TENANT, INTEGRATION = "kaseya_bms:acme@api.bms.kaseya.com", "atria_to_kaseya_bms"
RUN, NAME = f"{INTEGRATION}/scheduled__2026-11-01T22:00:00+00:00", "a" * 32
STEPS = (JournalState.INTENDED, JournalState.SENT, JournalState.CONFIRMED, JournalState.VERIFIED)


def changes(lines: int) -> tuple[LineChange, ...]:
    return tuple(
        LineChange(
            change_id=f"{number:032x}",
            kind=ChangeKind.SET_QUANTITY,
            customer_codes=(f"C{number // 30:05d}",),
            customer_names=(f"Customer {number // 30}",),
            account_id=f"{number // 30}",
            account_name=f"Customer {number // 30}",
            contract_id=f"{number // 30}",
            contract_name="Managed services",
            service_id=f"{number % 30}",
            service_name=f"Service number {number % 30}",
            line_id=f"{number}",
            skus=(f"SKU-{number % 30}",),
            quantity_before=Decimal(3),
            quantity_after=Decimal(4),
            unit_cost=None,
            unit_price=None,
            effective_date=NOVEMBER,
            line_version="v1",
            reason=f"1 row of SKU-{number % 30}",
            charge_nos=(number + 1,),
            fields=(),
            held_by=(),
        )
        for number in range(0, lines, 10)
    )


def fill(ledger: Ledger, customers: int, lines: int) -> None:
    """Store what one close of a size stores."""
    ledger.migrate()
    ledger.snapshots.save(replace(head(NAME, lines), integration=INTEGRATION), usage(lines))
    charges = [
        ChargeLine(
            number + 1, f"C{number // 30:05d}", f"Customer {number // 30}", f"ACC{number // 30:05d}",
            f"SKU-{number % 30}", "monthly", "monthly", f"sub-{number}",
            f"Service number {number % 30}: seats", "Services", "seats",
            Decimal(number % 97), Decimal(number % 50) / 4, Decimal(number % 50) / 2, "EUR", 1, "{}",
        )
        for number in range(lines)
    ]  # fmt: skip
    outcomes = [
        RowOutcome(f"row {number}", number + 1, Decimal(number % 97), "", "", Decimal(5)) for number in range(lines)
    ]
    ledger.charges.save(
        ChargeSet(NAME, NAME, "b" * 64, "rules.yaml", lines, lines, 0, lines, (), ()), charges, outcomes
    )
    changed = changes(lines)
    findings = tuple(
        Finding("KS06", 6, Level.WARNING, Scope.CUSTOMER, (("customer", f"C{number:05d}"),), "No line.", "Map it.")
        for number in range(customers // 10)
    )  # fmt: skip
    matched = tuple(
        MatchedLine(f"{n}", f"{n // 30}", f"{n // 30}", f"{n % 30}", f"C{n // 30:05d}", f"SKU-{n % 30}", Decimal(4))
        for n in range(lines)
    )
    diff = ContractDiff(
        "d" * 64, INTEGRATION, "kaseya_bms", TENANT, OCTOBER, NOVEMBER, "Europe/London", True, True, changed,
        lines - len(changed), matched, findings, DiffInputs("s", "r", "m", "p", "l", "1"), "line_api", NAME, NAME,
        (), (),
    )  # fmt: skip
    ledger.diffs.save(diff, RUN)
    seen = [
        SeenLine(
            f"{n}", f"{n // 30}", "Managed services", f"{n // 30}", f"Customer {n // 30}", f"{n % 30}",
            f"Service number {n % 30}", Decimal(3), Decimal(2), Decimal(4), None, None, True,
        )
        for n in range(lines)
    ]  # fmt: skip
    ledger.diffs.keep_lines(diff.digest, seen)
    ledger.diffs.approve(Approval(diff.digest, RUN, "approved", "ann", NOW, ""))
    for number, step in enumerate(STEPS):
        ledger.journal.append([entry(change, step, number) for change in changed])
    ledger.register.record(TENANT, INTEGRATION, OCTOBER, matched, run_key=RUN, at=NOW)
    ledger.findings.replace(RUN, "map_and_diff", findings)
    record = RunRecord(
        RUN, INTEGRATION, TENANT, OCTOBER, NOVEMBER, NOW, NOW, RunResult.SUCCEEDED, "", False, diff.digest, (), "",
        "scheduled",
    )  # fmt: skip
    ledger.runs.start(record)
    ledger.runs.keep_customers(
        RUN, [CustomerResult(f"C{n:05d}", f"Customer {n}", "done", 1, 0, ()) for n in range(customers)]
    )


def entry(change: LineChange, state: JournalState, step: int) -> JournalEntry:
    return JournalEntry(
        TENANT, INTEGRATION, OCTOBER, RUN, "d" * 64, change.change_id, change.line_id, change.contract_id,
        change.customer_codes, change.skus, state, NOW + timedelta(seconds=step), change.quantity_before,
        change.quantity_after, change.quantity_after if step > 1 else None, "", "",
    )  # fmt: skip


@contextmanager
def places(postgres: str) -> Iterator[dict[str, str]]:
    """Yield the URL of an empty database of each kind; what is made is removed."""
    with tempfile.TemporaryDirectory() as folder:
        found = {"SQLite": f"sqlite:///{folder}/ledger.sqlite"}
        if not postgres:
            yield found
            return
        import psycopg

        name = f"bench_{uuid4().hex}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{name}"')
            try:
                yield {
                    **found,
                    "PostgreSQL": f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3D{name}",
                }
            finally:
                connection.execute("SET client_min_messages = warning")
                connection.execute(f'DROP SCHEMA "{name}" CASCADE')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--postgres", default="", help="URL of a database in which a schema may be made")
    options = parser.parse_args()
    for size in options.sizes.split(","):
        with places(options.postgres) as urls:
            for kind, url in urls.items():
                with Ledger.at(url) as ledger:
                    fill(ledger, *SIZES[size])
                    tables = ledger.sizes.tables()
                print(f"\n{size} on {kind}: {sum(table.bytes or 0 for table in tables) / 2**20:.1f} MiB")
                for table in sorted(tables, key=lambda table: -(table.bytes or 0)):
                    if table.rows > 1:
                        print(f"  {table.name:<24} {table.rows:>9,} rows {(table.bytes or 0) / 2**20:>8.1f} MiB")


if __name__ == "__main__":
    main()
