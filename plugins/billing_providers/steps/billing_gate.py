"""The billing gate of an integration and period, out of what the ledger holds already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from billing_providers.engine.undone import undone_runs
from billing_providers.model.changes import ContractDiff
from billing_providers.model.gate import BillingGate, CustomerGate
from billing_providers.model.runs import RunRecord
from billing_providers.push.gate import GateRun, customer_gates, is_full, plans_anew

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.push.gate_findings import ChargedFor

#: Stages of a run whose findings stand until the next plan; what later ones say is in the journal.
PLANNING = frozenset({"resolve_period", "wait_for_usage", "extract_usage", "apply_billing_rules", "map_and_diff"})


def billing_gate(ledger: Ledger, integration: str, period_start: date) -> BillingGate:
    """Return where every customer stands before its invoice for a period is made.

    A customer stands where the newest run that planned it left it, with what later runs wrote (``failed_only``) or took
    back (an undo). Dry runs, and runs inside the period, count for nothing.

    :param period_start: first day of the billing period.
    :raises LedgerError: when the ledger does not answer.
    """
    history = [run for run in ledger.runs.since(integration, period_start) if run.period_start == period_start]
    at_work = _at_work(ledger, history)
    planned = sorted(
        (_Planned(ledger, run) for run in history if plans_anew(run) and run not in at_work), key=lambda one: one.at
    )
    undone = undone_runs(history)
    known = {one.customer_code: one.customer_name for run in history for one in ledger.runs.customers(run.run_key)}
    entries = cache(lambda tenant: ledger.journal.of_integration(tenant, integration, period_start))
    gates: dict[str, CustomerGate] = {}
    for one in _that_count(planned):
        run = _loaded(ledger, one, known, undone.get(one.record.run_key, ""))
        gates |= {gate.customer_code: gate for gate in customer_gates(run, entries(one.record.tenant))}
    why = _closed_why([one.record for one in planned], at_work, gates)
    return BillingGate(integration, period_start, tuple(gates[code] for code in sorted(gates)), why)


class _Planned:
    """A run with the latest decision about its diff, and when it planned: a cleared run plans again, later."""

    def __init__(self, ledger: Ledger, record: RunRecord) -> None:
        self.record = record
        self.approval = ledger.diffs.approval(record.digest) if record.digest else None
        decided = self.approval is not None and self.approval.run_key == record.run_key
        self.at = self.approval.decided_at if self.approval is not None and decided else record.started_at


def _at_work(ledger: Ledger, history: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the runs without a result, but for those that were broken off and followed by another."""
    real = [run for run in history if not run.dry_run]
    return [run for run in real if run.result is None and (run is real[-1] or ledger.runs.attempts(run.run_key) > 1)]


def _that_count(planned: Sequence[_Planned]) -> list[_Planned]:
    """Return the newest run of all customers and what came after it."""
    last_full = max((number for number, one in enumerate(planned) if is_full(one.record)), default=0)
    return list(planned[last_full:])


def _closed_why(planned: Sequence[RunRecord], at_work: Sequence[RunRecord], gates: Mapping[str, CustomerGate]) -> str:
    if at_work:
        return f"Run {at_work[-1].run_key} is still at work, or was broken off without a result."
    if not planned:
        return "No run has closed this period yet."
    if not any(map(is_full, planned)):
        return "Only runs of some customers have closed this period; the others were never looked at."
    return "" if gates else planned[-1].summary or "The run is about no customer."


def _loaded(ledger: Ledger, planned: _Planned, known: Mapping[str, str], undone_by: str) -> GateRun:
    record = planned.record
    diff = ledger.diffs.load(record.digest) if record.digest else None
    customers = _customers(ledger, diff) if diff is not None else known
    wanted = record.customers or sorted(customers)
    return GateRun(
        record=record,
        diff=diff,
        approval=planned.approval,
        planned_at=planned.at,
        findings=[
            finding
            for stage, finding in ledger.findings.of_run(record.run_key)
            if stage.removesuffix(".fault") in PLANNING
        ],
        customers={code: customers.get(code, "") for code in wanted},
        held=dict(ledger.charges.head(diff.charge_set_id).held_customers) if diff is not None else {},
        charged_for=_charged_for(ledger, diff),
        undone_by=undone_by,
    )


def _customers(ledger: Ledger, diff: ContractDiff) -> dict[str, str]:
    """Return who reported usage, and whose lines change although they report none any more."""
    gone = (pair for change in diff.changes for pair in zip(change.customer_codes, change.customer_names, strict=False))
    reported = ledger.snapshots.customers(diff.snapshot_id)
    return {**dict(gone), **{code.strip(): name for code, name in reported.items()}}


def _charged_for(ledger: Ledger, diff: ContractDiff | None) -> ChargedFor:
    """Return what tells whose the charges of an SKU are; the charge lines are read when that is asked first."""

    @cache
    def charges() -> list[tuple[str, str, str]]:
        if diff is None:
            return []
        _, frame = ledger.charges.load(diff.charge_set_id)
        columns = (frame[name].tolist() for name in ("customer_code", "sku", "term", "billing_cycle"))
        return list({(code, sku, term or cycle) for code, sku, term, cycle in zip(*columns, strict=True)})

    return lambda sku, term: {code for code, of, under in charges() if of == sku and term in {"", under}}
