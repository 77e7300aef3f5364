"""The whole MSP: what the PSA holds, what the source reports, and what a right run must make of it."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.accounts import PsaBuilder, add_fillers, usable_contracts
from billing_providers.sandbox.world.cases import build_cases
from billing_providers.sandbox.world.catalogue import build_catalogue
from billing_providers.sandbox.world.customers import build_customers
from billing_providers.sandbox.world.modules.modules import Modules, build_modules
from billing_providers.sandbox.world.records import (
    Account,
    Case,
    CatalogueService,
    Contract,
    Customer,
    Line,
    Outcome,
    UsageRow,
    UsageStem,
)
from billing_providers.sandbox.world.resale.resale import Resale, build_resale
from billing_providers.sandbox.world.sherweb.offers import with_sherweb_services
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb, build_sherweb
from billing_providers.sandbox.world.stems import StemBuilder, whole_units
from billing_providers.sandbox.world.usage import quantity, rows_of

DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class World:
    """A description that nothing changes: twins start from copies of it."""

    seed: int
    customers: tuple[Customer, ...]
    accounts: tuple[Account, ...]
    contracts: tuple[Contract, ...]
    services: tuple[CatalogueService, ...]
    lines: tuple[Line, ...]
    stems: tuple[UsageStem, ...]
    cases: dict[str, Case]
    resale: Resale
    modules: Modules
    sherweb: Sherweb

    def usage(self, period: BillingPeriod) -> list[UsageRow]:
        """Return all rows that the source has for a period, in its order."""
        customers = {customer.code: customer for customer in self.customers}
        services = {service.name: service for service in self.services}
        return [
            row
            for stem in self.stems
            for row in rows_of(self.seed, stem, period, customers[stem.customer_code], services.get(stem.sku.strip()))
        ]

    def expected_units(self, period: BillingPeriod, outcome: Outcome = Outcome.BILLED) -> dict[int, Decimal]:
        """Return the units that lines must hold after a right run, by line id.

        With ``Outcome.GUARDED``: the lines whose change a default guard holds, and what they would become.
        """
        sums: dict[int, Decimal] = {}
        for stem in self.stems:
            used = quantity(self.seed, stem, period)
            if stem.outcome is outcome and stem.line_id is not None and used is not None:
                sums[stem.line_id] = sums.get(stem.line_id, Decimal(0)) + used
        return {line_id: whole_units(total) for line_id, total in sorted(sums.items())}

    def to_json(self, period: BillingPeriod | None = None) -> dict[str, Any]:
        """Return the MSP as a JSON object; with a period also its rows and the units expected after it."""
        told: dict[str, Any] = {
            "seed": self.seed,
            **{
                name: [_plain(asdict(entry)) for entry in getattr(self, name)]
                for name in ("customers", "accounts", "contracts", "services", "lines")
            },
            "cases": {name: asdict(case) for name, case in self.cases.items()},
            "resale": self.resale.to_json(period),
            "modules": self.modules.to_json(period),
            "sherweb": self.sherweb.to_json(period),
        }
        if period is not None:
            told["period"] = {"start": period.start.isoformat(), "last_day": period.last_day.isoformat()}
            told["usage"] = [_plain(asdict(row)) for row in self.usage(period)]
            for name, outcome in (("expected_units", Outcome.BILLED), ("guarded_units", Outcome.GUARDED)):
                units = self.expected_units(period, outcome)
                told[name] = {str(line_id): str(number) for line_id, number in units.items()}
        return told


def build_world(seed: int = DEFAULT_SEED) -> World:
    """Build the MSP of a seed. The seed decides sizes and month-to-month changes, never who and what there is."""
    rng = random.Random(f"world|{seed}")
    customers, services = build_customers(), with_sherweb_services(build_catalogue())
    psa = PsaBuilder(services)
    stems: list[UsageStem] = []
    for customer in customers:
        contracts = usable_contracts(psa, customer)
        grown = StemBuilder(psa, customer, contracts, rng).grow()
        stems += [] if customer.code == "IDLE" else grown
    add_fillers(psa)
    sherweb = build_sherweb(seed, psa)
    return World(
        seed=seed,
        customers=customers,
        accounts=tuple(psa.accounts),
        contracts=tuple(psa.contracts),
        services=services,
        lines=_with_shared_units(psa.lines, stems),
        stems=tuple(stems),
        cases=build_cases(),
        resale=build_resale(seed),
        modules=build_modules(seed),
        sherweb=sherweb,
    )


def _with_shared_units(lines: list[Line], stems: list[UsageStem]) -> tuple[Line, ...]:
    """Give lines that two customers share the sum of both."""
    sharing = {stem.line_id for stem in stems if stem.customer_code == "HOLDB"}
    sums = {line_id: sum((stem.base for stem in stems if stem.line_id == line_id), Decimal(0)) for line_id in sharing}
    return tuple(
        replace(line, units=whole_units(sums[line.line_id])) if line.line_id in sums else line for line in lines
    )


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with decimals and dates as text."""
    return {
        name: value if value is None or isinstance(value, bool | int | str) else str(value)
        for name, value in facts.items()
    }
