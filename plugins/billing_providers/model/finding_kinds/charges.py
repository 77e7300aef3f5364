"""Codes about charges: what a distributor billed, folded into quantities, dated, and carried over whole."""

from __future__ import annotations

from billing_providers.model.findings import FindingKind, Level, Scope

_INFO, _WARNING = Level.INFO, Level.WARNING
_CUSTOMER, _LINE = Scope.CUSTOMER, Scope.LINE

CHARGES: tuple[FindingKind, ...] = (
    FindingKind(
        198,
        "other_currency",
        _WARNING,
        _CUSTOMER,
        "A customer is charged in another currency than its contracts",
        "{customer_name} is charged in {currencies}, and contracts are in {currency}. Nothing is written or set to zero for this customer.",
        "Bill it by an integration of its own with that currency in the policy, correct the charges in {source}, or convert them by a rule that sets currency and cost.",
    ),
    FindingKind(
        196,
        "days_not_kept",
        _WARNING,
        _LINE,
        "A quantity that is split by shares cannot keep the days of its changes",
        "{customer_name}: {service} on contract {contract_name} gets its quantity from one day on: the charges behind it are split by shares, and the days of their changes are not.",
        "Map what is prorated without shares, or switch prorate off for this integration.",
    ),
    FindingKind(
        197,
        "more_steps",
        _INFO,
        _LINE,
        "A line that is added gets the later changes of the period in the next run",
        "{customer_name}: {service} is added to contract {contract_name} with its first quantity; what changed later in the period is written once the line has an id.",
        "Run again once this run is through.",
    ),
)
