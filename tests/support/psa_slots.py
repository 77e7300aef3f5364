"""Contract lines of every PSA that usage may be put on, by the simulated world alone: no hook is asked.

A new PSA of the registry is one entry in :data:`PSA_SLOTS`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.modules.records import CONTRACT_ACTIVE, RECURRING_SERVICE
from billing_providers.sandbox.world.modules.records import MONTHLY as AT_MONTHLY
from billing_providers.sandbox.world.records import RECURRING_SERVICES
from billing_providers.sandbox.world.resale.catalogue import MANAGED_SERVICES, MONTHLY, STATUS_ACTIVE
from billing_providers.sandbox.world.resale.records import ACTIVE, BILLABLE, SERVICE

FROM, UNTIL = date(2026, 10, 1), date(2027, 1, 1)  # nothing of a slot starts, ends or changes by itself in between


@dataclass(frozen=True, slots=True)
class Slot:
    """A line that holds what a run sets, on a usable contract of an active account."""

    account_id: str
    contract_id: str
    service_id: str
    line_id: str


@dataclass(frozen=True, slots=True)
class PsaSlots:
    """Where usage may be put in one PSA.

    :param slots: usable lines, each the only one of its service on its contract.
    :param places: decimal places of a quantity.
    :param dated: a quantity is written with the day from which on it holds.
    """

    slots: Callable[[World], Iterator[Slot]]
    places: int
    dated: bool

    def accounts(self, world: World) -> list[list[Slot]]:
        """Return the lines of each account that has at least two on one contract, those with most lines first."""
        found: dict[tuple[str, str], list[Slot]] = defaultdict(list)
        for slot in self.slots(world):
            found[slot.account_id, slot.contract_id].append(slot)
        some = [slots for slots in found.values() if len(slots) > 1]
        return sorted(some, key=lambda slots: (-len(slots), slots[0].account_id))


def _once(keys: Iterable[Hashable]) -> set[Hashable]:
    return {key for key, times in Counter(keys).items() if times == 1}


def _kaseya_bms(world: World) -> Iterator[Slot]:
    active = {account.account_id for account in world.accounts if account.active}
    usable = {
        contract.contract_id: contract.account_id
        for contract in world.contracts
        if contract.active and contract.account_id in active and contract.contract_type == RECURRING_SERVICES
        if contract.billing_cycle == "Monthly" and contract.start < FROM and contract.end > UNTIL
    }
    sold = {service.service_id for service in world.services if service.active}
    alone = _once((line.contract_id, line.service_id) for line in world.lines)
    for line in world.lines:
        if line.contract_id not in usable or line.service_id not in sold or not line.active:
            continue
        if line.unit_price > 0 and (line.contract_id, line.service_id) in alone:
            yield Slot(str(usable[line.contract_id]), str(line.contract_id), str(line.service_id), str(line.line_id))


def _connectwise(world: World) -> Iterator[Slot]:
    tenant = world.resale.tenant
    active = {one.company_id for one in tenant.companies if one.status_id == STATUS_ACTIVE and not one.deleted}
    usable = {
        entry.agreement_id: entry
        for entry in tenant.agreements
        if entry.company_id in active and entry.type_id == MANAGED_SERVICES and entry.cycle_id == MONTHLY
        if entry.status == ACTIVE and entry.end is None and entry.prorates and entry.parent_id is None
        if entry.start < FROM and entry.bill_start < FROM
    }
    sold = {product.product_id for product in tenant.products if product.active and product.product_class == SERVICE}
    alone = _once((line.agreement_id, line.product_id) for line in tenant.additions)
    for line in tenant.additions:
        agreement = usable.get(line.agreement_id)
        if agreement is None or line.product_id not in sold or (line.agreement_id, line.product_id) not in alone:
            continue
        if line.last_day is None and agreement.bill_start <= line.starts_on < FROM and line.bill_customer == BILLABLE:
            company, product = str(agreement.company_id), str(line.product_id)
            yield Slot(company, str(agreement.agreement_id), product, str(line.addition_id))


def _autotask(world: World) -> Iterator[Slot]:
    tenant = world.modules.tenant
    active = {company.company_id for company in tenant.companies if company.active and company.company_type == 1}
    usable = {
        contract.contract_id: contract.company_id
        for contract in tenant.contracts
        if contract.company_id in active and contract.contract_type == RECURRING_SERVICE
        if contract.status == CONTRACT_ACTIVE and contract.period_type == AT_MONTHLY
        if contract.start < FROM and contract.end > UNTIL and contract.anchor_day == 1
    }
    sold = {service.service_id for service in tenant.services if service.active and service.period_type == AT_MONTHLY}
    counted = {item.line_id for item in tenant.configuration_items}
    moving = {
        row.line_id for row in tenant.units if row.start >= FROM or (row.approved_on and row.end and row.end >= FROM)
    }
    alone = _once((line.contract_id, line.service_id) for line in tenant.contract_services)
    for line in tenant.contract_services:
        if line.contract_id not in usable or line.service_id not in sold or line.line_id in counted | moving:
            continue
        if line.unit_price > 0 and (line.contract_id, line.service_id) in alone:
            yield Slot(str(usable[line.contract_id]), str(line.contract_id), str(line.service_id), str(line.line_id))


PSA_SLOTS: dict[str, PsaSlots] = {
    "kaseya_bms": PsaSlots(_kaseya_bms, places=0, dated=True),
    "connectwise": PsaSlots(_connectwise, places=2, dated=False),
    "autotask": PsaSlots(_autotask, places=0, dated=True),
}
