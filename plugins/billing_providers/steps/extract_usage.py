"""Reads the usage of a period from its source into an immutable snapshot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from billing_providers.engine.intake import check_usage
from billing_providers.engine.snapshot import snapshot_of
from billing_providers.steps.step import BillingStep


def extract_usage(step: BillingStep) -> dict[str, Any]:
    """Read, check, store."""
    from billing_providers.hooks.sources import source_for

    scope = step.scope
    ledger = step.ledger()
    step.hold_lock(ledger, scope)
    read = source_for(step.settings).read_usage(scope.period)
    intake = check_usage(read, scope.period, step.settings.policy, step.voice)
    snapshot = snapshot_of(
        step.settings.integration, step.settings.source, scope.period, intake, read, taken_at=datetime.now(UTC)
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
