"""Conservation: what a source charged is all there after the rules, kept or left out for a reason, or somebody is told.

For each customer and currency, over the rows that tell a total: what the charge lines hold, plus what excluded rows
cost, plus what a rule took elsewhere on purpose, is exactly what the rows sum to. A rule that sets a cost of its own
(``set``) or leaves parts of a year to other periods (``yearly``) is told and is no fault. Where anything is missing
otherwise, or came to it, the customer is held: a rule lost or made money, or charges of one line have no common sum.

What one unit costs is an amount of the source too, but no total: a rule that multiplies the quantity multiplies it on
purpose. Only a bundle makes a total of it; that part is taken off again before sums are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from billing_providers.engine.rules.charge_lines import ChargeLines
from billing_providers.engine.rules.exact import amount_kept
from billing_providers.engine.rules.held import Held
from billing_providers.engine.rules.row_actions import SetFields
from billing_providers.engine.rules.rule_set import Rule
from billing_providers.engine.rules.usage_rows import CustomerRows, UsageRows
from billing_providers.engine.rules.yearly import Yearly
from billing_providers.model.decimals import EXACT, text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Objects

ON_PURPOSE = 206
_ZERO = Decimal(0)
_NAMED_MAX = 5
_Key = tuple[str, str]  # customer code and currency, trimmed


@dataclass(slots=True)
class _Account:
    """What the source charged one customer in one currency, and what of it is accounted for."""

    name: str
    rows: int = 0
    charged: Decimal = _ZERO
    accounted: Decimal = _ZERO


@dataclass(slots=True)
class _Taken:
    """What one rule took elsewhere on purpose, in one currency."""

    amount: Decimal = _ZERO
    rows: int = 0
    customers: set[str] = field(default_factory=set)


def check_conservation(
    charged: Objects, rows: UsageRows, lines: ChargeLines, rules: Sequence[Rule[UsageRows]], held: Held
) -> None:
    """Hold every customer whose costs are not all there.

    :param charged: total cost of each row as the source told it; None where it told none.
    :param rules: row rules in force; what they did to costs on purpose is :func:`costs_on_purpose`.
    """
    accounts: dict[_Key, _Account] = {}
    meant = rows.trail.first_of(purposes(rules))
    now, names = rows.table.objects("total_cost"), rows.table.objects("customer_name")
    for row, key in _telling(charged, rows):
        account = accounts.setdefault(key, _Account(names[row]))
        account.rows += 1
        account.charged = EXACT.add(account.charged, charged[row])
        elsewhere = charged[row] if not rows.open[row] else _moved(charged[row], now[row]) if meant[row] else _ZERO
        account.accounted = EXACT.add(account.accounted, elsewhere)
    if not accounts:
        return
    without_total = _keep(lines, accounts)
    for key, account in sorted(accounts.items()):
        if account.charged != account.accounted:
            skus = sorted(without_total.get(key, set()) | without_total.get((key[0], ""), set()))
            _hold(held, key, account, skus)


def costs_on_purpose(
    charged: Objects, rows: UsageRows, rules: Sequence[Rule[UsageRows]], voice: FindingVoice
) -> list[Finding]:
    """Return what rules did to costs that the source told as totals, one finding per rule and currency."""
    words = purposes(rules)
    meant, now = rows.trail.first_of(words), rows.table.objects("total_cost")
    taken: dict[_Key, _Taken] = {}
    for row, (customer, currency) in _telling(charged, rows) if words else ():
        if rows.open[row] and meant[row] and now[row] != charged[row]:
            told = taken.setdefault((meant[row], currency), _Taken())
            told.amount = EXACT.add(told.amount, _moved(charged[row], now[row]))
            told.rows += 1
            told.customers.add(customer)
    return [
        voice.finding(
            ON_PURPOSE,
            rule=rule,
            what=words[rule],
            amount=text_from_decimal(told.amount),
            currency=currency,
            count=told.rows,
            customers=len(told.customers),
        )
        for (rule, currency), told in sorted(taken.items())
    ]


def purposes(rules: Sequence[Rule[UsageRows]]) -> dict[str, str]:
    """Return what rules do to costs on purpose, by name; the others have to leave them alone."""
    found = {}
    for rule in rules:
        if isinstance(rule.action, Yearly):
            found[rule.name] = "leaves to other periods"
        elif isinstance(rule.action, SetFields) and any(name == "unit_cost" for name, _ in rule.action.values):
            found[rule.name] = "puts a cost of its own in the place of"
    return found


def _telling(charged: Objects, rows: UsageRows) -> list[tuple[int, _Key]]:
    """Return the rows that tell a total, with customer and currency as they are after the rules."""
    import numpy as np

    telling = np.flatnonzero(np.array([amount is not None for amount in charged], dtype=bool)).tolist()
    if not telling:
        return []
    codes, currencies = (rows.table.objects(name)[telling] for name in ("customer_code", "currency"))
    return [
        (row, (code.strip(), (currency or "").strip()))
        for row, code, currency in zip(telling, codes, currencies, strict=True)
    ]


def _moved(charged: Decimal, now: Decimal | None) -> Decimal:
    return EXACT.subtract(charged, now or _ZERO)


def _keep(lines: ChargeLines, accounts: dict[_Key, _Account]) -> dict[_Key, set[str]]:
    """Add what the charge lines hold of amounts that were told as totals; return the SKUs of lines without a total."""
    without: dict[_Key, set[str]] = {}
    names = ("customer_code", "customer_name", "currency", "total_cost", "cost_by_unit", "sku")
    for code, name, currency, total, by_unit, sku in zip(*map(lines.table.objects, names), strict=True):
        key, amount = (code.strip(), (currency or "").strip()), amount_kept(total)
        if amount is None:
            without.setdefault(key, set()).add(sku.strip() or "(no SKU)")
            continue
        account = accounts.setdefault(key, _Account(name))
        account.accounted = EXACT.add(account.accounted, EXACT.subtract(amount, by_unit))
    return without


def _hold(held: Held, key: _Key, account: _Account, skus: Sequence[str]) -> None:
    why = ""
    if skus:
        more = f" and {len(skus) - _NAMED_MAX} more" if len(skus) > _NAMED_MAX else ""
        named = ", ".join(skus[:_NAMED_MAX]) + more
        why = f"The charges of {named} have no sum: some tell no total, or they come in several currencies."
    held.cost_lost(
        CustomerRows(key[0], account.name, account.rows, 0),
        charged=text_from_decimal(account.charged),
        accounted=text_from_decimal(account.accounted),
        missing=text_from_decimal(EXACT.subtract(account.charged, account.accounted)),
        currency=key[1],
        why=why,
    )
