"""Sums of the report by customer and in all, and the proof that no charged amount is missing from its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from billing_providers.engine.joined_names import names_in
from billing_providers.engine.reconciliation.charged import is_carried, record_cost
from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.engine.reconciliation.parts import summed
from billing_providers.model.decimals import EXACT
from billing_providers.model.reconciliation import Cause, ReconciledRow, ReconciledTotal

ZERO = Decimal(0)
_SUMMED = ("charged_cost", "kept_cost", "dropped_cost", "billed_cost", "billed_amount")


def totals_of(rows: Iterable[ReconciledRow]) -> list[ReconciledTotal]:
    """Return one total per customer and currency, and one per currency over all customers, which come first."""
    groups: dict[tuple[str, str], list[ReconciledRow]] = {}
    names: dict[str, str] = {"": ""}
    for row in rows:
        if Cause.NOT_MANAGED in row.causes:  # listed, but no part of what this source is billed by
            continue
        names.setdefault(row.customer_code, row.customer_name)
        for code in dict.fromkeys(("", row.customer_code)):
            groups.setdefault((code, row.currency), []).append(row)
    return [_total(code, names[code], currency, groups[code, currency]) for code, currency in sorted(groups)]


def mismatches(inputs: ReconcileInputs, rows: Iterable[ReconciledRow]) -> list[tuple[str, str, Decimal, Decimal]]:
    """Return (customer, currency, reported, charged) where the rows do not sum to what the records cost."""
    actions = {effect.rule: effect.action for effect in inputs.charge_set.effects}
    start = inputs.scope.period.start
    charged: dict[tuple[str, str], Decimal] = {}
    names = ("customer_code", "currency", "total_cost", "unit_cost", "quantity", "covers_from")
    columns = [inputs.usage[name].tolist() for name in names]
    for code, currency, total, unit, quantity, since, rules in zip(
        *columns, inputs.outcomes["rule"].tolist(), strict=True
    ):
        earlier = is_carried(since, [actions.get(rule, "") for rule in names_in(rules, actions)], start)
        cost = record_cost(total, unit, quantity)
        _add(charged, (code.strip(), (currency or "").strip()), None if earlier else cost)
    reported: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        _add(reported, (row.customer_code, row.currency), row.charged_cost)
    return [
        (*key, reported.get(key, ZERO), charged.get(key, ZERO))
        for key in sorted(reported.keys() | charged.keys())
        if reported.get(key, ZERO) != charged.get(key, ZERO)
    ]


def _total(code: str, name: str, currency: str, rows: Sequence[ReconciledRow]) -> ReconciledTotal:
    sums = dict.fromkeys(_SUMMED, ZERO)
    for row in rows:
        for field in _SUMMED:
            sums[field] = EXACT.add(sums[field], getattr(row, field) or ZERO)
    margins = [margin for row in rows if (margin := row.margin) is not None]
    return ReconciledTotal(
        customer_code=code,
        customer_name=name,
        currency=currency,
        rows=len(rows),
        differing=sum(row.causes != (Cause.NONE,) for row in rows),
        margin=summed(margins) or ZERO,
        unknown=len(rows) - len(margins),
        **sums,
    )


def _add(sums: dict[tuple[str, str], Decimal], key: tuple[str, str], amount: Decimal | None) -> None:
    if amount is not None:
        sums[key] = EXACT.add(sums.get(key, ZERO), amount)
