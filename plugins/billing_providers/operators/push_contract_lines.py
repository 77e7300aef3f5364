"""Pushes the approved changes to the PSA through the journal. The only operator that writes to a PSA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.engine.digest import verify_digest
from billing_providers.model.journal import DONE, JournalState
from billing_providers.model.psa import QuantityWrite
from billing_providers.operators.base import BillingOperator
from billing_providers.operators.push_job import push_job
from billing_providers.push.applier import apply_changes
from billing_providers.push.clearance import cleared_changes
from billing_providers.push.outcomes import outcome_counts, outcome_findings

if TYPE_CHECKING:
    from airflow.sdk import Context

_TRY_AGAIN = {JournalState.FAILED, JournalState.UNKNOWN, JournalState.MISMATCH}


class PushContractLinesOperator(BillingOperator):
    """Clearing and running it again is safe: done changes are skipped, doubtful ones are read before anything else.

    :param diff: output of the map-and-diff task.
    """

    stage = "push_contract_lines"
    template_fields: Sequence[str] = ("run", "diff")

    def __init__(self, *, diff: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.diff = diff

    def work(self, context: Context) -> dict[str, Any]:
        """Check the clearance, push, and fail when a change failed or is unknown, so that a rerun takes it up."""
        from airflow.sdk.exceptions import AirflowException

        from billing_providers.hooks.psas import psa_for

        scope, ledger = self.scope, self.ledger()
        diff = ledger.diffs.load(self.diff["digest"])
        changes = cleared_changes(diff, ledger.diffs.approval(diff.digest), scope, digest_holds=verify_digest)
        psa = psa_for(self.settings)
        capabilities = psa.capabilities()
        if capabilities.quantity_write is QuantityWrite.NONE or not diff.applicable:
            findings = []
            if changes:
                findings = [self.voice.finding(123, strategy=capabilities.explanation, count=len(changes))]
            self.keep_findings(ledger, scope.run_key, findings)
            return {"digest": diff.digest, "written": 0, "counts": {}, "change_list_uri": self.diff["change_list_uri"]}
        job = push_job(self, ledger, psa, diff, changes)
        states = apply_changes(job)
        counts = outcome_counts(diff.changes, states)
        self.keep_findings(ledger, scope.run_key, outcome_findings(diff, states, self.voice))
        self.log.info("diff %s: %s", diff.digest[:12], counts)
        left = [states[change.change_id] for change in changes if states[change.change_id].state in _TRY_AGAIN]
        if left:
            raise AirflowException(
                f"{len(left)} of {len(changes)} changes are not done, e.g. line {left[0].line_id} of contract "
                f"{left[0].contract_id}: {left[0].detail}. The others are; running this task again takes up only these."
            )
        written = sum(states[change.change_id].state in DONE for change in changes)
        return {"digest": diff.digest, "written": written, "counts": counts}
