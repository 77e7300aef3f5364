"""Exact sums of billing items: over all, and by module, customer, service and period; pending apart from posted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing_providers.model.billing_dataset import BillingItem, BillingTotal, ItemState, TotalBy
from billing_providers.model.decimals import EXACT

Named = tuple[str, str]  # key and label

_NAMED: dict[TotalBy, Callable[[BillingItem], Named]] = {
    TotalBy.ALL: lambda item: ("", ""),
    TotalBy.MODULE: lambda item: (item.module, item.module),
    TotalBy.CUSTOMER: lambda item: (item.account_id, item.account_name),
    TotalBy.SERVICE: lambda item: (item.service_id or item.service_name, item.service_name),
    TotalBy.PERIOD: lambda item: (str(item.billed_period or ""), str(item.billed_period or "")),
}


@dataclass(slots=True)
class _Sum:
    label: str
    items: int = 0
    quantity: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    unpriced: int = 0

    def add(self, item: BillingItem) -> None:
        self.items += 1
        self.quantity = EXACT.add(self.quantity, item.quantity or Decimal(0))
        self.amount = EXACT.add(self.amount, item.amount or Decimal(0))
        self.unpriced += item.amount is None


def billing_totals(items: Iterable[BillingItem]) -> list[BillingTotal]:
    """Return the totals, sorted by what they are of, key, currency and state. Nothing is rounded.

    Amounts of different currencies are never added: each currency has totals of its own.
    """
    sums: dict[tuple[TotalBy, str, str, ItemState], _Sum] = {}
    for item in items:
        for by, named in _NAMED.items():
            key, label = named(item)
            sums.setdefault((by, key, item.currency, item.state), _Sum(label)).add(item)
    return [
        BillingTotal(by, key, held.label, state, currency, held.items, held.quantity, held.amount, held.unpriced)
        for (by, key, currency, state), held in sorted(sums.items(), key=lambda entry: entry[0])
    ]
