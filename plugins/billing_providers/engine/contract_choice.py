"""Which contract of an account is billed: exactly one usable contract, or none and the reasons why.

Usable: active, of the policy's type and billing cycle, and in force on at least one day of the period. Among
several, the policy ``holds_service`` takes the one that has an open line for the service, if exactly one has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from billing_providers.errors import SettingsError
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import Contract, PsaDirectory
from billing_providers.model.settings import Policy

_CANDIDATES_MAX = 10


@dataclass(frozen=True, slots=True)
class UsableContracts:
    """The usable contracts of one account by id, and a sentence for each of the others that says why not."""

    usable: tuple[Contract, ...]
    rejected: tuple[tuple[Contract, str], ...]

    @property
    def candidates(self) -> str:
        """Every contract of the account with what speaks for or against it."""
        told = [f"{shown(contract)}: usable" for contract in self.usable]
        told += [f"{shown(contract)}: {why}" for contract, why in self.rejected]
        if not told:
            return "The account has no contract at all."
        more = f"; and {len(told) - _CANDIDATES_MAX} more" if len(told) > _CANDIDATES_MAX else ""
        return f"Contracts of the account: {'; '.join(told[:_CANDIDATES_MAX])}{more}."


class Contracts:
    """The PSA's contracts by account, judged by one policy for one period."""

    def __init__(self, contracts: Iterable[Contract], policy: Policy, period: BillingPeriod) -> None:
        self.all = sorted(contracts, key=lambda contract: (contract.name, contract.contract_id))
        self.by_id = {contract.contract_id: contract for contract in self.all}
        self._policy, self._period = policy, period
        self._by_account: dict[str, list[Contract]] = {}
        for contract in self.all:
            self._by_account.setdefault(contract.account_id, []).append(contract)

    def of_account(self, account_id: str) -> UsableContracts:
        """Return the account's contracts, split into usable ones and others."""
        judged = [(contract, self.why_not(contract)) for contract in self._by_account.get(account_id, ())]
        return UsableContracts(
            tuple(contract for contract, why in judged if not why),
            tuple((contract, why) for contract, why in judged if why),
        )

    def named(self, account_id: str, wanted: str) -> tuple[Contract | None, str]:
        """Return the account's contract with an id or name, or None and why it cannot be used."""
        own = self._by_account.get(account_id, ())
        found = [contract for contract in own if contract.contract_id == wanted]
        found = found or [contract for contract in own if contract.name.strip() == wanted]
        if not found:
            return None, "belongs to another account" if wanted in self.by_id else "does not exist on the account"
        if len(found) > 1:
            return None, f"is the name of {len(found)} contracts ({', '.join(shown(contract) for contract in found)})"
        why = self.why_not(found[0])
        return (None, f"is not usable: {why}") if why else (found[0], "")

    def why_not(self, contract: Contract) -> str:
        """Return why a contract is not usable; empty when it is."""
        policy, period = self._policy, self._period
        status = f" ({contract.status})" if contract.status else ""
        cycle, wanted_cycle = contract.billing_cycle.strip(), policy.billing_cycle
        checks = (
            (
                contract.contract_type.strip() != policy.contract_type.strip(),
                f"type {contract.contract_type}, wanted {policy.contract_type}",
            ),
            (not contract.active, f"not active{status}"),
            (bool(contract.parent_id) and not policy.child_contracts, f"child of contract {contract.parent_id}"),
            (
                contract.start is not None and contract.start > period.last_day,
                f"starts on {contract.start}, after the period",
            ),
            (contract.end is not None and contract.end < period.start, f"ended on {contract.end}, before the period"),
            # A cycle is a word of the PSA's, no identifier: its case decides nothing.
            (
                bool(wanted_cycle) and cycle.casefold() != wanted_cycle.casefold(),
                f"billing cycle {contract.billing_cycle or 'not set'}, wanted {wanted_cycle}",
            ),
        )
        return next((why for fails, why in checks if fails), "")


def shown(contract: Contract) -> str:
    """Return how messages name a contract."""
    return f"'{contract.name}' (id {contract.contract_id})"


def refuse_unknown_type(directory: PsaDirectory, policy: Policy) -> None:
    """Check the policy's contract type.

    :raises SettingsError: (code 12) when it is neither the type of a contract nor one that the PSA names.
    """
    seen = {contract.contract_type.strip() for contract in directory.contracts}
    known = sorted((seen | {name.strip() for name in directory.contract_types}) - {""})
    if policy.contract_type.strip() not in known:
        raise SettingsError(
            "no contract type of this tenant",
            where="policy",
            key="contract_type",
            value=policy.contract_type,
            allowed=", ".join(known),
            finding_number=12,
        )
