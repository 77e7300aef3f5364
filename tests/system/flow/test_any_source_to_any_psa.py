"""Every source of the registry to every PSA of the registry, each pair from one settings file and two tables.

What is right is a plain sum of what the simulated world says, over the tables that the test wrote; what was done is the
PSA's own audit log.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World, build_world
from billing_providers.settings_file.loader import load_settings_file
from tests.support.closing import Closing
from tests.support.pipeline import Pipeline
from tests.support.psa_cases import PSA_CASES
from tests.support.psa_slots import PSA_SLOTS, PsaSlots, Slot
from tests.support.source_twins import MORNING, OCTOBER, SOURCE_TWINS, Used

SOURCES = [key for key, system in SYSTEMS.items() if system.role == "source"]
PSAS = [key for key, system in SYSTEMS.items() if system.role == "psa"]
CUSTOMERS, SKUS = 5, 4  # so many are billed; the first two customers share an account
Key = tuple[str, str]  # customer and SKU
Row = tuple[str, str, str]  # line, field, value after


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and a PSA, connected by a settings file."""

    msp: Closing
    psa: str
    used: list[Used]
    table: dict[Key, Slot]
    kind: PsaSlots
    before: dict[str, Decimal]

    def right(self) -> list[Row]:
        """Return what the PSA must have logged: each line's sum where it is another than the line held."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.used:
            if slot := self.table.get((row.customer, row.sku)):
                sums[slot.line_id] += row.quantity
        rounded = {
            line: total.quantize(Decimal(1).scaleb(-self.kind.places), ROUND_HALF_UP) for line, total in sums.items()
        }
        return sorted((line, "units", told(units)) for line, units in rounded.items() if units != self.before[line])

    def audited(self) -> list[Row]:
        """Return what the PSA really applied."""
        rows = self.msp.box.control.audit(system=self.psa)
        assert not self.kind.dated or {row["effective_date"] for row in rows} <= {OCTOBER.end.isoformat()}
        return sorted((str(row["line_id"]), row["field"], told(Decimal(row["after"]))) for row in rows)

    def reviewed(self, run: Pipeline) -> list[Row]:
        """Return what the approved diff says."""
        changes = run.ledger.diffs.load(run.diff["digest"]).changes
        assert not [change for change in changes if change.fields]
        return sorted((change.line_id, "units", told(change.quantity_after)) for change in changes)


def told(number: Decimal) -> str:
    return f"{number.normalize():f}"


@pytest.fixture(scope="module")
def world() -> World:
    """The simulated world, as it was before any run."""
    return build_world()


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """One sandbox for all pairs; each starts over."""
    with SandboxServer() as box:
        yield box


@pytest.fixture(params=[(source, psa) for source in SOURCES for psa in PSAS], ids=" to ".join)
def pair(
    request: pytest.FixtureRequest,
    world: World,
    server: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Pair:
    """One pair; a source or a PSA that is not described yet fails here, with what to add."""
    source, psa = request.param
    twin = described(source, SOURCE_TWINS, "source_twins.py: its options, its file and its rows")
    slots = described(psa, PSA_SLOTS, "psa_slots.py: the lines that usage may be put on")
    case = described(psa, PSA_CASES, "psa_cases.py: how it is connected")
    server.control.reset(**case.shapes["writes"])
    server.control.move_clock(MORNING)
    connect(server, tmp_path, monkeypatch)

    used = list(twin.rows(world))
    table = tabled(used, slots.accounts(world))
    write_tables(tmp_path, used, table)
    settings = load_settings_file(write_settings(tmp_path, source, psa, twin.settings(world, tmp_path)))
    before = {str(line["line_id"]): held(line) for line in server.control.lines(system=psa)}
    return Pair(Closing(server, settings, {}), psa, used, table, slots, before)


def described(key: str, known: dict[str, Any], what: str) -> Any:
    if key not in known:
        pytest.fail(f"{key} is in the registry: say in tests/support/{what}, as the simulated world states them")
    return known[key]


def connect(box: SandboxServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Define the connections, but for the ledger's: it is the default one, in an Airflow home of its own."""
    for conn_id, fields in box.connections().items():
        case = PSA_CASES.get(conn_id.removesuffix("_default"))
        extra = {**fields.get("extra", {}), **(case.extra if case else {})}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({**fields, "extra": extra}))
    monkeypatch.delenv("AIRFLOW_CONN_BILLING_LEDGER", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(folder))


