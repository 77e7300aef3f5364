"""Reads back what was pushed, and registers the lines that are managed from now on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.engine.undone import undone_runs
from billing_providers.errors import ArtifactError
from billing_providers.model.changes import ContractDiff
from billing_providers.model.findings import Finding
from billing_providers.model.journal import JournalEntry
from billing_providers.model.runs import RunScope
from billing_providers.push.outcomes import outcome_counts, outcome_findings
from billing_providers.push.verifier import verify_changes
from billing_providers.steps.artifacts import write_result_list
from billing_providers.steps.kept_lock import kept_lock
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.push_job import push_job
from billing_providers.steps.registered_lines import registered_lines
from billing_providers.steps.same_tenant import must_still_write
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

PUSH_STAGE = "push_contract_lines"
UNWRITTEN = 195


def verify_contract_lines(step: BillingStep, planned: dict[str, Any]) -> dict[str, Any]:
    """Read back, journal, register."""
    from airflow.sdk.exceptions import AirflowException, AirflowSkipException

    if not step.run or not planned or step.scope.dry_run:
        raise AirflowSkipException("nothing was pushed")
    scope, ledger = step.scope, step.ledger()
    diff = ledger.diffs.load(planned["digest"])
    approval = ledger.diffs.approval(diff.digest)
    cleared = approval is not None and approval.decision in {"approved", "not_needed"}
    if not diff.applicable or not cleared:
        raise AirflowSkipException("nothing was cleared for pushing")
    with opened_psa(step, ledger) as psa:
        must_still_write(psa.capabilities(), diff)
        job = push_job(step, ledger, psa, diff, diff.changes)
        with kept_lock(job.renew):
            states = verify_changes(job)
    managed = _registered(ledger, scope, diff, states)
    counts = outcome_counts(diff.changes, states)
    # What was read back replaces what push believed.
    ledger.findings.replace(scope.run_key, PUSH_STAGE, outcome_findings(diff, states, step.voice))
    results, findings = _result_list(step, diff, states)
    step.keep_findings(ledger, scope.run_key, findings)
    broken = ledger.journal.verify(scope.tenant)
    if broken:
        raise AirflowException(f"the journal's hash chain is broken: {broken[0]}")
    return {"digest": diff.digest, "counts": counts, "managed_lines": managed, "result_list_uri": results}


def _registered(ledger: Ledger, scope: RunScope, diff: ContractDiff, states: Mapping[str, JournalEntry]) -> int:
    """Register what stands and return how many lines; of a run that is undone by now nothing stands any more."""
    place = (scope.tenant, scope.integration)
    if scope.run_key in undone_runs(ledger.runs.since(scope.integration, scope.period.start)):
        return 0
    lines = registered_lines(diff, states, ledger.register.lines(*place), undoes=bool(scope.undoes))
    ledger.register.record(*place, scope.period.start, lines.kept, run_key=scope.run_key, at=datetime.now(UTC))
    ledger.register.forget(*place, lines.forgotten)
    return len(lines.kept)


def _result_list(
    step: BillingStep, diff: ContractDiff, states: Mapping[str, JournalEntry]
) -> tuple[str, list[Finding]]:
    """Write the list for people; where that fails, what was billed is the result all the same, with a warning."""
    try:
        return write_result_list(step.settings, diff, states) if diff.changes else "", []
    except ArtifactError as error:
        step.log.warning("%s", error)
        return "", [step.voice.finding(UNWRITTEN, why=str(error))]
