"""From runs, journal and findings to one state per customer. Pure; nothing here is stored, so there is one truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing_providers.model.changes import ContractDiff
from billing_providers.model.findings import Finding
from billing_providers.model.gate import CustomerGate, GateReason, GateState
from billing_providers.model.journal import JournalEntry
from billing_providers.model.runs import IN_PERIOD, Approval, RunRecord
from billing_providers.push.gate_changes import CustomerChanges, customer_changes
from billing_providers.push.gate_findings import ChargedFor, customer_reasons, held_for_all, stopped_by

SCHEDULED = frozenset({"scheduled", "backfill"})


@dataclass(frozen=True, slots=True)
class GateRun:
    """A run that planned customers anew, with what the ledger holds about it.

    :param diff: None: the run was stopped before it made one.
    :param planned_at: when the diff was decided about, else when the run started.
    :param findings: those of planning; what became of changes is told by the journal.
    :param customers: code → name of the customers that it is about.
    :param held: customers that source or rules held, with the reason.
    :param undone_by: the run that undid it; empty: none did.
    """

    record: RunRecord
    diff: ContractDiff | None
    approval: Approval | None
    planned_at: datetime
    findings: Sequence[Finding]
    customers: Mapping[str, str]
    held: Mapping[str, str]
    charged_for: ChargedFor
    undone_by: str = ""


def is_full(run: RunRecord) -> bool:
    """Whether a run is about all customers that the integration bills: its schedule may name some of them."""
    return not run.customers or run.mode in SCHEDULED


def plans_anew(run: RunRecord) -> bool:
    """Whether the gate asks a run: it wrote, was no undo, planned more than what failed, and its period was over."""
    return not (run.dry_run or run.undoes or run.failed_only or run.mode == IN_PERIOD)


def customer_gates(run: GateRun, entries: Sequence[JournalEntry]) -> list[CustomerGate]:
    """Return where each customer of a run stands, by customer code.

    :param entries: the journal of the integration and period, oldest first.
    """
    stopped, for_all = stopped_by(run.findings), held_for_all(run.findings)
    if run.diff is None and not stopped:
        stopped = [GateReason("", run.record.summary or f"Run {run.record.run_key} ended without a result.")]
    reasons = customer_reasons(run.findings, run.customers, run.charged_for)
    changes: Mapping[str, CustomerChanges] = {}
    if run.diff is not None:
        changes = customer_changes(run.diff, entries, run.approval, run.planned_at)
    touched = {code for change in run.diff.changes for code in change.customer_codes} if run.diff else set()

    def gate(code: str) -> CustomerGate:
        own = changes.get(code, CustomerChanges())
        held = [*own.held, *reasons.get(code, []), *for_all]
        if code in run.held and not reasons.get(code):
            held.append(GateReason("", run.held[code]))
        if run.undone_by and code in touched:
            held.append(GateReason("", f"Run {run.record.run_key} was undone by {run.undone_by}."))
        failed = [*stopped, *own.failed]
        state = GateState.FAILED if failed else GateState.HELD if held else GateState.READY
        return CustomerGate(
            code,
            run.customers[code],
            state,
            tuple(dict.fromkeys([*failed, *held])),
            own.attempts,
            own.last.detail if own.last else "",
            own.last.at if own.last else None,
        )

    return [gate(code) for code in sorted(run.customers)]
