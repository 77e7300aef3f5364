"""Builds the ConnectWise tenant: companies, agreements and additions as they stand before the first run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.world.resale.catalogue import (
    BLOCK_TIME,
    BY_HAND,
    CYCLES,
    MANAGED_SERVICES,
    MONTHLY,
    QUARTERLY,
    STATUS_ACTIVE,
    STATUS_INACTIVE,
    STATUS_NOT_APPROVED,
    STATUSES,
    TYPES,
    build_products,
)
from billing_providers.sandbox.world.resale.customers import ResaleCustomer, other_companies
from billing_providers.sandbox.world.resale.records import (
    CANCELLED,
    EXPIRED,
    CwAddition,
    CwAgreement,
    CwCompany,
    CwProduct,
    CwTenant,
)

_START = date(2021, 1, 1)
_NEXT_INVOICE = date(2026, 1, 1)  # nothing of 2026 is invoiced
_ONE = Decimal(1)


@dataclass
class TenantBuilder:
    """Collects companies, agreements and additions; ids follow the order of adding."""

    products: tuple[CwProduct, ...] = field(default_factory=build_products)
    companies: list[CwCompany] = field(default_factory=list)
    agreements: list[CwAgreement] = field(default_factory=list)
    additions: list[CwAddition] = field(default_factory=list)

    def product(self, identifier: str) -> CwProduct:
        """Return a product by its identifier."""
        return next(product for product in self.products if product.identifier == identifier)

    def add_company(self, code: str, name: str, status_id: int = STATUS_ACTIVE, deleted: bool = False) -> CwCompany:
        """Add a company."""
        company = CwCompany(2001 + len(self.companies), code, name, status_id, deleted)
        self.companies.append(company)
        return company

    def add_agreement(self, company: CwCompany, words: str = "Managed Services", **facts: Any) -> CwAgreement:
        """Add an agreement; by default a usable one."""
        usual: dict[str, Any] = {
            "type_id": MANAGED_SERVICES, "start": _START, "end": None, "bill_start": _START, "cycle_id": MONTHLY,
            "next_invoice": _NEXT_INVOICE,
        }  # fmt: skip
        agreement = CwAgreement(
            4001 + len(self.agreements), company.company_id, f"{company.name} - {words}"[:100], **(usual | facts)
        )
        self.agreements.append(agreement)
        return agreement

    def add_addition(self, agreement: CwAgreement, identifier: str, quantity: Decimal, **facts: Any) -> CwAddition:
        """Add an addition, at the catalogue's prices and from the agreement's billing start unless told otherwise."""
        product = self.product(identifier)
        usual: dict[str, Any] = {
            "included": Decimal(0),
            "unit_cost": product.cost,
            "unit_price": product.price,
            "starts_on": agreement.bill_start,
        }
        addition = CwAddition(
            70001 + len(self.additions), agreement.agreement_id, product.product_id, quantity, **(usual | facts)
        )
        self.additions.append(addition)
        return addition

    def finished(self) -> CwTenant:
        """Return the tenant."""
        return CwTenant(
            statuses=STATUSES,
            companies=tuple(self.companies),
            cycles=CYCLES,
            types=TYPES,
            agreements=tuple(self.agreements),
            products=self.products,
            additions=tuple(self.additions),
        )


def agreements_of(psa: TenantBuilder, customer: ResaleCustomer) -> list[CwAgreement]:
    """Add a customer's company with its agreements; return those that additions go on.

    Unusable companies and agreements get additions as well: a run that picks them by mistake must be seen to write.
    """
    return _SPECIAL.get(customer.code, _one_agreement)(psa, customer)


def _one_agreement(psa: TenantBuilder, customer: ResaleCustomer, **facts: Any) -> list[CwAgreement]:
    return [psa.add_agreement(psa.add_company(customer.code, customer.name), **facts)]


def _with(**facts: Any) -> Callable[[TenantBuilder, ResaleCustomer], list[CwAgreement]]:
    return lambda psa, customer: _one_agreement(psa, customer, **facts)


def _company_with(**facts: Any) -> Callable[[TenantBuilder, ResaleCustomer], list[CwAgreement]]:
    return lambda psa, customer: [psa.add_agreement(psa.add_company(customer.code, customer.name, **facts))]


def _two_companies(psa: TenantBuilder, customer: ResaleCustomer) -> list[CwAgreement]:
    agreements = _one_agreement(psa, customer)
    second = psa.add_agreement(psa.add_company(f"{customer.code}-2", customer.name))
    psa.add_addition(second, "OnlineBackup", Decimal("88.00"))
    return agreements


def _nothing(_psa: TenantBuilder, _customer: ResaleCustomer) -> list[CwAgreement]:
    return []


def _no_agreement(psa: TenantBuilder, customer: ResaleCustomer) -> list[CwAgreement]:
    psa.add_company(customer.code, customer.name)
    return []


def _child(psa: TenantBuilder, customer: ResaleCustomer) -> list[CwAgreement]:
    group = next(company for company in psa.companies if company.identifier == "PARE")
    parent = next(entry for entry in psa.agreements if entry.company_id == group.company_id)
    return _one_agreement(psa, customer, parent_id=parent.agreement_id)


def _two_agreements(psa: TenantBuilder, customer: ResaleCustomer) -> list[CwAgreement]:
    company = psa.add_company(customer.code, customer.name)
    return [psa.add_agreement(company, "Backup"), psa.add_agreement(company, "Cloud and licences")]


def _block_time_beside(psa: TenantBuilder, customer: ResaleCustomer) -> list[CwAgreement]:
    agreements = _one_agreement(psa, customer)
    company = psa.companies[-1]
    block = psa.add_agreement(company, "Block Time", type_id=BLOCK_TIME)
    psa.add_addition(block, "OnlineBackup", Decimal("12.00"))
    return agreements


_SPECIAL: dict[str, Callable[[TenantBuilder, ResaleCustomer], list[CwAgreement]]] = {
    "BERG": _two_companies,
    "KOWA": _company_with(deleted=True),
    "DELA": _company_with(status_id=STATUS_NOT_APPROVED),
    "FJEL": _nothing,
    "GHCL": _nothing,
    "NOCY": _with(cycle_id=None),
    "QUAR": _with(cycle_id=QUARTERLY),
    "CANC": _with(status=CANCELLED, cancelled=date(2025, 11, 30), end=date(2025, 11, 30)),
    "EXPI": _with(status=EXPIRED, end=date(2025, 6, 30)),
    "ENDS": _with(end=date(2026, 12, 31)),
    "CHLD": _child,
    "TWOA": _two_agreements,
    "NOAG": _no_agreement,
    "BFOR": _with(start=date(2025, 1, 1), bill_start=date(2025, 3, 1)),
    "INVD": _with(prorates=False, next_invoice=date(2027, 1, 1)),
    "MIDM": _with(prorates=False),
    "AALB": _block_time_beside,
}


def add_other_companies(psa: TenantBuilder) -> None:
    """Add the companies that use neither system: whatever they have was sold by hand, OnlineBackup included."""
    for place, (code, name) in enumerate(other_companies()):
        status = STATUS_INACTIVE if place % 17 == 16 else STATUS_ACTIVE
        agreement = psa.add_agreement(psa.add_company(code, name, status, deleted=place % 23 == 22))
        for identifier, *_ in BY_HAND[place % 4 : place % 4 + 2]:
            psa.add_addition(agreement, identifier, Decimal(1 + place % 6))
        if place % 7 == 3:
            psa.add_addition(agreement, "OnlineBackup", Decimal("100.00"))
        if place % 9 == 5:
            other = psa.add_agreement(psa.companies[-1], "Block Time", type_id=BLOCK_TIME, cycle_id=None)
            psa.add_addition(other, "ONSITE-FIX", _ONE)
