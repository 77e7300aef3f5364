"""A tenant of every shipped integration, at any step of one clean close, as often as a test wants it there.

The period before is closed first, so that lines are managed and could be zeroed. Which calls a step makes is read from
the sandbox's log of the clean close: a new call, and a new integration, are covered unedited.
"""

from __future__ import annotations

import copy
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import build_world
from tests.support.closing import Closing, sandbox_environment, shipped_settings
from tests.support.every_psa import LONDON, OCTOBER
from tests.support.fault_matrix_time import fast_time
from tests.support.module_files import put_grid, put_metrics_file
from tests.support.pipeline import Pipeline
from tests.support.rcloud_files import put_rcloud_file
from tests.support.sherweb_closing import write_customer_map

STEPS = ("resolve", "wait", "extract", "rules", "map_and_diff", "review", "push", "verify", "collect", "report")
BEFORE, DAY = "2026-09-15", "2026-10-15"  # a day of the period before, and of the one that is closed
SEPTEMBER = BillingPeriod(OCTOBER.start.replace(month=9), OCTOBER.start, LONDON)
MORNINGS = ("2026-10-01T00:30:00+00:00", "2026-11-01T00:30:00+00:00")
INVOICED = ("2026-10-04T06:00:00+00:00", "2026-11-04T06:00:00+00:00")  # Sherweb's charges are final by then
NO_LIMITS = {"bms_requests_per_hour": 10**9, "at_threshold": 10**8, "datto_reads_per_minute": 10**6}

# Pictures take longer than all else, and no fault reaches them.
DRAWN = "billing_providers.steps.billing_pictures.drawn"

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """Calls of one step to one endpoint. ``times``: how many a clean close makes."""

    integration: str
    step: str
    system: str
    endpoint: str
    writes: bool
    times: int


@dataclass(slots=True)
class Moment:
    """Everything at the beginning of a step: the ledger's file, the PSA's state, what tasks handed on."""

    ledger: Path
    psa: Any
    rows: Counter[Row]  # what the PSA applied so far
    handed_on: dict[str, Any]


@dataclass(slots=True)
class Clean:
    """What one close without any fault came to."""

    calls: list[Call] = field(default_factory=list)
    moments: dict[str, Moment] = field(default_factory=dict)
    rows: Counter[Row] = field(default_factory=Counter)  # what the PSA applied
    changes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of the diff, by id
    lines: dict[str, Any] = field(default_factory=dict)
    managed: dict[str, Any] = field(default_factory=dict)
    findings: frozenset[tuple[str, str]] = frozenset()
    result: str = ""


class Bench:
    """One integration on its sandbox. :meth:`at` brings everything to the beginning of a step of the clean close."""

    def __init__(self, integration: str, folder: Path) -> None:
        self.integration, self.folder = integration, folder
        self.settings = _settings(integration, folder)
        self.psa = self.settings.psa
        self.box = SandboxServer(**NO_LIMITS)
        self.environment = sandbox_environment(self.box, folder)
        self.msp = Closing(self.box, self.settings, self.environment)
        self.clean = Clean()
        self._mornings = INVOICED if self.settings.source == "sherweb" else MORNINGS
        self._ledgers = 0
        self._rows_before: Counter[Row] = Counter()

    def open(self) -> None:
        """Close the period before, then the period itself, and remember every step of that."""
        self.box.start()
        first = self._next_ledger()
        with self._using(first):
            self.box.control.move_clock(self._mornings[0])
            self.msp.close("before", billing_period=BEFORE)
            self.box.control.move_clock(self._mornings[1])
            begun = len(self.audit())
            run = self.run()
            for step in STEPS:
                self.box.control.forget_requests()
                self.clean.moments[step] = self._moment(first, run, begun)
                do(run, step)
                self.clean.calls += self._calls(step)
            self.clean.rows = Counter(map(row_of, self.audit()[begun:]))
            self.clean.changes = changes_of(run)
            self.clean.lines, self.clean.managed = self.lines(), self.managed(run)
            self.clean.findings = findings_of(run)
            self.clean.result = run.ledger.runs.find(run.run_key).result.value

    def close(self) -> None:
        self.box.stop()

    @contextmanager
    def at(self, step: str) -> Iterator[Pipeline]:
        """Yield the run of the clean close as it was before a step, on a PSA and a ledger as they were then."""
        moment = self.clean.moments[step]
        ledger = self._next_ledger()
        ledger.write_bytes(moment.ledger.read_bytes())
        self.box.control.reset(**NO_LIMITS)
        self.box.control.move_clock(self._mornings[1])
        self._psa_twin.state = _copied(moment.psa)
        self._rows_before = moment.rows
        with self._using(ledger):
            run = self.run()
            for name, value in copy.deepcopy(moment.handed_on).items():
                setattr(run, name, value)
            yield run
        ledger.unlink()

    def run(self, run_id: str = "r1", **params: Any) -> Pipeline:
        return self.msp.run(run_id, billing_period=DAY, **params)

    def audit(self) -> list[dict[str, Any]]:
        return self.box.control.audit(system=self.psa)

    def rows(self) -> Counter[Row]:
        """Return what the PSA applied since the beginning of the close."""
        return self._rows_before + Counter(map(row_of, self.audit()))

    def repair(self) -> None:
        """Take all faults away; keys and tokens that were revoked are good again, or made anew."""
        self.box.control.clear_faults()
        state, sandbox = self._psa_twin.state, self.box._sandbox
        for twin in sandbox.twins.values():
            twin.reset(sandbox.world)
        self._psa_twin.state = state

    def lines(self) -> dict[str, Any]:
        """Return what each line holds, without the traces of who wrote it when."""
        found = self.box.control.lines(system=self.psa)
        return {str(line["line_id"]): {name: line[name] for name in line if name in HELD} for line in found}

    def managed(self, run: Pipeline) -> dict[str, Any]:
        return {line.line_id: line.quantity for line in run.ledger.register.lines(run.run["tenant"], self.integration)}

    @property
    def _psa_twin(self) -> Any:
        return self.box._sandbox.twins[self.psa]

    def _moment(self, ledger: Path, run: Pipeline, begun: int) -> Moment:
        kept = self._next_ledger()
        with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(kept)) as target:
            source.backup(target)
        handed_on = {name: getattr(run, name) for name in ("run", "usage", "charges", "diff", "items")}
        rows = Counter(map(row_of, self.audit()[begun:]))
        return Moment(kept, _copied(self._psa_twin.state), rows, copy.deepcopy(handed_on))

    def _calls(self, step: str) -> list[Call]:
        asked = Counter(
            (row["system"], row["endpoint"], row["writes"]) for row in self.box.control.requests()["requests"]
        )
        return [Call(self.integration, step, *place, times) for place, times in sorted(asked.items())]

    def _next_ledger(self) -> Path:
        self._ledgers += 1
        return self.folder / f"ledger-{self._ledgers}.sqlite"

    @contextmanager
    def _using(self, ledger: Path) -> Iterator[None]:
        connection = {"AIRFLOW_CONN_BILLING_LEDGER": f"sqlite:///{ledger}"}
        with patch.dict(os.environ, {**self.environment, **connection}), patch(DRAWN, lambda chart: b""):
            yield


