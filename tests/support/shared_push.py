"""One of several tasks that push to one Autotask tenant at once, each in a process of its own."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ContractDiff
from tests.support.diffs import SCOPE, change, diff_of

EFFECTIVE = date(2027, 1, 1)  # nothing of the simulated tenant is posted then
LOCK_S = 600.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """When one task began and ended, by the machine's clock, and where its changes stand."""

    began: float
    ended: float
    states: dict[str, int]


def pushes(
    barrier: Any, ledger_url: str, connection: dict[str, Any], number: int, lines: list[dict[str, Any]], rounds: int = 1
) -> Pushed:
    """Raise the units of some lines by one, as the push task does: journal, lock, shared gate.

    :param rounds: how many diffs of the same lines are pushed, one after the other, each for a later month.
    """
    os.environ["AIRFLOW_CONN_AUTOTASK_DEFAULT"] = json.dumps(connection)
    from billing_providers.hooks.autotask import AutotaskHook
    from billing_providers.push.applier import apply_changes
    from billing_providers.push.judge import WriteTraits
    from billing_providers.push.ports import PushJob
    from billing_providers.steps.shared_gate import SharedGate

    hook = AutotaskHook()
    offered = hook.capabilities()
    with Ledger.at(ledger_url) as ledger:
        gate = SharedGate(ledger.request_shares, hook.tenant_key, f"task-{number}", hook.shared_limits)
        hook.pass_through(gate)
        gate.limit(hook.requests_per_hour())
        diffs = [
            diff_of(
                *(_raised(line, month) for line in lines),
                digest=f"{number:062d}{month:02d}",
                tenant=hook.tenant_key,
                psa="autotask",
            )
            for month in range(1, rounds + 1)
        ]
        scope = replace(SCOPE, tenant=hook.tenant_key, run_key=f"task/{number}")
        period = scope.period.start - timedelta(days=number)  # locks are per period; each task has its own
        job = PushJob(
            diff=diffs[0],
            changes=diffs[0].changes,
            scope=scope,
            psa=hook,
            journal=ledger.journal,
            lock=ledger.locks.acquire(scope.tenant, period, scope.run_key, LOCK_S, datetime.now(UTC)),
            clock=lambda: datetime.now(UTC),
            renew=lambda: None,
            traits=WriteTraits.of(offered),
        )
        barrier.wait(120)
        began = time.monotonic()
        states = [state for diff in diffs for state in apply_changes(_with(job, diff)).values()]
        ended = time.monotonic()
        gate.close()
    return Pushed(began, ended, dict(Counter(entry.state.value for entry in states)))


def _with(job: Any, diff: ContractDiff) -> Any:
    return replace(job, diff=diff, changes=diff.changes)


def _raised(line: dict[str, Any], month: int) -> Any:
    units = Decimal(line["units"]) + month - 1
    return change(
        f"change-{line['line_id']}-{month}",
        account_id=str(line["account_id"]),
        contract_id=str(line["contract_id"]),
        line_id=str(line["line_id"]),
        service_id=str(line["service_id"]),
        service_name=line["service_name"],
        quantity_before=units,
        quantity_after=units + 1,
        unit_cost=None,
        unit_price=None,
        effective_date=EFFECTIVE.replace(month=month),
    )


def shares_of(lines: list[dict[str, Any]], tasks: int) -> list[list[dict[str, Any]]]:
    """Deal the lines that can be raised to tasks, contract by contract, so that each task has about as many."""
    by_contract: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        held = [row["units"] for row in line["schedule"] if row["since"] <= EFFECTIVE.isoformat()]
        if held and Decimal(line["unit_price"]) > 0 and line["active"] and not str(line["line_id"]).startswith("b"):
            by_contract.setdefault(line["contract_id"], []).append({**line, "units": held[-1]})
    dealt: list[list[dict[str, Any]]] = [[] for _ in range(tasks)]
    for group in sorted(by_contract.values(), key=len, reverse=True):
        min(dealt, key=len).extend(group)
    return dealt
