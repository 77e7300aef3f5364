"""Reads back what was pushed, and registers the lines that are managed from now on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.operators.base import BillingOperator
from billing_providers.operators.push_contract_lines import PushContractLinesOperator
from billing_providers.operators.push_job import push_job
from billing_providers.push.outcomes import outcome_counts, outcome_findings
from billing_providers.push.verifier import lines_now_managed, verify_changes

if TYPE_CHECKING:
    from airflow.sdk import Context


class VerifyContractLinesOperator(BillingOperator):
    """Runs after push whether it succeeded or not (``trigger_rule="all_done"``); without a decision it is skipped.

    :param diff: output of the map-and-diff task.
    """

    stage = "verify_contract_lines"
    template_fields: Sequence[str] = ("run", "diff")

    def __init__(self, *, diff: Any, **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", "all_done")
        super().__init__(**kwargs)
        self.diff = diff

    def work(self, context: Context) -> dict[str, Any]:
        """Read back, journal, register."""
        from airflow.sdk.exceptions import AirflowException, AirflowSkipException

        from billing_providers.hooks.psas import psa_for

        if not self.run or not self.diff or self.scope.dry_run:
            raise AirflowSkipException("nothing was pushed")
        scope, ledger = self.scope, self.ledger()
        diff = ledger.diffs.load(self.diff["digest"])
        approval = ledger.diffs.approval(diff.digest)
        cleared = approval is not None and approval.decision in {"approved", "not_needed"}
        if not diff.applicable or not cleared:
            raise AirflowSkipException("nothing was cleared for pushing")
        job = push_job(self, ledger, psa_for(self.settings), diff, diff.changes)
        states = verify_changes(job)
        managed = lines_now_managed(diff, states)
        ledger.register.record(scope.tenant, scope.integration, scope.period.start, managed)
        counts = outcome_counts(diff.changes, states)
        # What was read back replaces what push believed.
        ledger.findings.replace(
            scope.run_key, PushContractLinesOperator.stage, outcome_findings(diff, states, self.voice)
        )
        self.keep_findings(ledger, scope.run_key, [])
        broken = ledger.journal.verify(scope.tenant)
        if broken:
            raise AirflowException(f"the journal's hash chain is broken: {broken[0]}")
        return {"digest": diff.digest, "counts": counts, "managed_lines": len(managed)}
