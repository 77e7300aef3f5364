"""Which account and contract a customer's usage goes to, decided once per customer.

An explicit mapping wins; otherwise the billing identifier must equal the code of exactly one active account, and
the account must have exactly one usable contract (or several, when the policy lets the service decide). What is
missing, inactive, unusable or ambiguous skips the customer with one finding that lists the candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from billing_providers.engine.contract_choice import Contracts
from billing_providers.engine.mapping import CustomerMap
from billing_providers.engine.mapping_entries import AccountTarget, MappingEntry, Part
from billing_providers.engine.matching import Accounts
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.policy import AccountMatch, Policy
from billing_providers.model.psa import Account, Contract


class Standing(StrEnum):
    """Whether a customer takes part in the plan."""

    PLANNED = "planned"
    SKIPPED = "skipped"  # a finding about the whole customer says why
    HELD = "held"  # its usage could not be read or trusted; found before planning
    OUT_OF_SCOPE = "out of scope"  # the customers filter leaves it out
    IGNORED = "ignored"  # the customer table says so


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the source. ``identifiers``: distinct billing identifiers of its rows, blanks left out."""

    code: str
    name: str
    identifiers: tuple[str, ...]
    has_usage: bool  # at least one charge line
    in_scope: bool = True  # the customers filter names it, or is empty


@dataclass(frozen=True, slots=True)
class Destination:
    """An account, and the contract that is billed; several contracts: the service decides among them."""

    account: Account
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One share of a customer's usage with its destination, and how it was found (for the reason of a change)."""

    destination: Destination
    share: Fraction
    how: str


@dataclass(frozen=True, slots=True)
class CustomerDecision:
    """Where one customer's usage goes, or why it goes nowhere.

    ``accounts``: ids of all accounts it is known to reach, also when it is not planned. ``ways`` holds the ways for
    each value of the field ``split_by``; the key None is for everything else.
    """

    customer: Customer
    standing: Standing
    why: str = ""
    accounts: frozenset[str] = frozenset()
    where: str = ""
    split_by: str = ""
    ways: Mapping[str | None, tuple[Way, ...]] = field(default_factory=dict)
    finding: Finding | None = None

    @property
    def planned(self) -> bool:
        """Whether its usage may be written."""
        return self.standing is Standing.PLANNED


class _NotPlaced(Exception):
    """Ends the choice for one customer; never leaves this module. Holds a finding's number and values."""

    def __init__(self, number: int, **values: Any) -> None:
        super().__init__(number)
        self.number, self.values = number, values


