"""Reads back what was pushed, and registers the lines that are managed from now on."""

from __future__ import annotations

from typing import Any

from billing_providers.push.outcomes import outcome_counts, outcome_findings
from billing_providers.push.verifier import lines_no_longer_managed, lines_now_managed, verify_changes
from billing_providers.steps.artifacts import write_result_list
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.push_job import push_job
from billing_providers.steps.step import BillingStep

PUSH_STAGE = "push_contract_lines"


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
        states = verify_changes(push_job(step, ledger, psa, diff, diff.changes))
    managed = lines_now_managed(diff, states)
    ledger.register.record(scope.tenant, scope.integration, scope.period.start, managed)
    ledger.register.forget(scope.tenant, scope.integration, lines_no_longer_managed(diff, states))
    counts = outcome_counts(diff.changes, states)
    # What was read back replaces what push believed.
    ledger.findings.replace(scope.run_key, PUSH_STAGE, outcome_findings(diff, states, step.voice))
    step.keep_findings(ledger, scope.run_key, [])
    broken = ledger.journal.verify(scope.tenant)
    if broken:
        raise AirflowException(f"the journal's hash chain is broken: {broken[0]}")
    results = write_result_list(step.settings, diff, states) if diff.changes else ""
    return {"digest": diff.digest, "counts": counts, "managed_lines": len(managed), "result_list_uri": results}
