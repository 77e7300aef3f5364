"""Matching without a table: an account by its code, a service by the field that the policy names.

Everything is compared trimmed (Unicode blanks too) and case-sensitively. A near miss by case is a suggestion, not
a match.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from billing_providers.engine.suggestions import Suggestions
from billing_providers.model.policy import AccountMatch, SkuFieldMatch
from billing_providers.model.psa import Account, Service


class Accounts:
    """The PSA's accounts, by id, by code, and by the field that customers are compared with."""

    def __init__(self, accounts: Iterable[Account], match: AccountMatch = AccountMatch.CODE) -> None:
        self.all = sorted(accounts, key=lambda account: (account.name, account.account_id))
        self.by_id = {account.account_id: account for account in self.all}
        self.match = match
        self._by_code: dict[str, list[Account]] = {}
        self._by_name: dict[str, list[Account]] = {}
        for account in self.all:
            self._by_code.setdefault(account.code.strip(), []).append(account)
            self._by_name.setdefault(account.name.strip(), []).append(account)

    def active(self, code: str) -> list[Account]:
        """Return the active accounts with this code; several are ambiguous."""
        return [account for account in self._by_code.get(code, ()) if account.active] if code else []

    def inactive(self, code: str) -> list[Account]:
        """Return the inactive accounts with this code."""
        return [account for account in self._by_code.get(code, ()) if not account.active] if code else []

    def matching(self, text: str) -> list[Account]:
        """Return the accounts, active or not, whose code or name (as the policy says) equals a text."""
        by = self._by_code if self.match is AccountMatch.CODE else self._by_name
        return by.get(text, []) if text else []

    @cached_property
    def suggestions(self) -> Suggestions:
        """Active accounts, to be compared with codes and names."""
        return Suggestions(
            (text, f"{account.name} (code {account.code.strip() or 'none'})", account.account_id)
            for account in self.all
            if account.active
            for text in (account.code, account.name)
        )


class Services:
    """The PSA's catalogue, by id, by name, and by the field that SKUs are compared with."""

    def __init__(self, services: Iterable[Service], match: SkuFieldMatch) -> None:
        self.all = sorted(services, key=lambda service: (service.name, service.service_id))
        self.match = match
        self.by_id = {service.service_id: service for service in self.all}
        self._by_name: dict[str, list[Service]] = {}
        self._by_sku: dict[str, list[Service]] = {}
        for service in self.all:
            self._by_name.setdefault(service.name.strip(), []).append(service)
            if key := sku_of(service, match):
                self._by_sku.setdefault(key, []).append(service)

    def named(self, name: str) -> list[Service]:
        """Return the services with this name, active or not."""
        return self._by_name.get(name, [])

    def matching(self, sku: str) -> list[Service]:
        """Return the services whose field equals the SKU, active or not."""
        return self._by_sku.get(sku, [])

    @cached_property
    def suggestions(self) -> Suggestions:
        """Active services, to be compared with SKUs."""
        return Suggestions(
            (text, service.name.strip(), service.service_id)
            for service in self.all
            if service.active
            for text in (service.name, sku_of(service, self.match))
        )


def sku_of(service: Service, match: SkuFieldMatch) -> str:
    """Return the text of a service that a SKU must equal; empty when the service cannot be matched.

    For ``SKUDescription`` it is the description up to its first colon; without a colon there is no match.
    """
    if match is SkuFieldMatch.SERVICE_NAME:
        return service.name.strip()
    if match is SkuFieldMatch.DESCRIPTION:
        return service.description.strip()
    sku, colon, _ = service.description.partition(":")
    return sku.strip() if colon else ""