def tabled(used: list[Used], accounts: list[list[Slot]]) -> dict[Key, Slot]:
    """Return on which line each SKU of a handful of customers is put: by twos, so that there is something to sum."""
    skus: dict[str, set[str]] = defaultdict(set)
    for row in used:
        skus[row.customer].add(row.sku)
    plain = skus.keys() - {row.customer for row in used if not row.plain}
    chosen = sorted(plain, key=lambda code: (-len(skus[code]), code))[:CUSTOMERS]
    assert len(chosen) == CUSTOMERS
    return {
        (customer, sku): accounts[max(0, number - 1)][place % 2]
        for number, customer in enumerate(chosen)
        for place, sku in enumerate(sorted(skus[customer])[:SKUS])
    }


def write_tables(folder: Path, used: list[Used], table: dict[Key, Slot]) -> None:
    """Write both mapping tables: what is not put on a line is ignored with a reason."""
    accounts = {customer: slot for (customer, _), slot in table.items()}
    ignored = sorted({row.customer for row in used} - accounts.keys())
    rows: list[Iterable[str]] = [(code, slot.account_id, slot.contract_id, "") for code, slot in accounts.items()]
    rows += [(code, "", "", "billed elsewhere") for code in ignored]
    write_csv(folder / "customers.csv", ("customer_code", "account_id", "contract", "ignore"), rows)

    keys = sorted({(row.customer, row.sku) for row in used if row.customer in accounts})
    rows = [(customer, sku, table[customer, sku].service_id, "") for customer, sku in keys if (customer, sku) in table]
    rows += [(customer, sku, "", "included") for customer, sku in keys if (customer, sku) not in table]
    write_csv(folder / "services.csv", ("customer_code", "sku", "service_id", "ignore"), rows)


def write_csv(path: Path, heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *rows])


def write_settings(folder: Path, source: str, psa: str, of_source: dict[str, Any]) -> Path:
    """Write the one file that connects the pair."""
    path = folder / f"{source}_to_{psa}.yaml"
    said = {
        "integration": path.stem,
        "source": source,
        "psa": psa,
        **of_source,
        "calendar": {"anchor_day": OCTOBER.start.day, "timezone": OCTOBER.timezone},
        "customer_map": "customers.csv",
        "service_map": "services.csv",
        "policy": {"contract_type": PSA_CASES[psa].contract_type, "places": 2, "malformed_share_max": "0.1"},
        "review": "always",
        "artifacts": "artifacts",
    }
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def held(line: dict[str, Any], day: date = OCTOBER.end) -> Decimal:
    """Return what a line holds on the day from which on the run's quantity counts, where the PSA dates it."""
    dated = [step["units"] for step in line.get("schedule", ()) if step["since"] <= day.isoformat()]
    return Decimal((dated or [line["units"]])[-1])


def test_what_the_tables_say_is_billed_to_the_unit_and_only_once(pair: Pair) -> None:
    """The audit log is the reviewed diff, which is the plain sum; a second run plans and writes nothing."""
    first = pair.msp.close("first", billing_period="2026-10-15")

    assert pair.audited() == pair.reviewed(first) == pair.right()
    assert len(pair.right()) >= 3
    results = {row.customer_code: row.result for row in first.ledger.runs.customers(first.run_key)}
    assert {results[customer] for customer, _ in pair.table} <= {"done", "unchanged"}

    second = pair.msp.close("second", billing_period="2026-10-15")

    assert pair.reviewed(second) == []
    assert pair.audited() == pair.right()


def test_a_system_that_is_not_described_is_named_with_what_to_add() -> None:
    """A new line of the registry is covered at once, or says what is missing."""
    with pytest.raises(pytest.fail.Exception, match=r"acme is in the registry: say in tests/support/a\.py: its rows"):
        described("acme", SOURCE_TWINS, "a.py: its rows")
