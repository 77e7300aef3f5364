"""Reads the usage of a period from its source into an immutable snapshot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.engine.intake import check_usage
from billing_providers.engine.snapshot import snapshot_of
from billing_providers.operators.base import BillingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ExtractUsageOperator(BillingOperator):
    """Reads all customers, whatever the filter says: who shares an account, and which filter codes are wrong,
    only the whole picture tells. Output: snapshot id, digest, completeness, held customers."""

    stage = "extract_usage"

    def work(self, context: Context) -> dict[str, Any]:
        """Read, check, store."""
        from billing_providers.hooks.sources import source_for

        scope = self.scope
        ledger = self.ledger()
        self.hold_lock(ledger, scope)
        read = source_for(self.settings).read_usage(scope.period)
        intake = check_usage(read, scope.period, self.settings.policy, self.voice)
        snapshot = snapshot_of(
            self.settings.integration, self.settings.source, scope.period, intake, read, taken_at=datetime.now(UTC)
        )
        ledger.snapshots.save(snapshot, intake.records)
        self.keep_findings(ledger, scope.run_key, intake.findings)
        self.log.info(
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
