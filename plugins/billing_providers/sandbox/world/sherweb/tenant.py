"""What the MSP's Kaseya BMS holds for Sherweb's customers: accounts, contracts, lines, and what a person has mapped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.model.periods import BillingCalendar
from billing_providers.sandbox.world.accounts import PsaBuilder
from billing_providers.sandbox.world.records import Contract
from billing_providers.sandbox.world.sherweb.charges import ChargeBook
from billing_providers.sandbox.world.sherweb.offers import LEGACY, OFFICE_PROTECT, PREMIUM, TEAMS, build_offers
from billing_providers.sandbox.world.sherweb.quantities import quantity_of
from billing_providers.sandbox.world.sherweb.records import SherwebCharge, SherwebCustomer
from billing_providers.sandbox.world.stems import whole_units

# What a line holds before the first run is what was right at the end of this month, but for these.
LAST_BILLED = BillingCalendar().period_containing(date(2026, 6, 1))
_HELD_BEFORE: dict[tuple[str, str], int] = {
    ("CANC", TEAMS): 5,
    ("CRED", TEAMS): 5,
    ("NEGA", TEAMS): 3,
    ("UNKT", LEGACY): 3,
    ("ZERP", OFFICE_PROTECT): 3,
}
_WITHOUT_LINE = {("NOLN", PREMIUM)}


@dataclass(frozen=True, slots=True)
class OrganizationMapping:
    """What a person has mapped: a customer of Sherweb to an account and one of its contracts."""

    customer_code: str
    customer_id: str
    account_id: int
    account_code: str
    contract_id: int


@dataclass(frozen=True, slots=True)
class OfferMapping:
    """What a person has mapped: a SKU, paid in one cycle, to a service."""

    offer_key: str
    sku: str
    cycle: str
    service: str


@dataclass(frozen=True, slots=True)
class SherwebLine:
    """Which offer of which customer a line bills. ``usable``: its contract may be updated by a run."""

    line_id: int
    contract_id: int
    customer_code: str
    offer_key: str
    units_before: Decimal
    usable: bool


@dataclass(frozen=True, slots=True)
class SherwebTenant:
    """The part of the tenant that Sherweb's integration is about."""

    organizations: tuple[OrganizationMapping, ...]
    offers: tuple[OfferMapping, ...]
    lines: tuple[SherwebLine, ...]


def add_to_tenant(psa: PsaBuilder, book: ChargeBook) -> SherwebTenant:
    """Add accounts, contracts and lines behind all that is there already, and return what belongs to whom."""
    organizations: list[OrganizationMapping] = []
    lines: list[SherwebLine] = []
    charges = book.charges(LAST_BILLED)
    for customer in book.customers.values():
        if customer.account_code:
            contract = _contract(psa, customer)
            organizations.append(_mapping(psa, customer, contract))
            lines += [
                _line(psa, contract, customer, key, _units_before(book, charges, customer.code, key))
                for key in _billed(book, customer.code)
            ]
    offers = tuple(
        OfferMapping(offer.key, offer.sku, offer.cycle.value, offer.service)
        for offer in book.offers.values()
        if offer.service
    )
    return SherwebTenant(tuple(organizations), offers, tuple(lines))


def _contract(psa: PsaBuilder, customer: SherwebCustomer) -> Contract:
    """Return the contract of a customer: Atria's where there is one, else a new one."""
    if customer.with_atria:
        shared = next(account for account in psa.accounts if account.code == customer.account_code)
        return next(contract for contract in psa.contracts if contract.account_id == shared.account_id)
    account = psa.add_account(customer.account_code, customer.name)
    if customer.code == "TWOK":
        psa.add_line(psa.add_contract(account, "Projects"), "Domain names", Decimal(2))
    cycle = {"billing_cycle": "Quarterly"} if customer.code == "QCON" else {}
    return psa.add_contract(account, "Cloud subscriptions", **cycle)


def _mapping(psa: PsaBuilder, customer: SherwebCustomer, contract: Contract) -> OrganizationMapping:
    account = next(account for account in psa.accounts if account.account_id == contract.account_id)
    return OrganizationMapping(
        customer.code, customer.customer_id, account.account_id, account.code, contract.contract_id
    )


def _billed(book: ChargeBook, code: str) -> list[str]:
    """Return the offers of a customer that have a service, and a line on its contract."""
    bought = [entry.offer_key for entry in book.subscriptions if entry.customer_code == code]
    bought += [entry.offer_key for entry in book.one_offs if entry.customer_code == code]
    return [key for key in dict.fromkeys(bought) if book.offers[key].service and (code, key) not in _WITHOUT_LINE]


def _units_before(book: ChargeBook, charges: list[SherwebCharge], code: str, key: str) -> Decimal:
    held = _HELD_BEFORE.get((code, key))
    if held is not None:
        return Decimal(held)
    return whole_units(quantity_of(book, charges, code, key, LAST_BILLED.last_day))


def _line(psa: PsaBuilder, contract: Contract, customer: SherwebCustomer, key: str, units: Decimal) -> SherwebLine:
    line = psa.add_line(contract, build_offers()[key].service, units)
    usable = contract.active and contract.billing_cycle == "Monthly"
    return SherwebLine(line.line_id, contract.contract_id, customer.code, key, units, usable)
