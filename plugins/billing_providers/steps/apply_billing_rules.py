"""Applies the billing rules to a snapshot: usage records become charge lines."""

from __future__ import annotations

import hashlib
from typing import Any

from billing_providers.engine.rules import BillingRules, RuledUsage, apply_rules, load_rules_file
from billing_providers.model.charges import ChargeSet
from billing_providers.model.usage import UsageSnapshot
from billing_providers.steps.step import BillingStep


def apply_billing_rules(step: BillingStep, usage: dict[str, Any]) -> dict[str, Any]:
    """Load, apply, store."""
    scope = step.scope
    ledger = step.ledger()
    step.hold_lock(ledger, scope)
    snapshot, records = ledger.snapshots.load(usage["snapshot_id"])
    rules = load_rules_file(step.settings.rules) if step.settings.rules else BillingRules.none()
    ruled = apply_rules(records, rules, scope.period, step.voice)
    charge_set = _charge_set(snapshot, rules, ruled, usage["held_customers"], len(records))
    ledger.charges.save(charge_set, ruled.charges, ruled.outcomes)
    step.keep_findings(ledger, scope.run_key, ruled.findings)
    return {
        "charge_set_id": charge_set.charge_set_id,
        "snapshot_id": snapshot.snapshot_id,
        "rows_in": charge_set.rows_in,
        "rows_excluded": charge_set.rows_excluded,
        "charge_lines": charge_set.charge_count,
        "effects": [f"{effect.rule}: {effect.explanation}" for effect in charge_set.effects],
    }


def _charge_set(
    snapshot: UsageSnapshot, rules: BillingRules, ruled: RuledUsage, held: dict[str, str], rows_in: int
) -> ChargeSet:
    all_held = tuple(sorted({**ruled.held_customers, **held}.items()))
    identity = "\n".join([snapshot.digest, rules.digest, *(f"{code}\t{why}" for code, why in all_held)])
    counted = int(ruled.outcomes["charge_no"].notna().sum())
    return ChargeSet(
        charge_set_id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        snapshot_id=snapshot.snapshot_id,
        rules_digest=rules.digest,
        rules_source=rules.origin,
        rows_in=rows_in,
        rows_counted=counted,
        rows_excluded=rows_in - counted,
        charge_count=len(ruled.charges),
        effects=ruled.effects,
        held_customers=all_held,
    )
