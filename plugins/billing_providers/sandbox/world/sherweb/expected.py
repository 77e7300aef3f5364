"""What a right run leaves on the lines of Sherweb's customers, stated from the world alone, apart from the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing_providers.model.decimals import EXACT
from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.records import Outcome
from billing_providers.sandbox.world.resale.terms import half_up
from billing_providers.sandbox.world.sherweb.charges import ChargeBook
from billing_providers.sandbox.world.sherweb.prices import exact_sum, priced
from billing_providers.sandbox.world.sherweb.quantities import (
    Step,
    charged_quantity,
    is_quantity,
    quantity_of,
    steps_of,
    subscriptions_of,
)
from billing_providers.sandbox.world.sherweb.records import Cycle, DeductionType, SherwebCharge, Subscription
from billing_providers.sandbox.world.sherweb.tenant import SherwebLine, SherwebTenant
from billing_providers.sandbox.world.sherweb.terms import term_of
from billing_providers.sandbox.world.stems import whole_units

_JUMP_FACTOR, _JUMP_FLOOR = 5, 10  # the default guards of a line
_SPREAD_PLACES = 4


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What one unit costs for a whole cycle, on each basis."""

    list_price: Decimal
    net: Decimal
    net_without_tier: Decimal  # without the deduction of the performance tier

    def spread(self) -> UnitCosts:
        """Return a twelfth of a year's cost, half up to four places."""
        parts = (self.list_price, self.net, self.net_without_tier)
        return UnitCosts(*(half_up(Fraction(part) / 12, _SPREAD_PLACES) for part in parts))


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """What one line must hold after a right run for a period.

    :param quantity: exact: the usage of the period, or what is in force at its end. Yearly offers too: it is what a
        run must set that spreads the year over twelve months.
    :param units: the same in BMS's whole units, half up: what a line holds where nothing is prorated.
    :param units_before: what the line holds before the first run.
    :param steps: what it must hold from which day on where changes are sent with their own days.
    :param charged: sum of the quantities that are charged in the period. Of monthly offers it is ``quantity``; of
        yearly ones it is what a run bills that bills years once, and 0 in most months.
    :param due: exact sum of their ``subTotal``.
    :param costs: None: nothing is in force, or the subscriptions have several prices.
    """

    line_id: int
    contract_id: int
    customer_code: str
    offer_key: str
    sku: str
    cycle: str
    quantity: Decimal
    units: Decimal
    units_before: Decimal
    steps: tuple[Step, ...]
    charged: Decimal
    due: Decimal
    costs: UnitCosts | None
    outcome: Outcome
    why: str = ""  # why it is not billed


@dataclass(frozen=True, slots=True)
class Held:
    """Something that is charged, but reported and left alone. ``offer_key`` empty: the whole customer.

    ``why``: ``no_account``, ``name_of_several``, ``contract_not_monthly``, ``offer_unmapped``, ``line_missing``,
    ``other_currency`` or ``negative_sum``.
    """

    customer_code: str
    offer_key: str
    why: str
    line_id: int | None = None


