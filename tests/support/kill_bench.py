"""Small seeded pushes to a simulated tenant through the shipped operators, each task a process that may be killed.

One bench per PSA and kind of ledger: sandbox, front and server start once; every case gets tenant and ledger as new.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from billing_providers.engine.digest import diff_digest
from billing_providers.hooks.psas import psa_for
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ContractDiff, LineField
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.runs import Approval, RunScope
from billing_providers.model.settings import IntegrationSettings
from billing_providers.push.judge import WriteTraits
from billing_providers.push.landing import LANDS_S
from billing_providers.sandbox.server import SandboxServer
from billing_providers.steps.shared_gate import LEASE_S
from tests.contract.push.planned import Row, planned, rows_of
from tests.support.accounts import Account, Verdict
from tests.support.closing import shipped_integrations, shipped_settings
from tests.support.kill_points import Fault
from tests.support.mortal_postgres import MortalPostgres
from tests.support.psa_cases import PSA_CASES
from tests.support.psa_tenant import PERIOD
from tests.support.push_process import Ended, Wish, run_task
from tests.support.relay import Relay

RUN = "r1"
LEDGERS = ("sqlite", "postgres")


def integration_of(psa: str) -> str:
    """Return the first shipped integration that writes to a PSA."""
    return next(name for name in shipped_integrations() if shipped_settings(name).psa == psa)


@dataclass
class Bench:
    """What all cases share. ``connection`` is the PSA's, through the front."""

    psa: str
    folder: Path
    box: SandboxServer
    relay: Relay
    postgres: MortalPostgres | None
    account: Account
    settings: IntegrationSettings
    connection: dict[str, Any]
    cases: int = 0

    @cached_property
    def plan(self) -> ContractDiff:
        """Every change that cases are made of, planned on the tenant in its first state."""
        with patch.dict("os.environ", self.environment("")):
            hook: Any = psa_for(self.settings)
            diff = planned(hook, PSA_CASES[self.psa])
            hook.client.close()
        return replace(diff, integration=self.settings.integration)

    @cached_property
    def offered(self) -> Any:
        """What the tenant offers."""
        with patch.dict("os.environ", self.environment("")):
            return psa_for(self.settings).capabilities()

    def environment(self, ledger_url: str) -> dict[str, str]:
        """Return the connections as a task has them."""
        connection = {f"AIRFLOW_CONN_{self.psa.upper()}_DEFAULT": json.dumps(self.connection)}
        return {**connection, "AIRFLOW_CONN_BILLING_LEDGER": ledger_url} if ledger_url else connection

    def new_case(self, seed: str, *, changes: int = 5) -> Case:
        """Return a case: the tenant as at the start, an empty ledger, an approved diff of a few changes."""
        chance = random.Random(f"{self.psa}|{seed}")
        plan = self.plan
        self.box.control.clear_faults()
        self.box.control.reset(**PSA_CASES[self.psa].shapes["writes"])
        contracts = sorted({change.contract_id for change in plan.changes})
        first = [change for change in plan.changes if change.contract_id in contracts[:2]]
        chosen = {change.change_id: change for change in [first[0], *chance.sample(plan.changes, changes)]}
        diff = replace(plan, changes=tuple(chosen[key] for key in sorted(chosen)), digest="")
        diff = replace(diff, digest=diff_digest(diff))
        case = Case(self, self._fresh_ledger(), diff, chance)
        case.approve()
        return case

    def _fresh_ledger(self) -> str:
        self.cases += 1
        if self.postgres is not None:
            url = self.postgres.fresh_schema(str(self.cases))
        else:
            url = f"sqlite:///{self.folder}/case-{self.cases}.sqlite"
        with Ledger.at(url) as ledger:
            ledger.migrate()
        return url


