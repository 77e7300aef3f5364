"""Which company and which contracts each customer has; the ordinary one has one contract, monthly, in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.world.modules.billing_types import ALL_DEVICES, BY_HAND, DATTO_RMM, billing_type
from billing_providers.sandbox.world.modules.customers import ModuleCustomer, other_companies
from billing_providers.sandbox.world.modules.records import (
    CONTRACT_INACTIVE,
    QUARTERLY,
    TIME_AND_MATERIALS,
    AtContract,
)
from billing_providers.sandbox.world.modules.tenant import TenantBuilder

_RMM_SERVICE = billing_type(DATTO_RMM, ALL_DEVICES).service


def contracts_of(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    """Add a customer's company with its contracts; return those that lines go on.

    Unusable companies and contracts get lines as well: a run that picks them by mistake must be seen to write.
    """
    return _SPECIAL.get(customer.code, _one_contract)(psa, customer)


def _one_contract(psa: TenantBuilder, customer: ModuleCustomer, **facts: Any) -> list[AtContract]:
    return [psa.add_contract(psa.add_company(customer.code, customer.name), **facts)]


def _with(**facts: Any) -> Callable[[TenantBuilder, ModuleCustomer], list[AtContract]]:
    return lambda psa, customer: _one_contract(psa, customer, **facts)


def _inactive_company(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    return [psa.add_contract(psa.add_company(customer.code, customer.name, active=False))]


def _two_companies(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    contracts = _one_contract(psa, customer)
    second = psa.add_contract(psa.add_company(f"{customer.code}-2", customer.name))
    psa.add_line(second, _RMM_SERVICE, 33)
    return contracts


def _nothing(_psa: TenantBuilder, _customer: ModuleCustomer) -> list[AtContract]:
    return []


def _no_contract(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    psa.add_company(customer.code, customer.name)
    return []


def _time_and_materials(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    psa.add_contract(psa.add_company(customer.code, customer.name), "Projects", contract_type=TIME_AND_MATERIALS)
    return []


def _followed(last_day: date) -> Callable[[TenantBuilder, ModuleCustomer], list[AtContract]]:
    def make(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
        company = psa.add_company(customer.code, customer.name)
        following = date.fromordinal(last_day.toordinal() + 1)
        return [
            psa.add_contract(company, "Managed Services 2025", end=last_day),
            psa.add_contract(company, "Managed Services 2026", start=following),
        ]

    return make


def _two_contracts(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    company = psa.add_company(customer.code, customer.name)
    return [psa.add_contract(company, "Monitoring"), psa.add_contract(company, "Security")]


def _subsidiary(psa: TenantBuilder, customer: ModuleCustomer) -> list[AtContract]:
    parent = next(company for company in psa.companies if company.name == "Castle Mews Dental Group")
    return [psa.add_contract(psa.add_company(customer.code, customer.name, parent=parent))]


_SPECIAL: dict[str, Callable[[TenantBuilder, ModuleCustomer], list[AtContract]]] = {
    "UNKN": _nothing,
    "INAC": _inactive_company,
    "TWIN": _two_companies,
    "NOCO": _no_contract,
    "TYPE": _time_and_materials,
    "NMON": _with(period_type=QUARTERLY),
    "STOP": _with(status=CONTRACT_INACTIVE),
    "ENDD": _with(end=date(2025, 12, 31)),
    "ENDS": _with(end=date(2026, 9, 20)),
    "ROLL": _followed(date(2026, 6, 30)),
    "OVER": _followed(date(2026, 7, 14)),
    "STRT": _with(start=date(2026, 7, 15)),
    "TWOC": _two_contracts,
    "CHLD": _subsidiary,
}


def add_other_companies(psa: TenantBuilder) -> None:
    """Add the companies that use no module: what they have was sold by hand, services of modules included."""
    for place, (code, name) in enumerate(other_companies()):
        company = psa.add_company(code, name, active=place % 13 != 12)
        if place % 3 == 2:
            projects = psa.add_contract(company, "Projects", contract_type=TIME_AND_MATERIALS)
            hours = Decimal(1 + place % 5) + Decimal("0.25")
            psa.add_charge(projects, "Project work", hours, date(2026, 1, 31), invoiced=place % 2 == 0)
            continue
        contract = psa.add_contract(company)
        for service, *_ in BY_HAND[place % 4 : place % 4 + 2]:
            psa.add_line(contract, service, 1 + place % 6)
        if place % 7 == 3:
            psa.add_line(contract, _RMM_SERVICE, 25)