class CustomerChoice:
    """Decides customers one by one, from directory, table and policy.

    :param several: an account may have several usable contracts, among which the service decides.
    :param accounts_only: contracts are left out.
    """

    def __init__(
        self,
        accounts: Accounts,
        contracts: Contracts,
        table: CustomerMap,
        policy: Policy,
        voice: FindingVoice,
        *,
        several: bool = False,
        accounts_only: bool = False,
    ) -> None:
        self._accounts, self._contracts, self._table = accounts, contracts, table
        self._policy, self._voice, self._several, self._accounts_only = policy, voice, several, accounts_only

    def decide(self, customer: Customer) -> CustomerDecision:
        """Return where the customer's usage goes. A customer without usage gets no finding: nothing is lost."""
        entry = self._table.entry(customer.code)
        if entry is not None and entry.ignore:
            return CustomerDecision(customer, Standing.IGNORED, entry.ignore, where=entry.where)
        if entry is None and not customer.has_usage:
            return CustomerDecision(customer, Standing.PLANNED)
        reached: dict[str, Account] = {}
        try:
            ways = self._by_identifier(customer, reached) if entry is None else self._by_table(entry, reached)
        except _NotPlaced as fault:
            return self._skipped(customer, reached, fault)
        where, split_by = (entry.where, entry.field) if entry else ("", "")
        return CustomerDecision(customer, Standing.PLANNED, "", frozenset(reached), where, split_by, ways)

    def _by_identifier(self, customer: Customer, reached: dict[str, Account]) -> dict[str | None, tuple[Way, ...]]:
        account, how = self._own_account(customer)
        reached[account.account_id] = account
        usable = self._usable(account)
        only = "the only usable contract" if len(usable) == 1 else "the usable contract for the service"
        return {None: (Way(Destination(account, usable), Fraction(1), f"{how}, {only}"),)}

    def _own_account(self, customer: Customer) -> tuple[Account, str]:
        """Return the account that agrees with the customer in code or name, as the policy says, and by what."""
        match = self._policy.account_match
        if match is AccountMatch.ID_OR_NAME and customer.identifiers:
            return self._linked(customer), f"account id {customer.identifiers[0]}"
        if match is not AccountMatch.CODE:
            return self._agreeing(customer, customer.name, 164), f"name '{customer.name}'"
        if not customer.identifiers:
            raise _NotPlaced(9, **self._suggested(customer))
        code = self._identifier(customer)
        return self._agreeing(customer, code, 22), f"billing identifier '{code}'"

    def _identifier(self, customer: Customer) -> str:
        if len(customer.identifiers) > 1:
            raise _NotPlaced(156, identifiers=", ".join(customer.identifiers))
        return customer.identifiers[0]

    def _linked(self, customer: Customer) -> Account:
        """Return the account whose id the source itself tells, unless the customer has another account's name."""
        account_id = self._identifier(customer)
        account = self._accounts.by_id.get(account_id)
        if account is None or not account.active:
            told = (
                f"account '{account.name}' is not active{_status(account)}" if account else "there is no such account"
            )
            raise _NotPlaced(190, account=account_id, why=told, **self._suggested(customer))
        named = [other for other in self._accounts.matching(customer.name) if other.active and other is not account]
        if named and customer.name != account.name.strip():
            why = f"it has the name of account '{named[0].name}' (id {named[0].account_id})"
            raise _NotPlaced(190, account=f"{account_id} '{account.name}'", why=why, suggestion="")
        return account

    def _agreeing(self, customer: Customer, text: str, missing: int) -> Account:
        found = self._accounts.matching(text)
        active = [account for account in found if account.active]
        if len(active) == 1:
            return active[0]
        by = "code" if self._policy.account_match is AccountMatch.CODE else "name"
        if active:
            told = ", ".join(f"'{account.name}' (id {account.account_id})" for account in active)
            raise _NotPlaced(101, billing_identifier=text, by=by, count=len(active), candidates=told)
        why = f"Account '{found[0].name}' has the {by}, but is not active{_status(found[0])}." if found else ""
        suggested = {} if found else self._suggested(customer)
        raise _NotPlaced(missing, billing_identifier=text, why=why, **suggested)

    def _by_table(
        self, entry: MappingEntry[AccountTarget], reached: dict[str, Account]
    ) -> dict[str | None, tuple[Way, ...]]:
        accounts: dict[AccountTarget, Account] = {}
        faults: list[_NotPlaced] = []
        for part in entry.all_parts():
            try:
                accounts[part.target] = self._mapped_account(part)
            except _NotPlaced as fault:  # the accounts of the other rows are reached all the same
                faults.append(fault)
        reached.update((account.account_id, account) for account in accounts.values())
        if faults:
            raise faults[0]
        return {
            value: tuple(
                Way(
                    Destination(accounts[part.target], self._mapped_contracts(part, accounts[part.target])),
                    part.share,
                    part.where if part.share == 1 else f"{part.where}, share {part.share}",
                )
                for part in parts
            )
            for value, parts in entry.by_value.items()
        }

    def _mapped_account(self, part: Part[AccountTarget]) -> Account:
        wanted = part.target
        if wanted.account_id:
            account = self._accounts.by_id.get(wanted.account_id)
            found = [account] if account is not None and account.active else []
            inactive = account is not None and not account.active
        else:
            found = self._accounts.active(wanted.account_code)
            inactive = bool(self._accounts.inactive(wanted.account_code))
        if len(found) == 1:
            return found[0]
        why = "is not active" if inactive else "does not exist"
        raise _NotPlaced(
            124,
            where=part.where,
            kind="account",
            target=wanted.account_id or wanted.account_code,
            why=f"is the code of {len(found)} active accounts" if found else why,
        )

    def _mapped_contracts(self, part: Part[AccountTarget], account: Account) -> tuple[Contract, ...]:
        if not part.target.contract or self._accounts_only:
            return self._usable(account)
        contract, why = self._contracts.named(account.account_id, part.target.contract)
        if contract is None:
            raise _NotPlaced(124, where=part.where, kind="contract", target=part.target.contract, why=why)
        return (contract,)

    def _usable(self, account: Account) -> tuple[Contract, ...]:
        if self._accounts_only:
            return ()
        choice = self._contracts.of_account(account.account_id)
        if not choice.usable:
            raise _NotPlaced(
                5,
                billing_identifier=account.code.strip(),
                contract_type=self._policy.contract_type,
                candidates=choice.candidates,
                account=account.account_id,
            )
        if len(choice.usable) > 1 and not self._several:
            raise _NotPlaced(
                102,
                count=len(choice.usable),
                account=account.account_id,
                account_name=account.name,
                candidates=choice.candidates,
            )
        return choice.usable

    def _suggested(self, customer: Customer) -> dict[str, str]:
        if not customer.in_scope:
            return {}
        return self._accounts.suggestions.values(*customer.identifiers, customer.name)

    def _skipped(self, customer: Customer, reached: Mapping[str, Account], fault: _NotPlaced) -> CustomerDecision:
        finding = self._voice.finding(fault.number, customer=customer.code, customer_name=customer.name, **fault.values)
        return CustomerDecision(
            customer,
            Standing.SKIPPED if customer.has_usage else Standing.PLANNED,
            f"was skipped ({finding.code})",
            frozenset(reached),
            finding=finding if customer.has_usage else None,
        )


def _status(account: Account) -> str:
    return f" ({account.status})" if account.status else ""