@dataclass
class Case:
    """One diff and the tasks that push it. ``ahead_s`` is how much time passed besides the real one."""

    bench: Bench
    ledger_url: str
    diff: ContractDiff
    chance: random.Random
    run_id: str = RUN
    ahead_s: float = 0.0
    before: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.before = {str(line["line_id"]) for line in self._lines()}

    @property
    def scope(self) -> RunScope:
        """The run that was resolved before."""
        settings, tenant = self.bench.settings, self.diff.tenant
        key = f"{settings.integration}/{self.run_id}"
        return RunScope(key, settings.integration, tenant, PERIOD, (), False, False, date(2026, 11, 26))

    def approve(self, run_id: str = RUN) -> None:
        """Have a person approve the diff for a run, which is the run of the tasks to come."""
        self.run_id = run_id
        with self.ledger() as ledger:
            ledger.diffs.save(self.diff, self.scope.run_key)
            ledger.diffs.approve(
                Approval(self.diff.digest, self.scope.run_key, "approved", "ann", datetime.now(UTC), "")
            )

    def ledger(self) -> Ledger:
        """Open the ledger, as any process does."""
        return Ledger.at(self.ledger_url)

    def wish(self, task: str = "push", fault: Fault | None = None, *, run_id: str = "", **more: Any) -> Wish:
        """Return a task of the run at the present time."""
        return Wish(
            environment=self.bench.environment(self.ledger_url),
            settings=self.bench.settings,
            run_id=run_id or self.run_id,
            run=self.scope.to_json(),
            diff={"digest": self.diff.digest, "change_list_uri": ""},
            task=task,
            fault=fault,
            **{"ahead_s": self.ahead_s, **more},
        )

    def runs(self, task: str = "push", fault: Fault | None = None, **more: Any) -> Ended:
        """Run a task to its end."""
        return run_task(self.wish(task, fault, **more))

    def wait(self, seconds: float) -> None:
        """Let time pass for the tasks to come and for the PSA."""
        self.ahead_s += seconds
        self.bench.box.control.move_clock(advance_s=seconds)

    def wait_until_seen(self) -> None:
        """Let so much time pass that the PSA shows everything, and that what a dead task had leased is free."""
        self.wait(max(WriteTraits.of(self.bench.offered).hidden_s, LEASE_S) + 1)

    def free_requests(self) -> None:
        """Free what a dead task had leased of the tenant's requests at once; in life its lease expires."""
        statement = "UPDATE billing_request_slots SET owner = '', expires_at = ''"
        url = self.ledger_url
        connected: Any = (
            sqlite3.connect(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else psycopg.connect(url)
        )
        with closing(connected), connected:
            connected.execute(statement)

    def finish(self) -> None:
        """Clear push and verify, once soon and once when everything shows, until both are done."""
        self.free_requests()
        self.wait(LANDS_S)
        self.runs()
        self.wait_until_seen()
        pushed = self.runs()
        assert pushed.done, pushed.failed
        read = self.runs("verify")
        assert read.done, read.failed

    def judge(self) -> Verdict:
        """Account for every intended line by the PSA's own log."""
        return self.bench.account.judge(Counter(self.wanted()), Counter(self.written()))

    def wanted(self) -> list[Row]:
        """What the diff says, in the form of the PSA's log."""
        return sorted(row for change in self.diff.changes for row in rows_of(change, self.bench.offered))

    def written(self) -> list[Row]:
        """What the PSA really applied, entry by entry; a text that goes by a call of its own may be set to it again."""
        added = {
            str(line["line_id"]): f"{line['contract_id']}/{line['service_id']}"
            for line in self._lines()
            if str(line["line_id"]) not in self.before
        }
        rows = [
            (added.get(str(row["line_id"]), str(row["line_id"])), row["field"], row["after"])
            for row in self.bench.box.control.audit(system=self.bench.psa)
        ]
        if self.bench.offered.sets != {LineField.INVOICE_TEXT}:
            return sorted(rows)
        texts = {row for row in rows if row[1] == LineField.INVOICE_TEXT.value}
        return sorted([row for row in rows if row not in texts] + list(texts))

    def journal(self) -> list[JournalEntry]:
        """Return the journal, whose chain holds."""
        with self.ledger() as ledger:
            assert ledger.journal.verify(self.diff.tenant) == []
            return ledger.journal.entries(self.diff.tenant)

    def written_without_row(self) -> list[Row]:
        """Return what the PSA applied though no journal row says that it was sent: must be nothing, ever."""
        sent = {entry.change_id for entry in self.journal() if entry.state is JournalState.SENT}
        allowed = {
            row
            for change in self.diff.changes
            if change.change_id in sent
            for row in rows_of(change, self.bench.offered)
        }
        return [row for row in self.written() if row not in allowed]

    def states(self) -> Counter[str]:
        """Count the changes by where they stand."""
        with self.ledger() as ledger:
            return Counter(entry.state.value for entry in ledger.journal.states(self.diff.digest).values())

    def _lines(self) -> list[dict[str, Any]]:
        return self.bench.box.control.lines(system=self.bench.psa)


@contextmanager
def bench(psa: str, ledger: str, folder: Path, account: Account) -> Iterator[Bench]:
    """Yield a bench for a PSA and a kind of ledger, ``sqlite`` or ``postgres``."""
    with ExitStack() as stack:
        box = stack.enter_context(SandboxServer())
        relay = stack.enter_context(Relay(box.port))
        postgres = stack.enter_context(MortalPostgres()) if ledger == "postgres" else None
        case, known = PSA_CASES[psa], box.connections()[f"{psa}_default"]
        connection = {
            **known,
            "host": known["host"].replace(f":{box.port}/", f":{relay.port}/"),
            "extra": {**known.get("extra", {}), **case.extra, **case.adds},
        }
        settings = replace(shipped_settings(integration_of(psa)), artifacts=f"file://{folder}/artifacts")
        yield Bench(psa, folder, box, relay, postgres, account, settings, connection)
