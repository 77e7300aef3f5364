"""Pushes the approved changes to the PSA through the journal. The only operator that writes to a PSA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_providers.engine.digest import verify_digest
from billing_providers.model.changes import ContractDiff, LineChange
from billing_providers.model.journal import DONE, JournalState
from billing_providers.model.psa import PsaHook
from billing_providers.push.applier import apply_changes
from billing_providers.push.clearance import cleared_changes
from billing_providers.push.outcomes import outcome_counts, outcome_findings
from billing_providers.steps.kept_lock import kept_lock
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.push_job import push_job
from billing_providers.steps.same_tenant import must_still_write
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

_TRY_AGAIN = {JournalState.FAILED, JournalState.UNKNOWN, JournalState.MISMATCH}


def push_contract_lines(step: BillingStep, planned: dict[str, Any]) -> dict[str, Any]:
    """Check the clearance, push, and fail when a change failed or is unknown, so that a rerun takes it up."""
    scope, ledger = step.scope, step.ledger()
    diff = ledger.diffs.load(planned["digest"])
    changes = cleared_changes(diff, ledger.diffs.approval(diff.digest), scope, digest_holds=verify_digest)
    with opened_psa(step, ledger) as psa:
        return _pushed(step, ledger, psa, diff=diff, changes=changes, planned=planned)


def _pushed(
    step: BillingStep,
    ledger: Ledger,
    psa: PsaHook,
    *,
    diff: ContractDiff,
    changes: tuple[LineChange, ...],
    planned: dict[str, Any],
) -> dict[str, Any]:
    from airflow.sdk.exceptions import AirflowException

    scope, capabilities = step.scope, psa.capabilities()
    must_still_write(capabilities, diff)
    if not diff.applicable:
        count = len(diff.changes)
        findings = [step.voice.finding(123, strategy=capabilities.explanation, count=count)] if count else []
        step.keep_findings(ledger, scope.run_key, findings)
        return {"digest": diff.digest, "written": 0, "counts": {}, "change_list_uri": planned["change_list_uri"]}
    job = push_job(step, ledger, psa, diff, changes)
    with kept_lock(job.renew):
        states = apply_changes(job)
    counts = outcome_counts(diff.changes, states)
    step.keep_findings(ledger, scope.run_key, outcome_findings(diff, states, step.voice))
    step.log.info("diff %s: %s", diff.digest[:12], counts)
    left = [states[change.change_id] for change in changes if states[change.change_id].state in _TRY_AGAIN]
    if left:
        raise AirflowException(
            f"{len(left)} of {len(changes)} changes are not done, e.g. line {left[0].line_id} of contract "
            f"{left[0].contract_id}: {left[0].detail}. The others are; running this task again takes up only these."
        )
    written = sum(states[change.change_id].state in DONE for change in changes)
    return {"digest": diff.digest, "written": written, "counts": counts}
