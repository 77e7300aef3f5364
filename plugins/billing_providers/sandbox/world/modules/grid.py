"""Which organization of which module is which company, as a person of the MSP has mapped them.

Rows hold what names agree in exactly (blanks around them set aside), and what was mapped by hand. What is ambiguous or
only similar is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.sandbox.world.modules.billing_types import BILLING_TYPES, DATTO_RMM
from billing_providers.sandbox.world.modules.customers import ModuleCustomer
from billing_providers.sandbox.world.modules.records import AtCompany
from billing_providers.sandbox.world.modules.rmm import MISLEADING
from billing_providers.sandbox.world.modules.rmm_records import RmmAccount
from billing_providers.sandbox.world.modules.usage import used_by


@dataclass(frozen=True, slots=True)
class GridRow:
    """One company with its organizations.

    :param organizations: module and name in it; of Datto RMM the name of the site.
    :param site_uids: uids of the sites among them.
    """

    company_id: int
    company_number: str
    company_name: str
    customer_code: str
    organizations: tuple[tuple[str, str], ...]
    site_uids: tuple[str, ...]


def grid_of(customers: tuple[ModuleCustomer, ...], rmm: RmmAccount, companies: list[AtCompany]) -> tuple[GridRow, ...]:
    """Return the rows of all customers that can be mapped."""
    made = []
    modules = sorted({entry.module for entry in BILLING_TYPES})
    for customer in customers:
        found = [company for company in companies if company.name == customer.name and company.active]
        if len(found) != 1:
            continue
        used = {entry.module for entry in used_by(customer)}
        names = [
            (module, customer.name_in(module))
            for module in modules
            if module in used and module != DATTO_RMM and _belongs(customer, customer.name_in(module))
        ]
        sites = [
            site
            for site in rmm.sites
            if site.customer_code == customer.code and customer.code not in MISLEADING and _belongs(customer, site.name)
        ]
        if names or sites:
            company = found[0]
            made.append(
                GridRow(
                    company.company_id,
                    company.number,
                    company.name,
                    customer.code,
                    (*names, *((DATTO_RMM, site.name) for site in sites)),
                    tuple(site.uid for site in sites),
                )
            )
    return tuple(made)


def _belongs(customer: ModuleCustomer, name: str) -> bool:
    return customer.mapped or name.strip() == customer.name
