from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.kaseya_bms import KaseyaBmsHook
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ContractDiff
from billing_providers.push.ports import PushJob
from billing_providers.sandbox.server import SandboxServer
from tests.support.diffs import SCOPE, TENANT, change, diff_of

LINES = 24


@pytest.fixture
def box(monkeypatch) -> Iterator[SandboxServer]:
    """A sandbox with a tenant line API, and Airflow's connections to it."""
    with SandboxServer() as server:
        for conn_id, fields in server.connections().items():
            if conn_id == "kaseya_bms_default":
                fields["extra"]["line_api"] = {}
            monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
        yield server


@pytest.fixture
def ledger(tmp_path) -> Iterator[Ledger]:
    """A migrated SQLite ledger."""
    with Ledger.at(f"sqlite:///{tmp_path}/ledger.sqlite") as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def diff(box) -> ContractDiff:
    """A diff that raises lines of several contracts by one."""
    lines = [line for line in box.control.lines() if line["active"]][::4][:LINES]
    changes = [
        change(
            f"change-{line['line_id']}",
            contract_id=str(line["contract_id"]),
            line_id=str(line["line_id"]),
            service_id=str(line["service_id"]),
            quantity_before=Decimal(line["units"]),
            quantity_after=Decimal(line["units"]) + 1,
        )
        for line in lines
    ]
    return diff_of(*changes)


class Push:
    """Tries to push a diff, as the task and its reruns do: each try with a hook and a lock of its own."""

    def __init__(self, ledger: Ledger, diff: ContractDiff) -> None:
        self.ledger, self.diff = ledger, diff

    def job(self, **limits: float) -> PushJob:
        now = datetime.now(UTC)
        lock = self.ledger.locks.acquire(TENANT, SCOPE.period.start, SCOPE.run_key, 600, now)
        bounds = Limits(requests_in_flight_max=3, requests_per_hour=1500, **limits)
        return PushJob(
            diff=self.diff,
            changes=self.diff.changes,
            scope=SCOPE,
            psa=KaseyaBmsHook(limits=bounds),
            journal=self.ledger.journal,
            lock=lock,
            clock=lambda: datetime.now(UTC),
            renew=lambda: None,
        )


@pytest.fixture
def push(ledger, diff) -> Push:
    return Push(ledger, diff)


def written(box: SandboxServer) -> list[tuple[str, Decimal]]:
    """What the PSA really applied, in order."""
    return [(str(entry["line_id"]), +Decimal(entry["after"])) for entry in box.control.audit()]


def wanted(diff: ContractDiff) -> list[tuple[str, Decimal]]:
    return [(change.line_id, change.quantity_after) for change in diff.changes]