class SherwebExpectation:
    """The statement for one tenant and one period.

    :param id_tag: whether charges carry the customer's id; without it, customers of one name cannot be told apart.
    """

    def __init__(self, book: ChargeBook, tenant: SherwebTenant, period: BillingPeriod, *, id_tag: bool = True) -> None:
        self._book = book
        self._tenant = tenant
        self._period = period
        self._charges = book.charges(period)
        self._quantities: dict[tuple[str, str], list[SherwebCharge]] = {}
        for charge in filter(is_quantity, self._charges):
            self._quantities.setdefault((charge.customer_code, charge.offer_key), []).append(charge)
        names = [customer.name for customer in book.customers.values()]
        self._customers_held = {
            code: "no_account" if not customer.account_code else "name_of_several"
            for code, customer in book.customers.items()
            if not customer.account_code or (not id_tag and names.count(customer.name) > 1)
        }

    def lines(self, outcome: Outcome) -> dict[int, ExpectedLine]:
        """Return the lines that come to an outcome, by line id."""
        found = [self._line(line) for line in self._tenant.lines if self._is_used(line)]
        return {line.line_id: line for line in sorted(found, key=lambda line: line.line_id) if line.outcome is outcome}

    def held(self) -> list[Held]:
        """Return what is charged as a quantity, and reaches no line."""
        found = [Held(code, "", why) for code, why in self._customers_held.items()]
        known = {(line.customer_code, line.offer_key) for line in self._tenant.lines}
        for code, key in self._quantities:
            if code not in self._customers_held and (code, key) not in known:
                found.append(Held(code, key, "line_missing" if self._book.offers[key].service else "offer_unmapped"))
        held = self.lines(Outcome.UNMATCHED).values()
        return found + [
            Held(line.customer_code, line.offer_key, line.why, line.line_id)
            for line in held
            if line.customer_code not in self._customers_held
        ]

    def without_charges(self) -> list[int]:
        """Return lines of monthly offers that nothing is charged for; a run that registered them sets them to zero."""
        return [
            line.line_id
            for line in self._tenant.lines
            if not self._is_used(line) and self._is_open(line) and not self._is_yearly(line)
        ]

    def yearly_without_charges(self) -> list[int]:
        """Return lines of yearly offers that are in force, but not charged in this period: no reason to set zero."""
        return [
            line.line_id
            for line in self._tenant.lines
            if self._is_yearly(line) and self._is_used(line) and self._is_open(line) and not self._own(line)
        ]

    def no_quantities(self) -> list[SherwebCharge]:
        """Return the charges that say nothing about how much there is: setup, money, unknown kinds."""
        return [charge for charge in self._charges if not is_quantity(charge)]

    def _own(self, line: SherwebLine) -> list[SherwebCharge]:
        return self._quantities.get((line.customer_code, line.offer_key), [])

    def _is_yearly(self, line: SherwebLine) -> bool:
        return self._book.offers[line.offer_key].cycle is Cycle.YEARLY

    def _is_open(self, line: SherwebLine) -> bool:
        return line.usable and line.customer_code not in self._customers_held

    def _is_used(self, line: SherwebLine) -> bool:
        return bool(self._own(line)) or (self._is_yearly(line) and self._quantity(line) > 0)

    def _quantity(self, line: SherwebLine) -> Decimal:
        last_day = self._period.last_day
        return quantity_of(self._book, self._own(line), line.customer_code, line.offer_key, last_day)

    def _line(self, line: SherwebLine) -> ExpectedLine:
        book, code, key = self._book, line.customer_code, line.offer_key
        offer, own = book.offers[key], self._own(line)
        quantity = self._quantity(line)
        units = whole_units(quantity)
        outcome, why = self._outcome(line, quantity, units)
        return ExpectedLine(
            line_id=line.line_id,
            contract_id=line.contract_id,
            customer_code=code,
            offer_key=key,
            sku=offer.sku,
            cycle=offer.cycle.value,
            quantity=quantity,
            units=units,
            units_before=line.units_before,
            steps=steps_of(book, code, key, self._period, units),
            charged=charged_quantity(own, code, key),
            due=exact_sum(charge.sub_total for charge in own),
            costs=self._costs(code, key) if quantity > 0 else None,
            outcome=outcome,
            why=why,
        )

    def _outcome(self, line: SherwebLine, quantity: Decimal, units: Decimal) -> tuple[Outcome, str]:
        offer = self._book.offers[line.offer_key]
        whys = {
            self._customers_held.get(line.customer_code, ""): line.customer_code in self._customers_held,
            "contract_not_monthly": not line.usable,
            "other_currency": offer.currency != "EUR",
            "negative_sum": quantity < 0,
        }
        why = next((word for word, holds in whys.items() if holds), "")
        if why:
            return Outcome.UNMATCHED, why
        low, high = sorted((line.units_before, units))
        jumps = high - low > _JUMP_FLOOR and (low <= 0 or high > low * _JUMP_FACTOR)
        if jumps or (not units and line.units_before):
            return Outcome.GUARDED, "jump" if jumps else "to_zero"
        return Outcome.BILLED, ""

    def _costs(self, code: str, key: str) -> UnitCosts | None:
        """Return the one price of all subscriptions that are in force."""
        found = {self._costs_of(entry) for entry in subscriptions_of(self._book, code, key) if self._counts(entry)}
        return found.pop() if len(found) == 1 else None

    def _counts(self, entry: Subscription) -> bool:
        return not entry.events or entry.in_force(self._period.last_day) > 0

    def _costs_of(self, entry: Subscription) -> UnitCosts:
        offer = self._book.offers[entry.offer_key]
        money = priced(offer, entry, Decimal(1), self._priced_on(entry, offer.cycle))
        tier = exact_sum(
            charged.unit_whole
            for charged in money.deductions
            if charged.deduction.kind is DeductionType.PERFORMANCE_PERCENTAGE
        )
        return UnitCosts(offer.list_price, money.net_price, EXACT.add(money.net_price, tier))

    def _priced_on(self, entry: Subscription, cycle: Cycle) -> date:
        if cycle is Cycle.YEARLY:
            term = term_of(entry.start, self._period.last_day)
            return term[0] if term else entry.start
        return max(self._period.start, entry.start)
