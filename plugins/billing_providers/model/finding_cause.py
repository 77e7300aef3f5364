"""What tells a finding from all others over the months: its cause, the same until somebody removes it. Pure."""

from __future__ import annotations

import hashlib
import json

from billing_providers.model.findings import Finding

#: Names of a subject whose values stay from month to month. Counts, amounts, days, positions and words do not.
STABLE = frozenset(
    {
        *("customer", "account", "contract", "service", "sku", "term", "line", "item_id"),
        *("module", "connection", "tenant", "field", "kind", "target", "subject", "rule", "guards"),
    }
)
_LENGTH = 20


def customer_of(finding: Finding) -> str:
    """Return whom a finding is about: the customer's code, else its name, else nothing."""
    return finding.about("customer") or finding.about("customer_name")


def cause_of(finding: Finding) -> str:
    """Return the cause of a finding: the same next month, another for another code, customer, contract, SKU or line."""
    named = [[name, value] for name, value in finding.subject if name in STABLE and name != "customer" and value]
    canonical = json.dumps([finding.code, customer_of(finding), named], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:_LENGTH]
