"""What a diff does to each account, from the parts of its changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billing_providers.model.decimals import EXACT
from billing_providers.model.diff_page import AccountTotal

_NOTHING = Decimal(0)


def account_totals(rows: Iterable[Mapping[str, Any]]) -> list[AccountTotal]:
    """Return the accounts of a diff, those whose amount moves most first.

    :param rows: one per change: ``account_id``, ``account_name``, ``quantity_before``, ``quantity_after``,
        ``unit_price`` (decimals or None) and ``held_by`` (JSON list as text).
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        kept = found.setdefault(
            row["account_id"], {"name": row["account_name"], "changes": 0, "held": 0, "amount": _NOTHING, "unpriced": 0}
        )
        kept["changes"] += 1
        kept["held"] += row["held_by"] != "[]"
        moved = amount_moved(row["quantity_before"], row["quantity_after"], row["unit_price"])
        kept["unpriced"] += moved is None
        kept["amount"] = EXACT.add(kept["amount"], moved or _NOTHING)
    totals = [
        AccountTotal(account_id, kept["name"], kept["changes"], kept["held"], kept["amount"], kept["unpriced"])
        for account_id, kept in found.items()
    ]
    return sorted(totals, key=lambda one: (-abs(one.amount), one.account_name, one.account_id))


def amount_moved(before: Decimal | None, after: Decimal, unit_price: Decimal | None) -> Decimal | None:
    """Return by how much a line's amount moves at the price that it has afterwards; None when that is not known."""
    if unit_price is None:
        return None
    return EXACT.multiply(EXACT.subtract(after, before or _NOTHING), unit_price)
