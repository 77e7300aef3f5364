"""Reads the usage of a period from its source into an immutable snapshot."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from billing_providers.engine.intake import Intake, check_usage
from billing_providers.engine.repeats import repeats
from billing_providers.engine.snapshot import snapshot_of
from billing_providers.engine.sound_texts import sound_texts
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger


def extract_usage(step: BillingStep) -> dict[str, Any]:
    """Read, check, store."""
    from billing_providers.hooks.sources import source_for

    scope = step.scope
    ledger = step.ledger()
    step.hold_lock(ledger, scope)
    read = sound_texts(source_for(step.settings).read_usage(scope.period))
    intake = check_usage(read, scope.period, step.settings.policy, step.voice)
    if read.never_repeats:
        intake = _without_stale_copy(step, ledger, intake)
    snapshot = snapshot_of(
        step.settings.integration, step.settings.source, scope.period, intake, read, taken_at=step.now()
    )
    ledger.snapshots.save(snapshot, intake.records)
    step.keep_findings(ledger, scope.run_key, intake.findings)
    step.log.info(
        "%d records from %s, %s",
        snapshot.record_count,
        read.origin,
        "complete" if snapshot.complete else "NOT complete",
    )
    return {
        "snapshot_id": snapshot.snapshot_id,
        "digest": snapshot.digest,
        "records": snapshot.record_count,
        "complete": snapshot.complete,
        "incomplete_why": snapshot.incomplete_why,
        "held_customers": intake.held_customers,
    }


def _without_stale_copy(step: BillingStep, ledger: Ledger, intake: Intake) -> Intake:
    """Return the intake, as incomplete when it repeats the period before figure for figure."""
    period = step.scope.period
    before = step.settings.calendar.period_before(period)
    snapshot_id = ledger.snapshots.latest_of_period(step.settings.integration, before.start)
    if not snapshot_id or not repeats(intake.records, ledger.snapshots.load(snapshot_id)[1]):
        return intake
    finding = step.voice.finding(177, count=len(intake.records), period=period)
    why = "; ".join([intake.incomplete_why, "every figure equals that of the period before"]).removeprefix("; ")
    return dataclasses.replace(intake, complete=False, incomplete_why=why, findings=(*intake.findings, finding))
