"""Keeps what the dashboard and the page of mappings show of a run, so that no page counts all lines anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from billing_providers.engine.mapping_states import mapping_states
from billing_providers.engine.run_totals import run_totals
from billing_providers.model.changes import ContractDiff
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.runs import RunRecord
from billing_providers.model.settings import Publish
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger


def keep_sums(
    step: BillingStep, ledger: Ledger, record: RunRecord, diff: ContractDiff, found: Sequence[Finding]
) -> None:
    """Store the sums of a run over all customers, and what it found mapped to what.

    Nothing for a run over a part, and for one whose diff was stopped: they would hide what is known.

    The sums of a dry run are left out: they would stand for a period that was billed otherwise.

    :raises LedgerError: when the ledger does not answer.
    """
    stopped = any(finding.scope is Scope.RUN and finding.level is Level.ERROR for finding in diff.findings)
    if stopped or record.customers or record.failed_only or record.undoes:
        return
    seen, source = ledger.diffs.lines(diff.digest), step.voice.source
    customers = ledger.snapshots.customers(diff.snapshot_id)
    states = mapping_states(diff, found, customers, seen, source=source, run_key=record.run_key)
    ledger.mapping_states.keep(record.integration, states)
    if not record.dry_run and step.settings.publish is not Publish.SHOW:
        ledger.run_totals.keep(record.run_key, run_totals(diff, seen, source))
