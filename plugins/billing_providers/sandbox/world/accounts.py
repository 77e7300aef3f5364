"""Builds accounts, contracts and lines of the PSA from the customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from billing_providers.sandbox.world.records import Account, CatalogueService, Contract, Customer, Line

FILLER_ACCOUNTS = 70  # accounts that the usage source does not know; they fill more than one page
_BILLED_BY_HAND = "Internet line 200/200"


class PsaBuilder:
    """Collects accounts, contracts and lines; ids follow the order of adding."""

    def __init__(self, services: tuple[CatalogueService, ...]) -> None:
        self.services = services
        self.accounts: list[Account] = []
        self.contracts: list[Contract] = []
        self.lines: list[Line] = []
        self._line_ids = count(90001)

    def service(self, name: str) -> CatalogueService:
        """Return the first service with a name."""
        return next(service for service in self.services if service.name == name)

    def add_account(self, code: str, name: str, active: bool = True) -> Account:
        """Add an account."""
        account = Account(1001 + len(self.accounts), code, name, active)
        self.accounts.append(account)
        return account

    def add_contract(self, account: Account, words: str = "Managed Services", **facts: Any) -> Contract:
        """Add a contract; by default a usable one."""
        contract = Contract(5001 + len(self.contracts), account.account_id, f"{account.name} - {words}", **facts)
        self.contracts.append(contract)
        return contract

    def add_line(self, contract: Contract, service_name: str, units: Decimal, *, active: bool = True) -> Line:
        """Add a line at the catalogue's prices."""
        service = self.service(service_name)
        line = Line(
            line_id=next(self._line_ids),
            contract_id=contract.contract_id,
            service_id=service.service_id,
            service_name=service.name,
            description=service.description,
            units=units,
            unit_cost=service.unit_cost,
            unit_price=service.unit_price,
            effective_date=contract.start,
            active=active,
        )
        self.lines.append(line)
        return line

    def make_free(self, line: Line) -> None:
        """Set a line's price and cost to zero."""
        self.lines[self.lines.index(line)] = replace(line, unit_cost=Decimal(0), unit_price=Decimal(0))


def usable_contracts(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    """Add the customer's account with its contracts; return those that lines go on.

    Unusable accounts and contracts get lines as well: a run that picks them by mistake must be seen to write.
    """
    return _SPECIAL.get(customer.code, _one_contract)(psa, customer)


def _one_contract(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    return [psa.add_contract(psa.add_account(customer.billing_identifier, customer.name))]


def _account_under_another_code(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    return [psa.add_contract(psa.add_account(f"{customer.code}-01", customer.name))]


def _no_account(_psa: PsaBuilder, _customer: Customer) -> list[Contract]:
    return []


def _inactive_account(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    return [psa.add_contract(psa.add_account(customer.billing_identifier, customer.name, active=False))]


def _inactive_namesake(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    psa.add_account(customer.billing_identifier, f"{customer.name} (sold)", active=False)
    return _one_contract(psa, customer)


def _two_accounts(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    contracts = _one_contract(psa, customer)
    psa.add_contract(psa.add_account(customer.billing_identifier, f"{customer.name} (east)"))
    return contracts


def _no_contract(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    psa.add_account(customer.billing_identifier, customer.name)
    return []


def _two_contracts(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    account = psa.add_account(customer.billing_identifier, customer.name)
    return [psa.add_contract(account, "Cloud"), psa.add_contract(account, "Operations")]


def _shared_account(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    """Return the contract of the customer that came before and has the same account."""
    shared = next(account for account in psa.accounts if account.code == customer.billing_identifier)
    return [contract for contract in psa.contracts if contract.account_id == shared.account_id]


def _unusable_contracts(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    account = psa.add_account(customer.billing_identifier, customer.name)
    return [
        psa.add_contract(account, "Projects", contract_type="Time and Material"),
        psa.add_contract(account, "Managed Services (stopped)", active=False),
        psa.add_contract(account, "Managed Services 2022", start=date(2022, 1, 1), end=date(2023, 12, 31)),
        psa.add_contract(account, "Managed Services 2034", start=date(2034, 1, 1)),
        psa.add_contract(account, "Quarterly", billing_cycle="Quarterly"),
    ]


def _quarterly_and_expired(psa: PsaBuilder, customer: Customer) -> list[Contract]:
    account = psa.add_account(customer.billing_identifier, customer.name)
    quarterly = psa.add_contract(account, "Quarterly", billing_cycle="Quarterly")
    psa.add_line(quarterly, "MS365-BB", Decimal(4))
    expired = psa.add_contract(account, "Old agreement", start=date(2019, 1, 1), end=date(2020, 12, 31))
    psa.add_line(expired, "MS365-BB", Decimal(9))
    return [psa.add_contract(account)]


_SPECIAL: dict[str, Callable[[PsaBuilder, Customer], list[Contract]]] = {
    "NOID": _account_under_another_code,
    "GHOST": _no_account,
    "DORM": _inactive_account,
    "TWIN": _two_accounts,
    "NOCON": _no_contract,
    "CASED": _account_under_another_code,
    "MULTI": _two_contracts,
    "OLDCON": _unusable_contracts,
    "HOLDB": _shared_account,
    "QRTR": _quarterly_and_expired,
    "ALPN": _inactive_namesake,
}


def add_fillers(psa: PsaBuilder) -> None:
    """Add accounts that no usage belongs to, with contracts that a run must leave alone."""
    for number in range(1, FILLER_ACCOUNTS + 1):
        account = psa.add_account(f"PR-{number:03d}", f"Prospect {number:03d} GmbH", active=number % 9 != 0)
        kind = ("Time and Material", "Recurring Services", "Fixed Price")[number % 3]
        contract = psa.add_contract(account, kind, contract_type=kind)
        if kind == "Recurring Services":
            psa.add_line(contract, _BILLED_BY_HAND, Decimal(1))
