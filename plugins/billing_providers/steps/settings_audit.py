"""Keeps under which settings a run was made, and says what changed since the run before: the audit of set-ups."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from billing_providers.engine.settings_changes import settings_changes, told_settings
from billing_providers.model.findings import Finding
from billing_providers.model.settings_log import SettingsEntry
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

_FILES = ("rules", "customer_map", "service_map", "line_terms", "movement")
_SHOWN_MAX = 12


def audit_settings(step: BillingStep, ledger: Ledger, run_key: str, started_by: str) -> list[Finding]:
    """Log the settings if they are not those of the run before; return a finding that says what changed."""
    dag_id = run_key.partition("/")[0]  # the DAGs of one integration may differ, such as in whom they ask
    named = {name: str(getattr(step.settings, name, "")) for name in _FILES}
    told = told_settings(step.settings, {name: _digest(path) for name, path in named.items() if path})
    last = ledger.settings_log.last(dag_id)
    if last is not None and last.settings == told:
        return []
    seq = 1 if last is None else last.seq + 1
    ledger.settings_log.add(SettingsEntry(dag_id, seq, run_key, started_by, datetime.now(UTC), told))
    if last is None:
        return []
    changes = settings_changes(last.settings, told)
    more = f"; and {len(changes) - _SHOWN_MAX} more" if len(changes) > _SHOWN_MAX else ""
    return [
        step.voice.finding(
            199,
            run=last.run_key,
            at=f"{last.at:%Y-%m-%d %H:%M} UTC",
            who=started_by or "the schedule",
            changes="; ".join(changes[:_SHOWN_MAX]) + more,
        )
    ]


def _digest(path: str) -> str:
    """Return what tells the content of a file from another; its line endings and mark decide nothing."""
    text = Path(path).read_text(encoding="utf-8-sig")
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()[:16]
