"""The numbers of every charge fit together, in any period of any billing calendar, and nothing is charged twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world.sherweb.records import Counted, Cycle, SherwebCharge
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb

EXACT = Context(prec=60)
FOUR = Decimal("0.0001")


def _periods(anchor: int) -> list[BillingPeriod]:
    """Return 28 periods in a row."""
    calendar = BillingCalendar(anchor)
    found = [calendar.period_containing(date(2024, 5, 20))]
    while len(found) < 28:
        found.append(calendar.period_after(found[-1]))
    return found


def _all(resold: Sherweb, anchor: int = 1) -> list[tuple[BillingPeriod, SherwebCharge]]:
    return [(period, charge) for period in _periods(anchor) for charge in resold.charges(period)]


def _double(number: Decimal) -> Decimal:
    return Decimal(repr(float(number)))


@pytest.mark.parametrize("anchor", [1, 15, 31])
def test_sub_total_is_quantity_times_prorated_price(resold: Sherweb, anchor: int) -> None:
    """Exactly where a double holds the product, which is everywhere but with odd quantities."""
    inexact = set()
    for _, charge in _all(resold, anchor):
        product = EXACT.multiply(charge.quantity, charge.net_price_prorated)
        assert charge.sub_total == _double(product)
        if charge.sub_total != product:
            inexact.add((charge.customer_code, charge.offer_key))

    assert inexact == {("ODDQ", "backup"), ("ODDQ", "mail_guard"), ("AZUR", "azure")}


def test_net_price_is_list_price_less_deductions_and_fees(resold: Sherweb) -> None:
    """As the description's sentence has it; for whole periods the parts on the charge sum to it."""
    kinds = set()
    for _, charge in _all(resold):
        parts = [entry.unit_whole for entry in charge.deductions] + [entry.fee.unit_value for entry in charge.fees]
        assert charge.net_price == charge.list_price - sum(parts, Decimal(0))
        if charge.ratio == 1:
            assert charge.net_price_prorated == charge.net_price
            shown = [entry.unit for entry in (*charge.deductions, *charge.fees)]
            assert charge.list_price - sum(shown, Decimal(0)) == charge.net_price
        kinds |= {entry.deduction.kind.value for entry in charge.deductions}

    assert kinds == {"PromotionalMoney", "PromotionalPercentage", "PerformancePercentage"}


def test_values_of_deductions_are_prorated_and_totalled(resold: Sherweb) -> None:
    """unitValue is the prorated value of one unit, half up to four places; totalValue is that times the quantity."""
    checked = 0
    for _, charge in _all(resold):
        for entry in (*charge.deductions, *charge.fees):
            whole = entry.unit_whole if hasattr(entry, "unit_whole") else entry.fee.unit_value
            if charge.ratio != 1:
                scaled = Fraction(whole) * charge.ratio
                exact = EXACT.divide(Decimal(scaled.numerator), Decimal(scaled.denominator))
                assert entry.unit == exact.quantize(FOUR, ROUND_HALF_UP)
                checked += 1
            assert entry.total == _double(EXACT.multiply(entry.unit, charge.quantity))

    assert checked > 400


@pytest.mark.parametrize("anchor", [1, 15, 31])
def test_prorated_charges_cover_the_days_that_are_left(resold: Sherweb, anchor: int) -> None:
    """From the day of the change to the end of the period or term; the ratio is days by days."""
    for period, charge in _all(resold, anchor):
        if charge.why in {"increase", "decrease", "cancellation", "purchase"} and charge.cycle == "Monthly":
            assert period.start < charge.first <= charge.last == period.last_day
            assert charge.ratio == Fraction((charge.last - charge.first).days + 1, period.days)
        elif charge.why in {"period", "usage"}:
            assert (charge.first, charge.last, charge.ratio) == (period.start, period.last_day, 1)
        else:
            assert period.contains(charge.first)


@pytest.mark.parametrize("anchor", [1, 15, 31])
def test_quantities_of_a_period_sum_to_what_is_in_force_at_its_end(resold: Sherweb, anchor: int) -> None:
    """And what is charged for a day is the seats of that day: quotas are neither lost nor charged twice."""
    offers = resold.book.offers
    for period in _periods(anchor):
        by_subscription: dict[str, list[SherwebCharge]] = defaultdict(list)
        for charge in resold.charges(period):
            if charge.why not in {"setup", "fixed", "one_time"}:
                by_subscription[charge.subscription_id].append(charge)
        for one in resold.book.subscriptions:
            offer = offers[one.offer_key]
            if offer.counted is not Counted.QUOTA or offer.cycle is not Cycle.MONTHLY:
                continue
            charges = by_subscription[one.subscription_id]
            for day in (period.start, date.fromordinal(period.start.toordinal() + 9), period.last_day):
                charged = sum(charge.quantity for charge in charges if charge.first <= day <= charge.last)
                assert charged == one.in_force(day), (one.customer_code, one.offer_key, day)


def test_a_change_on_a_boundary_makes_no_line_of_its_own(resold: Sherweb) -> None:
    """On the first day of a period it is part of the period's charge."""
    for period, charge in _all(resold):
        assert charge.cycle != "Monthly" or charge.why in {"period", "usage", "fixed"} or charge.first != period.start


def test_credits_are_never_above_what_was_charged(resold: Sherweb) -> None:
    """In each period, for each subscription, the sum is not below zero; but for the two cases that are."""
    for period in _periods(1):
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for charge in resold.charges(period):
            if charge.charge_type == "Recurring":
                sums[charge.customer_code, charge.offer_key] += charge.sub_total
        below = {pair for pair, amount in sums.items() if amount < 0}
        assert below <= {("NEGA", "teams"), ("CRED", "teams")}


def test_what_is_charged_is_the_sum_of_the_charges(resold: Sherweb, july: BillingPeriod) -> None:
    """By customer, SKU and currency, to the last digit; two literal sums."""
    charged = resold.charged(july)
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for charge in resold.charges(july):
        key = (charge.customer_code, charge.sku, charge.currency)
        sums[key] = EXACT.add(sums[key], charge.sub_total)

    assert charged == sums
    assert charged["SEVR", "SW-M365-BP", "EUR"] == Decimal("285.78")
    assert charged["ONCE", "SW-TEAMS-ESS", "EUR"] == Decimal("50.88")  # 20.88 seats, 15 setup, 40 fee, 25 back
    assert {currency for _, _, currency in charged} == {"EUR", "USD"}
    assert sum(1 for _, _, currency in charged if currency == "USD") == 1
