"""The resale of storage as a whole: the ConnectWise tenant, the usage, and what a right run must leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.records import Case, Outcome
from billing_providers.sandbox.world.resale.amounts import UsageBook
from billing_providers.sandbox.world.resale.backup import build_companies, build_users
from billing_providers.sandbox.world.resale.backup_records import BackupCompany, CloudMonth, Month, UserMonth
from billing_providers.sandbox.world.resale.cases import build_cases
from billing_providers.sandbox.world.resale.cloud import build_clients
from billing_providers.sandbox.world.resale.customers import ResaleCustomer, build_customers
from billing_providers.sandbox.world.resale.records import CwTenant
from billing_providers.sandbox.world.resale.stems import ResaleStem, build_tenant
from billing_providers.sandbox.world.resale.terms import DEMO_TERMS, Settled, Term, settled


@dataclass(frozen=True, slots=True)
class Resale:
    """A description that nothing changes: twins start from copies of it.

    ``book`` holds the usage of every month. ``stems`` say which metric of which customer belongs on which addition.
    """

    seed: int
    customers: tuple[ResaleCustomer, ...]
    companies: tuple[BackupCompany, ...]
    book: UsageBook
    tenant: CwTenant
    stems: tuple[ResaleStem, ...]
    cases: dict[str, Case]

    def backup(self, month: Month) -> list[UserMonth]:
        """Return MSP360's billing rows of a month, one per user, in its order."""
        return self.book.backup(month)

    def cloud(self, month: Month) -> list[CloudMonth]:
        """Return the rows of rCloud's file for a month, in its order."""
        return self.book.cloud(month)

    def expected(
        self,
        period: BillingPeriod,
        terms: Mapping[str, Term] = DEMO_TERMS,
        *,
        outcome: Outcome = Outcome.BILLED,
        holds_product: bool = False,
    ) -> dict[int, Settled]:
        """Return what additions must hold after a right run for a calendar month, by addition id.

        Only additions that usage reaches: a metric without any usage in the month says nothing here; see
        :meth:`without_usage`. What a run does not set (the price, mostly) is as it was before the first run.

        :param terms: how each metric is billed; metrics without a term are left out.
        :param outcome: ``GUARDED`` gives those that a guard may hold, and what they would become.
        :param holds_product: the policy that takes, of several agreements, the one that holds the product.
        :raises ValueError: when the period is no calendar month.
        """
        month = month_of(period)
        told: dict[int, Settled] = {}
        additions = {addition.addition_id: addition for addition in self.tenant.additions}
        for stem in self.stems:
            if stem.addition_id is None or self._outcome(stem, period, holds_product) is not outcome:
                continue
            term, amount = terms.get(stem.metric), self.book.amount(stem.customer_code, stem.metric, month)
            if term and amount:
                now = additions[stem.addition_id]
                told[stem.addition_id] = settled(term, amount, now.unit_cost, now.unit_price, now.included)
        return told

    def without_usage(self, period: BillingPeriod, *, holds_product: bool = False) -> list[int]:
        """Return the additions of billed customers for which the source reports nothing in this month.

        A run that registered them in another month sets them to zero, where it is told to.

        :raises ValueError: when the period is no calendar month.
        """
        month = month_of(period)
        return [
            stem.addition_id
            for stem in self.stems
            if stem.addition_id is not None
            and self._outcome(stem, period, holds_product) is Outcome.BILLED
            and self.book.amount(stem.customer_code, stem.metric, month) is None
        ]

    def _outcome(self, stem: ResaleStem, period: BillingPeriod, holds_product: bool) -> Outcome:
        outcome = Outcome.BILLED if holds_product and stem.held_by_product else stem.outcome
        return outcome if stem.addition_id is None else self._outcome_by_dates(stem.addition_id, outcome, period)

    def _outcome_by_dates(self, addition_id: int, outcome: Outcome, period: BillingPeriod) -> Outcome:
        """Return the outcome of a period in which the addition is not billable, or only from its middle on."""
        addition = next(entry for entry in self.tenant.additions if entry.addition_id == addition_id)
        agreement = next(entry for entry in self.tenant.agreements if entry.agreement_id == addition.agreement_id)
        ends = [day for day in (addition.last_day, agreement.end) if day]
        if addition.starts_on > period.last_day or any(day < period.start for day in ends):
            return Outcome.UNMATCHED
        if addition.starts_on > period.start and not agreement.prorates and outcome is Outcome.BILLED:
            return Outcome.GUARDED
        return outcome

    def to_json(self, period: BillingPeriod | None = None) -> dict[str, Any]:
        """Return all as a JSON object; with a calendar month also its usage and what is expected after it."""
        told: dict[str, Any] = {
            "seed": self.seed,
            "customers": [asdict(customer) for customer in self.customers],
            "companies": [asdict(company) for company in self.companies],
            "tenant": {name: [_plain(entry) for entry in rows] for name, rows in asdict(self.tenant).items()},
            "stems": [asdict(stem) for stem in self.stems],
            "cases": {name: asdict(case) for name, case in self.cases.items()},
        }
        if period is not None and _is_month(period):
            month = month_of(period)
            told["backup"] = [_plain_month(row) for row in self.backup(month)]
            told["cloud"] = [{"client": row.client.name, "space": str(row.space)} for row in self.cloud(month)]
            told["expected"] = _plain_settled(self.expected(period))
            told["guarded"] = _plain_settled(self.expected(period, outcome=Outcome.GUARDED))
            told["without_usage"] = self.without_usage(period)
        return told


def build_resale(seed: int) -> Resale:
    """Build the resale of a seed. The seed decides sizes and changes, never who and what there is, nor any id."""
    customers = build_customers()
    companies = build_companies(customers)
    book = UsageBook(seed, build_users(seed, companies), build_clients(seed, customers))
    tenant, stems = build_tenant(customers, book)
    return Resale(seed, customers, companies, book, tenant, stems, build_cases())


def month_of(period: BillingPeriod) -> Month:
    """Return the calendar month that a period is.

    :raises ValueError: when it is none.
    """
    if not _is_month(period):
        raise ValueError(f"{period} is no calendar month")
    return Month(period.start.year, period.start.month)


def _is_month(period: BillingPeriod) -> bool:
    following = Month(period.start.year + period.start.month // 12, period.start.month % 12 + 1)
    return period.start.day == 1 and period.end == date(*following, 1)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal | date) else value for name, value in facts.items()}


def _plain_month(row: UserMonth) -> dict[str, Any]:
    return {
        "user": row.user.email,
        "customer_code": row.user.customer_code,
        "stored": row.stored,
        "average": row.average,
        "restored": row.restored,
        "computers": sorted({machine.computer for machine in row.machines}),
        "plan_cost": str(row.plan_cost),
        "storage_cost": str(row.storage_cost),
        "restore_cost": str(row.restore_cost),
    }


def _plain_settled(entries: dict[int, Settled]) -> dict[str, dict[str, Any]]:
    return {str(addition_id): _plain(asdict(right)) for addition_id, right in entries.items()}
