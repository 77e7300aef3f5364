"""Thins old readings once a day, with the watch, where the ledger's connection says after how many days."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from billing_providers.errors import LedgerError
from billing_providers.model.findings import Finding
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

NOT_THINNED = 228


def thin_readings(step: BillingStep, ledger: Ledger, now: datetime) -> list[Finding]:
    """Thin readings of closed periods, of all integrations; return a finding when that fails, which stops no run."""
    if ledger.keep_readings_days is None:
        return []
    try:
        thinned = ledger.retention.thin(now, ledger.keep_readings_days)
    except LedgerError as error:
        return [step.voice.finding(NOT_THINNED, error=str(error))]
    if thinned:
        removed = sum(reading.removed for reading in thinned)
        step.log.info("%d old readings were thinned, %d rows removed", len(thinned), removed)
    return []
