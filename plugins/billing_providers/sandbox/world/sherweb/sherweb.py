"""The reselling of Sherweb's subscriptions as a whole: customers, charges, the BMS lines, and what is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.accounts import PsaBuilder
from billing_providers.sandbox.world.records import Case, Outcome
from billing_providers.sandbox.world.sherweb.cases import build_cases
from billing_providers.sandbox.world.sherweb.charges import ChargeBook
from billing_providers.sandbox.world.sherweb.customers import build_customers
from billing_providers.sandbox.world.sherweb.expected import ExpectedLine, Held, SherwebExpectation
from billing_providers.sandbox.world.sherweb.offers import build_offers
from billing_providers.sandbox.world.sherweb.prices import exact_sum
from billing_providers.sandbox.world.sherweb.records import SherwebCharge, SherwebCustomer
from billing_providers.sandbox.world.sherweb.subscriptions import build_one_offs, build_subscriptions
from billing_providers.sandbox.world.sherweb.tenant import SherwebTenant, add_to_tenant

ChargedKey = tuple[str, str, str]  # customer code, SKU, currency


@dataclass(frozen=True, slots=True)
class Sherweb:
    """A description that nothing changes: the twin works on copies of it.

    ``book`` holds the charges of every period. ``tenant`` says which lines bill what, and what a person has mapped.
    """

    seed: int
    book: ChargeBook
    tenant: SherwebTenant
    cases: dict[str, Case]

    @property
    def customers(self) -> tuple[SherwebCustomer, ...]:
        """All customers, in Sherweb's order."""
        return tuple(self.book.customers.values())

    def charges(self, period: BillingPeriod, as_of: date | None = None) -> list[SherwebCharge]:
        """Return the distributor's charges of a period, as they were known at the end of a day (None: all)."""
        return self.book.charges(period, as_of)

    def expected(
        self, period: BillingPeriod, *, outcome: Outcome = Outcome.BILLED, id_tag: bool = True
    ) -> dict[int, ExpectedLine]:
        """Return what lines must hold after a right run for a period, by line id.

        :param outcome: ``GUARDED`` gives lines whose change a default guard may hold: they are left alone, or come to
            hold exactly this. ``UNMATCHED`` gives lines that must stay as they are, with the reason.
        :param id_tag: whether charges carry the customer's id.
        """
        return SherwebExpectation(self.book, self.tenant, period, id_tag=id_tag).lines(outcome)

    def held(self, period: BillingPeriod, *, id_tag: bool = True) -> list[Held]:
        """Return what is charged as a quantity in a period, but must be reported and left alone, and why."""
        return SherwebExpectation(self.book, self.tenant, period, id_tag=id_tag).held()

    def without_charges(self, period: BillingPeriod) -> list[int]:
        """Return lines that nothing is charged for in a period; one that registered them before sets them to zero."""
        return SherwebExpectation(self.book, self.tenant, period).without_charges()

    def yearly_without_charges(self, period: BillingPeriod) -> list[int]:
        """Return lines of yearly offers in force that are not charged in a period: they are not set to zero."""
        return SherwebExpectation(self.book, self.tenant, period).yearly_without_charges()

    def no_quantities(self, period: BillingPeriod) -> list[SherwebCharge]:
        """Return the charges of a period that are no quantities: setup, money, unknown kinds."""
        return SherwebExpectation(self.book, self.tenant, period).no_quantities()

    def charged(self, period: BillingPeriod) -> dict[ChargedKey, Decimal]:
        """Return the exact sum of what the distributor charges in a period, by customer code, SKU and currency."""
        return charged_amounts(self.charges(period))

    def to_json(self, period: BillingPeriod | None = None) -> dict[str, Any]:
        """Return all as a JSON object; with a period also its charges and what is expected after it."""
        told: dict[str, Any] = {
            "seed": self.seed,
            "customers": [
                plain(asdict(entry) | {"customer_id": entry.customer_id}) for entry in self.book.customers.values()
            ],
            "offers": [plain(asdict(entry)) for entry in self.book.offers.values()],
            "subscriptions": [plain(asdict(entry)) for entry in self.book.subscriptions],
            "tenant": plain(asdict(self.tenant)),
            "cases": {name: asdict(case) for name, case in self.cases.items()},
        }
        if period is not None:
            told |= self.statement(period)
        return told

    def statement(self, period: BillingPeriod) -> dict[str, Any]:
        """Return the charges of a period and all that is expected after it, as a JSON object."""
        outcomes = (("expected", Outcome.BILLED), ("guarded", Outcome.GUARDED), ("unmatched", Outcome.UNMATCHED))
        return {
            "period": {"start": period.start.isoformat(), "last_day": period.last_day.isoformat()},
            "charges": [plain(asdict(charge)) for charge in self.charges(period)],
            **{
                name: {
                    str(line_id): plain(asdict(line))
                    for line_id, line in self.expected(period, outcome=outcome).items()
                }
                for name, outcome in outcomes
            },
            "held": [plain(asdict(entry)) for entry in self.held(period)],
            "without_charges": self.without_charges(period),
            "yearly_without_charges": self.yearly_without_charges(period),
            "charged": [
                {"customer_code": code, "sku": sku, "currency": currency, "amount": str(amount)}
                for (code, sku, currency), amount in self.charged(period).items()
            ],
        }


def build_sherweb(seed: int, psa: PsaBuilder) -> Sherweb:
    """Build the reselling of a seed, and add what BMS holds of it. The seed decides sizes and ordinary changes only."""
    customers = build_customers()
    book = ChargeBook(
        seed=seed,
        offers=build_offers(),
        customers={customer.code: customer for customer in customers},
        subscriptions=build_subscriptions(seed, customers),
        one_offs=build_one_offs(),
    )
    return Sherweb(seed, book, add_to_tenant(psa, book), build_cases())


def charged_amounts(charges: Iterable[SherwebCharge]) -> dict[ChargedKey, Decimal]:
    """Return exact sums of ``subTotal`` by customer code, SKU and currency."""
    found: dict[ChargedKey, list[Decimal]] = defaultdict(list)
    for charge in charges:
        found[charge.customer_code, charge.sku, charge.currency].append(charge.sub_total)
    return {key: exact_sum(amounts) for key, amounts in sorted(found.items())}


def plain(facts: Any) -> Any:
    """Return facts with decimals and days as text."""
    if isinstance(facts, dict):
        return {name: plain(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [plain(value) for value in facts]
    if isinstance(facts, StrEnum):
        return facts.value
    return str(facts) if isinstance(facts, Decimal | date | Fraction) else facts