SHARED = frozenset({"lock", "clock", "_clock", "_audit", "tenant"})
HELD = frozenset({"units", "unit_cost", "unit_price", "included", "active", "last_day", "schedule", "effective_date"})


def do(run: Pipeline, step: str) -> None:
    """Run a step as its task does; what Airflow skips is no fault."""
    from airflow.sdk.exceptions import AirflowSkipException

    with suppress(AirflowSkipException):
        getattr(run, step)()


def row_of(entry: dict[str, Any]) -> Row:
    """Return what a change of the PSA's own log says: line, field, value, and day and difference where it has them."""
    return tuple(str(entry.get(name, "")) for name in ("line_id", "field", "after", "effective_date", "delta"))


def changes_of(run: Pipeline) -> dict[str, tuple[str, ...]]:
    """Return the changes of a run's diff by what they say, without what names the run."""
    changes = run.ledger.diffs.load(run.diff["digest"]).changes
    return {
        f"{one.line_id}/{one.step}/{one.kind}": (
            str(one.quantity_before),
            str(one.quantity_after),
            str(one.effective_date),
            *(f"{each.field}={each.after}" for each in one.fields),
        )
        for one in changes
    }


def findings_of(run: Pipeline) -> frozenset[tuple[str, str]]:
    """Return the warnings and errors of a run: code, and what it is about."""
    return frozenset(
        (found.code, json.dumps(dict(found.subject), sort_keys=True, default=str))
        for found in run.findings()
        if found.level.value in {"warning", "error"}
    )


def _settings(integration: str, folder: Path) -> Any:
    """Return the shipped settings with what a person has mapped by then, and put the files where they look for them."""
    world = build_world()
    with patch.dict(os.environ, {"BILLING_INBOX": f"file://{folder}"}):
        shipped = shipped_settings(integration)
    for period in (SEPTEMBER, OCTOBER):
        put_rcloud_file(folder, world.resale, period)
        put_metrics_file(folder, world.modules, period)
    settings = replace(shipped, artifacts=f"file://{folder}/artifacts")
    if settings.source == "kaseya_modules":
        return replace(settings, customer_map=str(put_grid(folder / "grid.csv", world.modules)))
    if settings.source == "sherweb":
        by_id = {"customer_id_tag": "CustomerId", "quantity_places": 13}
        options = {**settings.source_options, **by_id}
        return replace(settings, source_options=options, customer_map=write_customer_map(folder / "customers.csv"))
    return settings


def _copied(state: Any) -> Any:
    """Copy what a simulated PSA holds; its lock, clock, log and world are shared."""
    shared = [value for name, value in vars(state).items() if name in SHARED or isinstance(value, count)]
    return copy.deepcopy(state, {id(value): value for value in shared})


@contextmanager
def benches() -> Iterator[Callable[[str], Bench]]:
    """Yield a function that opens the bench of an integration once."""
    found: dict[str, Bench] = {}
    memory = Path("/dev/shm")  # thousands of ledgers, and none has to outlive a power cut
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=memory if memory.is_dir() else None)))

        def bench_of(integration: str) -> Bench:
            if integration not in found:
                place = folder / integration
                place.mkdir()
                bench = Bench(integration, place)
                stack.callback(bench.close)
                with fast_time():
                    bench.open()
                found[integration] = bench
            return found[integration]

        yield bench_of
