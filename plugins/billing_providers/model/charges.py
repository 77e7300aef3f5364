"""What should be billed: charge lines made from usage by the billing rules, and what the rules did."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """What should be billed for one identity: customer × SKU × term × billing cycle × item id.

    ``quantity`` is the exact sum of the counted rows after all rules; it is brought to the PSA's units once,
    later, on the sum of all charge lines that reach one contract line.
    """

    charge_no: int  # 1…n in order of identity; links to the rows that were counted
    customer_code: str
    customer_name: str
    billing_identifier: str
    sku: str
    term: str
    billing_cycle: str
    item_id: str
    description: str  # of the first row in order
    summary: str
    unit: str
    quantity: Decimal
    unit_cost: Decimal | None  # None when the rows disagree or say nothing
    unit_price: Decimal | None
    currency: str
    record_count: int
    attributes: str  # JSON object text; fields that all rows agree on
    total_cost: Decimal | None = None  # exact sum over the counted rows; None when one of them gives none
    total_price: Decimal | None = None
    steps: str = ""  # JSON: [day, quantity] from that day on, ascending; empty: the source tells no days


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one usage record, for tracing a number back to its rows."""

    position: str
    charge_no: int | None  # None: excluded
    quantity: Decimal | None  # what it counted for, after row rules; None when excluded
    rule: str  # names of the rules that touched it, comma separated
    reason: str  # why it was excluded; empty when counted
    cost: Decimal | None = None  # what of its cost it brought, after row rules; None when excluded or not told


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What one billing rule did in one run."""

    rule: str
    action: str
    rows_matched: int
    rows_excluded: int
    quantity_before: Decimal
    quantity_after: Decimal
    explanation: str  # the rule as a sentence


@dataclass(frozen=True, slots=True)
class ChargeSet:
    """The charge lines of one snapshot under one version of the rules."""

    charge_set_id: str  # first 32 hex digits of SHA-256(snapshot digest, rules digest, held customers)
    snapshot_id: str
    rules_digest: str
    rules_source: str  # file name, for people
    rows_in: int
    rows_counted: int
    rows_excluded: int
    charge_count: int
    effects: tuple[RuleEffect, ...]
    held_customers: tuple[tuple[str, str], ...] = ()  # (customer code, why): nothing is written or zeroed for them
