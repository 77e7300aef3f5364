"""The few numbers of a billing gate: who is ready, and how much money changes and waits."""

from __future__ import annotations

from datetime import datetime

from billing_providers.engine.diff_of import change_totals
from billing_providers.model.changes import ContractDiff
from billing_providers.model.gate import BillingGate
from billing_providers.model.gate_head import GateHead
from billing_providers.model.runs import RunRecord


def gate_head(gate: BillingGate, run: RunRecord, diff: ContractDiff | None, *, at: datetime) -> GateHead:
    """Return a gate in numbers.

    :param run: the run that reports; ``diff`` is its own, None when it was stopped before it made one.
    """
    counts = gate.counts
    changes, held = (diff.changes, diff.held) if diff is not None else ((), ())
    return GateHead(
        integration=gate.integration,
        period_start=gate.period_start,
        period_end=run.period_end,
        tenant=run.tenant,
        run_key=run.run_key,
        digest=run.digest,
        why=gate.why,
        ready=counts["ready"],
        held=counts["held"],
        failed=counts["failed"],
        changes=len(changes),
        changes_held=len(held),
        amount_changed=dict(change_totals(changes))["price_delta"],
        amount_held=dict(change_totals(held))["price_delta"],
        at=at,
    )
