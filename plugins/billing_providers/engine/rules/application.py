"""Applies billing rules: usage records become charge lines. This is the page to read first.

1. Row rules, in the order of the file, change or exclude usage rows; the first that excludes a row wins.
2. What is not billable, or is no quantity (setup charges, credits, unknown kinds), is left out.
3. What has no quantity, or none that can be kept exactly, holds its customer.
4. The rows that are left are summed by identity, exactly: source, customer, SKU, term, billing cycle, item id.
5. Line rules, in the order of the file, change the sums.
6. Charge lines are numbered in the order of their identity, and costs that are not all there hold their customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.engine.rules.charge_lines import ChargeLines
from billing_providers.engine.rules.columns import Column
from billing_providers.engine.rules.conservation import check_conservation, costs_on_purpose
from billing_providers.engine.rules.counted_costs import counted_costs
from billing_providers.engine.rules.exact import amount_kept, is_known, kept
from billing_providers.engine.rules.held import Held, choose_billing_identifiers
from billing_providers.engine.rules.rule_set import BillingRules, Rule
from billing_providers.engine.rules.steps import steps_told
from billing_providers.engine.rules.usage_rows import TOTAL_OF, UsageRows
from billing_providers.model.charges import ChargeLine, RowOutcome, RuleEffect
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.frames import frame_of_columns
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.usage import UsageKind

if TYPE_CHECKING:
    import pandas as pd

    from billing_providers.engine.rules.columns import Mask

_QUANTITIES = frozenset({UsageKind.RECURRING, UsageKind.USAGE})


@dataclass(frozen=True, slots=True)
class RuledUsage:
    """What the rules made of the usage.

    :param charges: frame of :class:`ChargeLine`, sorted by identity.
    :param outcomes: frame of :class:`RowOutcome`, one per usage row, in the order of the usage.
    :param effects: what each rule in force did, in the order of application.
    :param held_customers: code to reason; their charge lines are incomplete and must not be written.
    """

    charges: pd.DataFrame
    outcomes: pd.DataFrame
    effects: tuple[RuleEffect, ...]
    findings: tuple[Finding, ...]
    held_customers: dict[str, str]


def apply_rules(usage: pd.DataFrame, rules: BillingRules, period: BillingPeriod, voice: FindingVoice) -> RuledUsage:
    """Return the charge lines of a usage frame under a set of rules. The frame is not changed.

    :param usage: frame of :class:`billing_providers.model.usage.UsageRecord`.
    :param period: decides which rules are in force.
    """
    rows = UsageRows(usage, period)
    held = Held(voice)
    row_rules = [rule for rule in rules.row_rules if rule.in_force(period)]
    line_rules = [rule for rule in rules.line_rules if rule.in_force(period)]

    effects = [rule.apply(rows) for rule in row_rules]
    effects += _leave_out_what_is_no_quantity(rows, held)
    _hold_unknown_quantities(rows, held)
    lines = ChargeLines(rows)
    choose_billing_identifiers(rows, lines, held)
    effects += [rule.apply(lines) for rule in line_rules]
    held.mixed_units(lines.mixed_units)
    _hold_quantities_out_of_range(rows, lines, held)
    charged = usage["total_cost"].to_numpy(dtype=object)
    check_conservation(charged, rows, lines, row_rules, held)

    if len(usage):
        held.findings += _unmatched(row_rules, line_rules, effects, voice)
        held.findings += costs_on_purpose(charged, rows, row_rules, voice)
    return RuledUsage(
        charges=_charges(lines),
        outcomes=_outcomes(usage, rows, lines),
        effects=tuple(effects),
        findings=tuple(held.findings),
        held_customers=dict(sorted(held.customers.items())),
    )


def _leave_out_what_is_no_quantity(rows: UsageRows, held: Held) -> list[RuleEffect]:
    not_billable = rows.open & rows.table.column("billable").where(lambda billable: not billable)
    effects = [_left_out(rows, not_billable, "not billable", "Leaves out what the source marks as not billable.")]
    kinds = rows.table.column("kind")
    for kind in sorted({str(value) for value in kinds.values} - _QUANTITIES):
        mask = rows.open & kinds.where(lambda value, kind=kind: str(value) == kind)  # type: ignore[misc]
        held.no_quantity_kind(kind, rows.customers(mask))
        effects.append(_left_out(rows, mask, f"kind {kind} is not a quantity", f"Leaves out rows of kind {kind}."))
    return [effect for effect in effects if effect.rows_matched]


def _left_out(rows: UsageRows, mask: Mask, reason: str, explanation: str) -> RuleEffect:
    count, before = int(mask.sum()), rows.total(mask)
    rows.exclude(mask, reason)
    return RuleEffect(
        rule=f"({reason})",
        action="exclude",
        rows_matched=count,
        rows_excluded=count,
        quantity_before=before,
        quantity_after=Decimal(0),
        explanation=explanation,
    )


def _hold_unknown_quantities(rows: UsageRows, held: Held) -> None:
    quantities = rows.table.column("quantity")
    missing = rows.open & quantities.where(lambda quantity: quantity is None)
    held.without_quantity(rows, missing)
    rows.exclude(missing, "the source gives no quantity")
    lost = rows.open & quantities.where(lambda quantity: quantity is None or not is_known(kept(quantity)))
    held.out_of_range(rows, lost)
    rows.exclude(lost, "the quantity is out of range")


def _hold_quantities_out_of_range(rows: UsageRows, lines: ChargeLines, held: Held) -> None:
    lost = lines.table.column("quantity").where(lambda quantity: not is_known(kept(quantity)))
    if lost.any():
        behind = lines.rows_of(lost)
        held.out_of_range(rows, behind)
        rows.exclude(behind, "the quantity is out of range")
        lines.drop(lost)


def _unmatched(
    row_rules: list[Rule[UsageRows]],
    line_rules: list[Rule[ChargeLines]],
    effects: list[RuleEffect],
    voice: FindingVoice,
) -> list[Finding]:
    matched = {effect.rule for effect in effects if effect.rows_matched}
    wanted = [rule.name for rule in row_rules if not rule.may_match_nothing] + [rule.name for rule in line_rules]
    return [voice.finding(112, rule=name) for name in wanted if name not in matched]


def _charges(lines: ChargeLines) -> pd.DataFrame:
    table = lines.table
    columns: dict[str, list[Any]] = {
        name: table.objects(name).tolist()
        for name in ChargeLine.__dataclass_fields__
        if name not in {"charge_no", "quantity", "record_count", "steps", *TOTAL_OF}
    }
    columns["charge_no"] = list(range(1, table.length + 1))
    columns["quantity"] = _mapped(table.column("quantity"), kept)
    for name in TOTAL_OF:
        columns[name] = _mapped(table.column(name), amount_kept)
    columns["record_count"] = _mapped(table.column("record_count"), int)
    columns["steps"] = steps_told(table.objects("steps"), columns["quantity"])
    return frame_of_columns(ChargeLine, columns)


def _outcomes(usage: pd.DataFrame, rows: UsageRows, lines: ChargeLines) -> pd.DataFrame:
    charge_nos = (lines.line_of_row + 1).astype(object)
    charge_nos[~rows.open] = None
    quantities = rows.table.column("quantity")
    quantities.put(~rows.open, None)
    return frame_of_columns(
        RowOutcome,
        {
            "position": usage["position"].tolist(),
            "charge_no": charge_nos.tolist(),
            "quantity": _mapped(quantities, lambda quantity: None if quantity is None else kept(quantity)),
            "rule": rows.trail.texts().tolist(),
            "reason": rows.reasons().tolist(),
            "cost": counted_costs(rows).tolist(),
        },
    )


def _mapped(column: Column, function: Any) -> list[Any]:
    """Return a function of each row's value, decided once per value that still occurs."""
    import numpy as np

    values = [None] * len(column.values)
    for code in column.used(np.ones(len(column.codes), dtype=bool)):
        values[code] = function(column.values[code])
    return Column(column.codes, values).objects().tolist()  # type: ignore[no-any-return]
