"""The billing of vendor modules as a whole: the Autotask tenant, Datto RMM, the metrics file, and what is right."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.modules.cases import build_cases
from billing_providers.sandbox.world.modules.contracts import add_other_companies, contracts_of
from billing_providers.sandbox.world.modules.counts import CountBook, metric_count
from billing_providers.sandbox.world.modules.customers import ModuleCustomer, build_customers
from billing_providers.sandbox.world.modules.expected import USUAL, Expectation, ExpectedUnits, Wanted
from billing_providers.sandbox.world.modules.grid import GridRow, grid_of
from billing_providers.sandbox.world.modules.records import AtTenant
from billing_providers.sandbox.world.modules.rmm import build_rmm
from billing_providers.sandbox.world.modules.rmm_records import RmmAccount
from billing_providers.sandbox.world.modules.stems import IGNORED, ModuleStem, add_stems
from billing_providers.sandbox.world.modules.tenant import TenantBuilder, add_devices
from billing_providers.sandbox.world.modules.usage import metric_stems
from billing_providers.sandbox.world.records import Case, Outcome


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One row of the metrics file: what a module counts for an organization in a month."""

    module: str
    organization: str
    billing_type: str
    count: Decimal


@dataclass(frozen=True, slots=True)
class Ignored:
    """Usage that a person told to ignore. ``customer_code`` empty: of every customer."""

    module: str
    customer_code: str
    billing_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Modules:
    """A description that nothing changes: twins start from copies of it.

    ``book`` holds the counts of every day. ``stems`` say which billing type of which customer belongs on which line.
    ``grid`` is what a person has mapped, and ``ignored`` what is to be ignored: :meth:`expected` supposes both.
    """

    seed: int
    customers: tuple[ModuleCustomer, ...]
    tenant: AtTenant
    rmm: RmmAccount
    book: CountBook
    stems: tuple[ModuleStem, ...]
    grid: tuple[GridRow, ...]
    ignored: tuple[Ignored, ...]
    cases: dict[str, Case]

    def metrics(self, year: int, month: int) -> list[MetricRow]:
        """Return the rows of the metrics file for a month, sorted by module and organization."""
        found = [
            MetricRow(stem.module, stem.organization, stem.billing_type, count)
            for stem in self.book.stems
            if (count := metric_count(self.seed, stem, (year, month))) is not None
        ]
        return sorted(found, key=lambda row: (row.module, row.organization, row.billing_type))

    def expected(
        self, period: BillingPeriod, *, outcome: Outcome = Outcome.BILLED, wanted: Wanted = USUAL
    ) -> dict[str, ExpectedUnits]:
        """Return what lines must hold after a right run for a calendar month, by line id (bundles: ``b`` and the id).

        Only lines that usage reaches; see :meth:`without_usage`. Devices count as they are at the end of the period.

        :param outcome: ``GUARDED`` gives lines that are either left alone or come to hold exactly this: a guard holds
            the change, or the day that is asked for is posted, before the contract's start, or in a prorated period.
        :raises ValueError: when the period is no calendar month.
        """
        _check_month(period)
        return Expectation(self.tenant, self.book, self.stems).of(period, outcome, wanted)

    def without_usage(self, period: BillingPeriod, *, wanted: Wanted = USUAL) -> list[str]:
        """Return the lines of billed customers for which the modules say nothing in this month.

        A run that registered them in another month sets them to zero, where it is told to.

        :raises ValueError: when the period is no calendar month.
        """
        _check_month(period)
        return Expectation(self.tenant, self.book, self.stems).without_usage(period, wanted)

    def to_json(self, period: BillingPeriod | None = None) -> dict[str, Any]:
        """Return all but the devices as a JSON object; with a calendar month also its counts and what is expected."""
        told: dict[str, Any] = {
            "seed": self.seed,
            "customers": [_plain(asdict(customer)) for customer in self.customers],
            "tenant": _plain(asdict(self.tenant)),
            "sites": [_plain(asdict(site)) for site in self.rmm.sites],
            "stems": [_plain(asdict(stem)) for stem in self.stems],
            "grid": [_plain(asdict(row)) for row in self.grid],
            "ignored": [_plain(asdict(entry)) for entry in self.ignored],
            "cases": {name: asdict(case) for name, case in self.cases.items()},
        }
        if period is not None and _is_month(period):
            told["metrics"] = [_plain(asdict(row)) for row in self.metrics(period.start.year, period.start.month)]
            for name, outcome in (("expected", Outcome.BILLED), ("guarded", Outcome.GUARDED)):
                units = self.expected(period, outcome=outcome)
                told[name] = {line: _plain(asdict(right)) for line, right in units.items()}
            told["without_usage"] = self.without_usage(period)
        return told


def build_modules(seed: int) -> Modules:
    """Build the modules of a seed. The seed decides sizes and changes, never who and what there is, nor any id.

    Only the ids of devices follow from how many there are.
    """
    customers = build_customers()
    psa = TenantBuilder()
    contracts = {customer.code: contracts_of(psa, customer) for customer in customers}
    add_other_companies(psa)
    company_ids: dict[str, int] = {}
    for company in psa.companies:
        for customer in customers:
            if customer.name == company.name:
                company_ids.setdefault(customer.code, company.company_id)
    rmm = build_rmm(seed, customers, company_ids)
    book = CountBook(seed, rmm, metric_stems(seed, customers))
    stems = [
        stem
        for place, customer in enumerate(customers)
        for stem in add_stems(psa, book, customer, contracts[customer.code], place)
    ]
    add_devices(psa, rmm)
    return Modules(
        seed=seed,
        customers=customers,
        tenant=psa.finished(),
        rmm=rmm,
        book=book,
        stems=tuple(stems),
        grid=grid_of(customers, rmm, psa.companies),
        ignored=tuple(Ignored(*entry) for entry in IGNORED),
        cases=build_cases(),
    )


def _check_month(period: BillingPeriod) -> None:
    if not _is_month(period):
        raise ValueError(f"{period} is no calendar month")


def _is_month(period: BillingPeriod) -> bool:
    start = period.start
    return start.day == 1 and period.end == date(start.year + start.month // 12, start.month % 12 + 1, 1)


def _plain(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: _plain(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_plain(value) for value in facts]
    return str(facts) if isinstance(facts, Decimal | date) else facts
