"""The source's side: usage records summed as they were told, with what the rules made of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.engine.joined_names import names_in
from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.model.decimals import EXACT
from billing_providers.model.reconciliation import Cause

#: Customer, SKU, term, billing cycle, unit and currency as the source told them, trimmed.
Key = tuple[str, str, str, str, str, str]
ZERO = Decimal(0)
_USAGE = (
    "customer_code", "sku", "term", "billing_cycle", "unit", "currency", "customer_name", "quantity", "unit_cost",
    "total_cost", "covers_from",
)  # fmt: skip
_OUTCOME = ("charge_no", "quantity", "rule", "reason", "cost")


@dataclass(slots=True)
class Charged:
    """The records of one row of the report.

    ``carried_cost`` was charged in earlier periods, for years that are running, and is no part of ``cost``.
    ``kept_by_charge`` is what they brought to each charge line, in quantity. ``causes`` are those that the rules give,
    with words about them; ``converted``: their quantities are kept in another unit than they were told in.
    """

    key: Key
    customer_name: str
    records: int = 0
    quantity: Decimal | None = None
    cost: Decimal | None = None
    without_cost: int = 0
    carried_cost: Decimal = ZERO
    kept_quantity: Decimal = ZERO
    kept_cost: Decimal = ZERO
    dropped_quantity: Decimal = ZERO
    dropped_cost: Decimal = ZERO
    folded: Decimal = ZERO
    converted: bool = False
    kept_by_charge: dict[int, Decimal] = field(default_factory=dict)
    causes: dict[Cause, dict[str, None]] = field(default_factory=dict)

    def because(self, cause: Cause, words: str = "") -> None:
        """Note a cause, with words about it."""
        told = self.causes.setdefault(cause, {})
        if words:
            told[words] = None


def record_cost(total: Decimal | None, unit: Decimal | None, quantity: Decimal | None) -> Decimal | None:
    """Return what a record costs as the source told it: its total, else quantity times the cost of one unit."""
    if total is not None or unit is None or quantity is None:
        return total
    return EXACT.multiply(unit, quantity)


def charged_rows(inputs: ReconcileInputs) -> dict[Key, Charged]:
    """Return the usage of a run by customer and SKU, as told, in the order of the source."""
    actions = {effect.rule: effect.action for effect in inputs.charge_set.effects}
    usage = zip(*(inputs.usage[name].tolist() for name in _USAGE), strict=True)
    outcomes = zip(*(inputs.outcomes[name].tolist() for name in _OUTCOME), strict=True)
    trails: dict[str, list[str]] = {}
    rows: dict[Key, Charged] = {}
    for (*texts, name, quantity, unit_cost, total, since), outcome in zip(usage, outcomes, strict=True):
        code, sku, term, cycle, unit, currency = (str(text or "").strip() for text in texts)
        key = (code, sku, term, cycle, unit, currency)
        row = rows.get(key) or rows.setdefault(key, Charged(key, name))
        cost = record_cost(total, unit_cost, quantity)
        if outcome[2] not in trails:
            trails[outcome[2]] = names_in(outcome[2], actions)
        rules = {rule: actions.get(rule, "") for rule in trails[outcome[2]]}
        if is_carried(since, rules.values(), inputs.scope.period.start):
            row.carried_cost = EXACT.add(row.carried_cost, cost or ZERO)
            cost = None if cost is None else ZERO
        _charge(row, quantity, cost)
        if outcome[0] is None:
            _drop(row, quantity, cost, outcome[3])
        else:
            _keep(row, (quantity, cost), outcome, rules)
    return rows


def is_carried(since: date | None, actions: Collection[str], period_start: date) -> bool:
    """Whether a record was charged before the period and is read again, as a rule bills its year in parts."""
    return since is not None and since < period_start and "yearly" in actions


def charges_changed(inputs: ReconcileInputs, rows: Mapping[Key, Charged]) -> dict[int, Decimal]:
    """Return the quantity of each charge line, and note where rules of the sums made it another than its rows'."""
    brought: dict[int, Decimal] = {}
    for row in rows.values():
        for number, quantity in row.kept_by_charge.items():
            brought[number] = EXACT.add(brought.get(number, ZERO), quantity)
    quantities = dict(zip(inputs.charges["charge_no"].tolist(), inputs.charges["quantity"].tolist(), strict=True))
    changed = {number for number, quantity in brought.items() if quantities.get(number) != quantity}
    for row in rows.values():
        if changed & row.kept_by_charge.keys():
            row.because(Cause.BY_RULE, "of the sum")
    return quantities


def _charge(row: Charged, quantity: Decimal | None, cost: Decimal | None) -> None:
    row.records += 1
    if quantity is not None:
        row.quantity = EXACT.add(row.quantity or ZERO, quantity)
    if cost is None:
        row.without_cost += 1
    else:
        row.cost = EXACT.add(row.cost or ZERO, cost)


def _drop(row: Charged, quantity: Decimal | None, cost: Decimal | None, reason: str) -> None:
    row.dropped_quantity = EXACT.add(row.dropped_quantity, quantity or ZERO)
    row.dropped_cost = EXACT.add(row.dropped_cost, cost or ZERO)
    row.because(Cause.EXCLUDED, reason)


def _keep(
    row: Charged, told: tuple[Decimal | None, Decimal | None], outcome: tuple[Any, ...], rules: Mapping[str, str]
) -> None:
    """Add a record that counts: what it brought to its charge line, and which rule made that another number."""
    number, counted, _, _, kept_cost = outcome
    quantity, cost = told
    row.kept_quantity = EXACT.add(row.kept_quantity, counted)
    row.kept_cost = EXACT.add(row.kept_cost, kept_cost or ZERO)
    row.kept_by_charge[number] = EXACT.add(row.kept_by_charge.get(number, ZERO), counted)
    row.converted |= "unit" in rules.values()
    for rule, action in rules.items():
        if action == "fold" and quantity is not None and quantity != counted:
            row.folded = EXACT.add(row.folded, EXACT.subtract(quantity, counted))
            row.because(Cause.FOLDED, rule)
        elif action == "yearly" and (quantity, cost) != (counted, kept_cost):
            row.because(Cause.OTHER_PERIODS, rule)
        elif action in {"set", "multiply", "count", "unit"} and (quantity, cost) != (counted, kept_cost):
            row.because(Cause.BY_RULE, rule)
