"""What the source charged against what the PSA will bill: pure, exact, every row with its cause."""

from __future__ import annotations

from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.engine.reconciliation.report import reconcile

__all__ = ["ReconcileInputs", "reconcile"]
