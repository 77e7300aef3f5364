"""What people should look at in the mapping tables, whether or not usage reaches it: reported, never acted upon."""

from __future__ import annotations

from billing_providers.engine.organization_grid import customer_code
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.findings import Finding

_NAMED_MAX = 10


def table_reviews(inputs: PlanInputs) -> list[Finding]:
    """Return a finding for each row whose day to be ignored has passed, and for organizations that nobody reports."""
    return [*_reviews_due(inputs), *_not_reported(inputs)]


def _reviews_due(inputs: PlanInputs) -> list[Finding]:
    ignored = [
        (f"Customer {code}", code, "", entry.where, entry.ignore, entry.review_after)
        for code, entry in inputs.customer_map.entries.items()
    ] + [
        (
            f"SKU {sku}" + (f" of customer {code}" if code else ""),
            code,
            sku,
            entry.where,
            entry.ignore,
            entry.review_after,
        )
        for (code, sku), entry in inputs.service_map.entries.items()
    ]
    last_day = inputs.scope.period.last_day
    return [
        inputs.voice.finding(181, where=where, subject=subject, reason=reason, customer=code, sku=sku)
        for subject, code, sku, where, reason, review_after in sorted(ignored, key=lambda told: told[:3])
        if review_after is not None and review_after < last_day
    ]


def _not_reported(inputs: PlanInputs) -> list[Finding]:
    """Modules that report nothing at all are left out: they may not count yet."""
    reported = {code.strip() for code in inputs.reported_customers}
    findings = []
    for module in inputs.customer_map.modules:
        prefix = customer_code(module, "")
        if not any(code.startswith(prefix) for code in reported):
            continue
        absent = sorted(
            code.removeprefix(prefix)
            for code in inputs.customer_map.entries
            if code.startswith(prefix) and code not in reported
        )
        if absent:
            more = f" and {len(absent) - _NAMED_MAX} more" if len(absent) > _NAMED_MAX else ""
            findings.append(
                inputs.voice.finding(
                    182,
                    where=inputs.customer_map.origin,
                    module=module,
                    count=len(absent),
                    organizations=", ".join(absent[:_NAMED_MAX]) + more,
                )
            )
    return findings
