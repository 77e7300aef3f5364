"""Which service of the catalogue a SKU is, decided once per SKU and term.

Rows of the service table win (those of the customer over general ones, ``SKU|term`` over ``SKU``); otherwise the
SKU must equal the policy's field of exactly one active service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from billing_providers.engine.charge_columns import ChargeColumns
from billing_providers.engine.columns import Array, pairs_of
from billing_providers.engine.mapping import ServiceMap
from billing_providers.engine.mapping_entries import MappingEntry, Part, ServiceTarget
from billing_providers.engine.matching import Services
from billing_providers.model.psa import Service


@dataclass(frozen=True, slots=True)
class ServiceWay:
    """One share of a SKU's usage with its service, and how it was found (for the reason of a change).

    ``contract``: id or name of the account's contract on which it is billed; empty: as the customer's choice says.
    """

    service: Service
    share: Fraction
    how: str
    contract: str = ""


@dataclass(frozen=True, slots=True)
class ServiceDecision:
    """What one SKU and term is: ways to services, ignored with a reason, or a fault (a finding's number and values)."""

    sku: str
    term: str
    ways: Mapping[str | None, tuple[ServiceWay, ...]] = field(default_factory=dict)
    split_by: str = ""
    where: str = ""
    ignore: str = ""
    fault: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def placed(self) -> bool:
        """Whether its usage reaches a service."""
        return bool(self.ways)


class ServiceChoice:
    """Decides SKUs one by one, from the catalogue, the table and the policy."""

    def __init__(self, services: Services, table: ServiceMap) -> None:
        self._services, self._table = services, table

    def decide(self, sku: str, term: str, customer_code: str = "") -> ServiceDecision:
        """Return what a SKU is, for all customers or for one that has rows of its own."""
        if not sku:
            return ServiceDecision(sku, term, fault=23)
        entry = self._table.entry(sku, term, customer_code)
        if entry is None:
            return self._by_field(sku, term)
        if entry.ignore:
            return ServiceDecision(sku, term, where=entry.where, ignore=entry.ignore)
        return self._by_table(sku, term, entry)

    def _by_field(self, sku: str, term: str) -> ServiceDecision:
        found = self._services.matching(sku)
        active = [service for service in found if service.active and not service.no_line_why]
        by = self._services.match.value
        if len(active) == 1:
            return ServiceDecision(sku, term, {None: (ServiceWay(active[0], Fraction(1), by),)})
        if active:
            told = ", ".join(map(_named, active))
            values = {"count": len(active), "candidates": told, "field": by}
            return ServiceDecision(sku, term, fault=103, values=values)
        why = f"Service {_named(found[0])} matches, but {_why_not(found[0])}." if found else ""
        return ServiceDecision(sku, term, fault=14, values={"field": by, "why": why})

    def _by_table(self, sku: str, term: str, entry: MappingEntry[ServiceTarget]) -> ServiceDecision:
        ways: dict[str | None, tuple[ServiceWay, ...]] = {}
        for value, parts in entry.by_value.items():
            told = []
            for part in parts:
                service, why = self._mapped(part)
                if service is None:
                    target = part.target.service_id or part.target.service
                    values = {"where": part.where, "target": target, "why": why}
                    return ServiceDecision(sku, term, fault=161, values=values)
                share = "" if part.share == 1 else f", share {part.share}"
                told.append(ServiceWay(service, part.share, f"{part.where}{share}", part.target.contract))
            ways[value] = tuple(told)
        return ServiceDecision(sku, term, ways, entry.field, entry.where)

    def _mapped(self, part: Part[ServiceTarget]) -> tuple[Service | None, str]:
        if part.target.service_id:
            service = self._services.by_id.get(part.target.service_id)
            found = [service] if service else []
        else:
            found = self._services.named(part.target.service)
        active = [service for service in found if service.active and not service.no_line_why]
        if len(active) == 1:
            return active[0], ""
        if active:
            return None, f"is the name of {len(active)} active services"
        return None, _why_not(found[0]) if found else "does not exist"


def _named(service: Service) -> str:
    return f"'{service.name}' (id {service.service_id})"


def _why_not(service: Service) -> str:
    return service.no_line_why if service.active else "is not active"


def decide_articles(
    usage: ChargeColumns, choice: ServiceChoice, table: ServiceMap
) -> tuple[Array, list[ServiceDecision]]:
    """Return the decision of every charge line, as positions in the list of decisions."""
    decisions = [choice.decide(sku, term) for sku, term in usage.articles]
    special = usage.customer.selected(table.customers.__contains__)
    if not special.any():
        return usage.article, decisions
    decided = usage.article.copy()
    width = max(len(usage.articles), 1)
    pairs, customers, articles = pairs_of(usage.customer.codes[special], usage.article[special], width)
    decided[special] = pairs + len(decisions)
    decisions += [
        choice.decide(usage.articles[article][0], usage.articles[article][1], usage.customer.labels[customer])
        for customer, article in zip(customers.tolist(), articles.tolist(), strict=True)
    ]
    return decided, decisions
