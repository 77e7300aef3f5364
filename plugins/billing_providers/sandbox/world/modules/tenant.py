"""Builds the Autotask tenant: companies, contracts, lines and units as they stand before the first run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.world.modules.billing_types import (
    BILLING_TYPES,
    BUNDLE_COST,
    BUNDLE_NAME,
    BUNDLE_PRICE,
    BY_HAND,
    GRAPHUS,
    OLD_SERVICES,
)
from billing_providers.sandbox.world.modules.records import (
    AtBillingItem,
    AtCompany,
    AtConfigurationItem,
    AtContract,
    AtContractService,
    AtContractServiceBundle,
    AtInvoice,
    AtService,
    AtServiceBundle,
    AtTenant,
    AtUnits,
)
from billing_providers.sandbox.world.modules.rmm_records import RmmAccount

CONTRACT_START, CONTRACT_END = date(2025, 7, 1), date(2028, 12, 31)
POSTED_UNTIL = date(2025, 12, 31)  # of ordinary lines; nothing of 2026 is posted
_COVERED, _UNCOVERED = "Assynt Salmon", frozenset({"Aberlour Distillers", "Bath Stone Carvers", "Ely Cathedral Shops"})
BUNDLE_MARK = "b"  # before the id of a line that is a bundle: those ids are counted apart
_ONE_DAY = timedelta(days=1)

# From which day on how many units, and the day until which all is approved and posted.
Steps = tuple[tuple[date, int], ...]


@dataclass
class TenantBuilder:
    """Collects what the tenant holds; ids follow the order of adding."""

    services: list[AtService] = field(default_factory=lambda: list(build_services()))
    bundles: tuple[AtServiceBundle, ...] = (
        AtServiceBundle(61, BUNDLE_NAME, Decimal(BUNDLE_PRICE), Decimal(BUNDLE_COST), "RMM, EDR and antivirus"),
    )
    companies: list[AtCompany] = field(default_factory=list)
    contracts: list[AtContract] = field(default_factory=list)
    lines: list[AtContractService] = field(default_factory=list)
    bundle_lines: list[AtContractServiceBundle] = field(default_factory=list)
    units: list[AtUnits] = field(default_factory=list)
    bundle_units: list[AtUnits] = field(default_factory=list)
    configuration_items: list[AtConfigurationItem] = field(default_factory=list)
    billing_items: list[AtBillingItem] = field(default_factory=list)
    invoices: list[AtInvoice] = field(default_factory=list)

    def service(self, name: str) -> AtService:
        """Return a service by its name."""
        return next(service for service in self.services if service.name == name)

    def contract(self, contract_id: int) -> AtContract:
        """Return a contract by its id."""
        return next(contract for contract in self.contracts if contract.contract_id == contract_id)

    def add_company(self, code: str, name: str, *, active: bool = True, parent: AtCompany | None = None) -> AtCompany:
        """Add a company; every fifth has no number."""
        number = "" if len(self.companies) % 5 == 4 else code
        company = AtCompany(
            29683500 + len(self.companies), name, number, active, parent_id=parent.company_id if parent else None
        )
        self.companies.append(company)
        return company

    def add_contract(
        self,
        company: AtCompany,
        words: str = "Managed Services",
        start: date = CONTRACT_START,
        end: date = CONTRACT_END,
        **facts: Any,
    ) -> AtContract:
        """Add a contract; by default a usable one."""
        contract = AtContract(
            29690001 + len(self.contracts), company.company_id, f"{company.name} - {words}"[:100], start, end, **facts
        )
        self.contracts.append(contract)
        return contract

    def add_line(
        self,
        contract: AtContract,
        service_name: str,
        units: int,
        *,
        steps: Steps = (),
        posted_until: date = POSTED_UNTIL,
        price: Decimal | None = None,
    ) -> AtContractService:
        """Add a line at the catalogue's prices.

        :param units: from the contract's start on.
        :param steps: from later days on, other units.
        """
        service = self.service(service_name)
        line = AtContractService(
            4100001 + len(self.lines),
            contract.contract_id,
            service.service_id,
            service.unit_price if price is None else price,
            service.unit_cost,
        )
        self.lines.append(line)
        self.units += _rows(line.line_id, contract, ((contract.start, units), *steps), posted_until)
        return line

    def add_bundle_line(self, contract: AtContract, units: int) -> AtContractServiceBundle:
        """Add a line that is the bundle."""
        bundle = self.bundles[0]
        line = AtContractServiceBundle(
            801 + len(self.bundle_lines), contract.contract_id, bundle.bundle_id, bundle.unit_price, bundle.unit_cost
        )
        self.bundle_lines.append(line)
        self.bundle_units += _rows(line.line_id, contract, ((contract.start, units),), POSTED_UNTIL)
        return line

    def add_device(self, company: AtCompany, title: str, uid: str, line: AtContractService | None = None) -> None:
        """Add a configuration item, covered by a line or by none."""
        self.configuration_items.append(
            AtConfigurationItem(
                520001 + len(self.configuration_items),
                company.company_id,
                title,
                contract_id=line.contract_id if line else None,
                line_id=line.line_id if line else None,
                device_uid=uid,
            )
        )

    def add_charge(self, contract: AtContract, name: str, hours: Decimal, posted_on: date, *, invoiced: bool) -> None:
        """Add a charge by hand that is approved and posted, and maybe invoiced."""
        rate = Decimal("95.00")
        item_id = 910001 + len(self.billing_items)
        invoice_id = 60001 + len(self.invoices) if invoiced else None
        self.billing_items.append(
            AtBillingItem(
                item_id,
                contract.company_id,
                contract.contract_id,
                name,
                hours,
                rate,
                item_date=posted_on,
                posted_on=posted_on,
                invoice_id=invoice_id,
            )
        )
        if invoice_id:
            self.invoices.append(
                AtInvoice(
                    invoice_id,
                    contract.company_id,
                    f"INV-{invoice_id}",
                    dated=posted_on,
                    first_day=posted_on.replace(day=1),
                    last_day=posted_on,
                    total=hours * rate,
                )
            )

    def finished(self) -> AtTenant:
        """Return the tenant."""
        return AtTenant(
            companies=tuple(self.companies),
            contracts=tuple(self.contracts),
            services=tuple(self.services),
            bundles=self.bundles,
            contract_services=tuple(self.lines),
            contract_bundles=tuple(self.bundle_lines),
            units=tuple(self.units),
            bundle_units=tuple(self.bundle_units),
            configuration_items=tuple(self.configuration_items),
            billing_items=tuple(self.billing_items),
            invoices=tuple(self.invoices),
        )


def add_devices(psa: TenantBuilder, rmm: RmmAccount) -> None:
    """Add devices of Datto RMM as configuration items: those of ASST are covered by its line, others by none."""
    names = {company.name: company for company in psa.companies}
    sites = {site.site_id: site for site in rmm.sites}
    covering = next(
        line
        for line in psa.lines
        if psa.contract(line.contract_id).name.startswith(_COVERED) and line.service_id == 301
    )
    for device in rmm.devices:
        site = sites[device.site_id]
        if site.name == _COVERED:
            psa.add_device(names[site.name], device.hostname, device.uid, covering)
        elif site.name in _UNCOVERED and device.hostname.endswith("001"):
            psa.add_device(names[site.name], device.hostname, device.uid)


def build_services() -> tuple[AtService, ...]:
    """Return the catalogue."""
    made: list[AtService] = []

    def add(name: str, cost: str, price: str, words: str = "", active: bool = True) -> None:
        made.append(
            AtService(
                301 + len(made),
                name,
                unit_price=Decimal(price),
                unit_cost=Decimal(cost),
                description=words,
                invoice_text=f"{name}, per unit and month",
                sku=f"HM-{301 + len(made)}",
                active=active,
            )
        )

    for entry in BILLING_TYPES:
        if entry.service and all(service.name != entry.service for service in made):
            words = f"Counted by {entry.module}"
            add(entry.service, entry.unit_cost, entry.unit_price, words, active=entry.module != GRAPHUS)
    for name, cost, price in BY_HAND:
        add(name, cost, price)
    for number in range(1, OLD_SERVICES + 1):
        add(f"Hardware rental {number:02d}", f"{number}.00", f"{2 * number}.50", active=number % 4 != 0)
    return tuple(made)


def _rows(line_id: int, contract: AtContract, steps: Iterable[tuple[date, int]], posted_until: date) -> list[AtUnits]:
    """Return the rows of units of a line, cut where units change and where posting ends."""
    changes = dict(steps)
    cuts = {*changes}
    if contract.start <= posted_until < contract.end:
        cuts.add(posted_until + _ONE_DAY)
    starts = sorted(cuts)
    rows = []
    for place, start in enumerate(starts):
        units = changes[max(day for day in changes if day <= start)]
        end = starts[place + 1] - _ONE_DAY if place + 1 < len(starts) else None
        last = end or contract.end
        posted = last <= posted_until
        rows.append(AtUnits(line_id, start, units, end, approved_on=last + timedelta(days=4) if posted else None))
    return rows
