"""Usage rows of one billing period, and what billing rules make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.engine.rules import RuledUsage, apply_rules, load_rules
from billing_providers.model.charges import ChargeLine, RowOutcome
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.frames import frame_of, rows_of
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.usage import UsageKind, UsageRecord

PERIOD = BillingPeriod(date(2026, 1, 26), date(2026, 2, 26), "Europe/London")
VOICE = FindingVoice()

_PLAIN = UsageRecord(
    source="atria",
    position="row 1",
    record_id="",
    customer_code="ASP",
    customer_name="Asp Ltd",
    billing_identifier="ASP-01",
    sku="MS365-BP",
    description="Business Premium",
    summary="Microsoft 365",
    term="monthly",
    billing_cycle="monthly",
    item_id="",
    kind=UsageKind.RECURRING,
    quantity=Decimal(5),
    assigned=None,
    enabled=None,
    total=None,
    unit="seats",
    unit_cost=Decimal("17.90"),
    unit_price=Decimal("22.90"),
    currency="GBP",
    billable=True,
    period_start=PERIOD.start,
    period_end=PERIOD.end,
    actor="",
    plan="",
    attributes="{}",
)


def row(quantity: str | int | None = 5, **fields: Any) -> UsageRecord:
    """A row of an ordinary customer; fields as given, quantity exact."""
    return replace(_PLAIN, quantity=None if quantity is None else Decimal(quantity), **fields)


def numbered(rows: list[UsageRecord]) -> list[UsageRecord]:
    """The rows with positions: row 1, row 2, …"""
    return [replace(record, position=f"row {number}") for number, record in enumerate(rows, start=1)]


def ruled(rules: str, *rows: UsageRecord, period: BillingPeriod = PERIOD) -> RuledUsage:
    """What a list of rules, written as YAML, makes of the rows."""
    return apply_rules(frame_of(UsageRecord, numbered(list(rows))), load_rules(rules, "rules.yaml"), period, VOICE)


def one_rule(text: str, *rows: UsageRecord, period: BillingPeriod = PERIOD) -> RuledUsage:
    """What one rule, written as its YAML mapping without a name, makes of the rows."""
    return ruled(f"rules: [{{name: the rule, {text}}}]", *rows, period=period)


NO_RULES = "rules: []"


def charges(result: RuledUsage) -> list[ChargeLine]:
    """The charge lines as values."""
    return list(rows_of(ChargeLine, result.charges))


def outcomes(result: RuledUsage) -> list[RowOutcome]:
    """The outcomes as values."""
    return list(rows_of(RowOutcome, result.outcomes))


def counted(result: RuledUsage) -> dict[str, str]:
    """SKU → quantity as text; for results in which every SKU has one line."""
    lines = charges(result)
    assert len({line.sku for line in lines}) == len(lines), "several lines of one SKU"
    return {line.sku: text_from_decimal(line.quantity) for line in lines}


def codes(findings: tuple[Finding, ...]) -> list[str]:
    """The printed codes, in order."""
    return [finding.code for finding in findings]
