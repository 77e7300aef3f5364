"""Puts what a customer uses on additions: which metric on which addition, and what a right run makes of it.

Before the first run an addition holds what the unchanged month makes of it, so a run changes only what varies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.world.records import Outcome
from billing_providers.sandbox.world.resale.amounts import LICENCE, UsageBook
from billing_providers.sandbox.world.resale.catalogue import BY_HAND, PRODUCT_OF
from billing_providers.sandbox.world.resale.customers import ResaleCustomer
from billing_providers.sandbox.world.resale.records import (
    BUNDLE,
    DO_NOT_BILL,
    CwAddition,
    CwAgreement,
    CwTenant,
)
from billing_providers.sandbox.world.resale.tenant import TenantBuilder, add_other_companies, agreements_of
from billing_providers.sandbox.world.resale.terms import DEMO_TERMS, settled

# Customers without a usable company or agreement.
_NO_MATCH = frozenset({
    "BERG", "KOWA", "DELA", "FJEL", "GHCL", "LEVA", "RCAS", "NOCY", "QUAR", "CANC", "EXPI", "NOAG", "BFOR",
})  # fmt: skip
_MISSING = {("NOAD", "computers"), ("RNOA", "billable_space"), ("INVD", "computers")}
_TWICE = {("DBLA", "computers"), ("RDBL", "billable_space")}
_UNMATCHED = {*_MISSING, *_TWICE, ("ENDD", "computers"), ("CLSS", "license.Virtual Machine")}
_GUARDED = {
    ("COST", "used_space"), ("DNBL", "used_space"), ("JUMP", "used_space"), ("RZER", "billable_space"),
}  # fmt: skip
_FACTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ENDD", "computers"): {"last_day": date(2025, 12, 31)},
    ("FUTC", "used_space"): {"last_day": date(2027, 3, 31)},
    ("FREE", "used_space"): {"unit_price": Decimal("0.00")},
    ("DNBL", "used_space"): {"bill_customer": DO_NOT_BILL},
    ("MIDM", "used_space"): {"starts_on": date(2026, 7, 15)},
    ("JUMP", "used_space"): {"quantity": Decimal("40.00")},
    ("RZER", "billable_space"): {"quantity": Decimal("120.00")},
}
_EARLY = date(2025, 1, 1)  # before the billing start of BFOR
_INCLUDED_BEFORE = ("0", "50", "25", "100")  # what additions of RCloud-Storage include before the first run


@dataclass(frozen=True, slots=True)
class ResaleStem:
    """One metric of one customer.

    :param addition_id: where it belongs; None where there is no addition for it.
    :param outcome: what a right run makes of it under default guards and policy.
    :param held_by_product: the company has several agreements of the type; only the policy that takes the one which
        holds the product finds it.
    """

    customer_code: str
    metric: str
    outcome: Outcome
    addition_id: int | None
    held_by_product: bool = False


def build_tenant(customers: tuple[ResaleCustomer, ...], book: UsageBook) -> tuple[CwTenant, tuple[ResaleStem, ...]]:
    """Return the tenant, and where all usage belongs in it."""
    psa = TenantBuilder()
    stems: list[ResaleStem] = []
    for place, customer in enumerate(customers):
        agreements = agreements_of(psa, customer)
        stems += [_stem(psa, book, customer, metric, agreements, place) for metric in metrics_of(customer, book)]
        if agreements:
            for identifier, *_ in BY_HAND[place % 4 : place % 4 + 1 + place % 2]:
                psa.add_addition(agreements[0], identifier, Decimal(1 + place % 9))
    add_other_companies(psa)
    return psa.finished(), tuple(stems)


def metrics_of(customer: ResaleCustomer, book: UsageBook) -> list[str]:
    """Return what a customer uses, by the metric names of the demo."""
    used = []
    if customer.backup_name:
        used = ["used_space", "computers", *(LICENCE + kind for kind in book.licence_types(customer.code))]
        if book.amount(customer.code, "plan", None):
            used.append("plan")
    return [*used, "billable_space"] if customer.client_name else used


def _stem(
    psa: TenantBuilder,
    book: UsageBook,
    customer: ResaleCustomer,
    metric: str,
    agreements: list[CwAgreement],
    place: int,
) -> ResaleStem:
    key = (customer.code, metric)
    two = len(agreements) == 2
    agreement = agreements[metric not in {"used_space", "computers"}] if two else next(iter(agreements), None)
    outcome = Outcome.UNMATCHED if two or customer.code in _NO_MATCH or key in _UNMATCHED else Outcome.BILLED
    addition = None
    if agreement and key not in _MISSING and _can_be_added(psa, metric):
        addition = _addition(psa, book, key, agreement, place)
        _companions(psa, key, agreement)
    else:
        outcome = Outcome.UNMATCHED
    if key in _GUARDED:
        outcome = Outcome.GUARDED
    return ResaleStem(*key, outcome, addition.addition_id if addition else None, held_by_product=two)


def _can_be_added(psa: TenantBuilder, metric: str) -> bool:
    return metric in PRODUCT_OF and psa.product(PRODUCT_OF[metric]).product_class != BUNDLE


def _addition(
    psa: TenantBuilder, book: UsageBook, key: tuple[str, str], agreement: CwAgreement, place: int
) -> CwAddition:
    """Add the addition with what the unchanged month leaves on it; some licence counts are out by one."""
    code, metric = key
    amount = book.amount(code, metric, None)
    product = psa.product(PRODUCT_OF[metric])
    term = DEMO_TERMS.get(metric)
    facts: dict[str, Any] = {"quantity": Decimal(0)}
    if amount and term:
        right = settled(term, amount, product.cost, product.price, Decimal(0))
        facts |= {"quantity": right.quantity, "unit_cost": right.unit_cost, "unit_price": right.unit_price}
    elif amount:
        facts["quantity"] = Decimal(int(amount.quantity))
    if metric.startswith(LICENCE) and place % 3 == 0:
        facts["quantity"] += 1
    if metric == "billable_space":
        facts["included"] = Decimal(_INCLUDED_BEFORE[place % len(_INCLUDED_BEFORE)])
    if code == "BFOR":
        facts["starts_on"] = _EARLY
    return psa.add_addition(agreement, product.identifier, **(facts | _FACTS.get(key, {})))


def _companions(psa: TenantBuilder, key: tuple[str, str], agreement: CwAgreement) -> None:
    """Add what stands beside the addition in some cases."""
    if key in _TWICE:
        psa.add_addition(agreement, PRODUCT_OF[key[1]], Decimal(2))
    if key == ("ENDD", "used_space"):
        psa.add_addition(agreement, "OnlineBackup", Decimal("7.00"), last_day=date(2024, 12, 31))
