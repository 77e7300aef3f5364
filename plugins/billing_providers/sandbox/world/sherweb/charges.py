"""Charges of any billing period, from the dated events of every subscription.

Quotas are billed in advance: the seats of the first day for the whole period, and each later change for the days that
are left of it, an increase as a charge and a decrease as a credit. What is paid yearly is charged on the day on which
its term starts or renews, a change in between for the days that are left of the term. Usage is billed for its period.
So the quantities of a quota's charges in a period sum to what is in force at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.sherweb.prices import WHOLE, Priced, priced, product, ratio_of
from billing_providers.sandbox.world.sherweb.records import (
    ChargeType,
    Counted,
    Cycle,
    Offer,
    OneOff,
    QuantityEvent,
    SherwebCharge,
    SherwebCustomer,
    Subscription,
)
from billing_providers.sandbox.world.sherweb.terms import term_of
from billing_providers.sandbox.world.sherweb.usage import usage_of


@dataclass(frozen=True, slots=True)
class ChargeBook:
    """Charges of every period, as of any day."""

    seed: int
    offers: dict[str, Offer]
    customers: dict[str, SherwebCustomer]
    subscriptions: tuple[Subscription, ...]
    one_offs: tuple[OneOff, ...]

    def charges(self, period: BillingPeriod, as_of: date | None = None) -> list[SherwebCharge]:
        """Return the charges of a period in the distributor's order: by customer, then by subscription and day.

        :param as_of: what had happened by the end of this day; None: everything.
        """
        if as_of is not None and as_of < period.start:
            return []
        until = period.last_day if as_of is None else min(as_of, period.last_day)
        found = [
            charge for subscription in self.subscriptions for charge in self._of(subscription, period, until, as_of)
        ]
        found += [self._one_off(entry, period) for entry in self.one_offs if _falls(entry, period, until)]
        order = {code: place for place, code in enumerate(self.customers)}
        return sorted(found, key=lambda charge: order[charge.customer_code])

    def _of(
        self, subscription: Subscription, period: BillingPeriod, until: date, as_of: date | None
    ) -> Iterator[SherwebCharge]:
        offer = self.offers[subscription.offer_key]
        if offer.counted is not Counted.QUOTA:
            used = usage_of(self.seed, subscription, offer, period, as_of)
            if used is not None:
                yield self._made(subscription, used, period.start, period.last_day, "usage")
            return
        if offer.cycle is Cycle.YEARLY:
            yield from self._yearly(subscription, period, until)
        else:
            yield from self._monthly(subscription, period, until)
        if offer.setup_fee and period.start <= subscription.start <= until:
            yield self._setup(subscription, offer)

    def _monthly(self, subscription: Subscription, period: BillingPeriod, until: date) -> Iterator[SherwebCharge]:
        at_start = subscription.in_force(period.start)
        if at_start:
            yield self._made(subscription, Decimal(at_start), period.start, period.last_day, "period")
        for event in _within(subscription, period.start, until):
            ratio = ratio_of(event.day, period.last_day, period.start, period.last_day)
            money = self._priced(subscription, Decimal(event.change), max(period.start, subscription.start), ratio)
            yield self._charge(subscription, event.change, event.day, period.last_day, money, event.what)

    def _yearly(self, subscription: Subscription, period: BillingPeriod, until: date) -> Iterator[SherwebCharge]:
        term = term_of(subscription.start, until)
        if term is None:
            return
        if term[0] >= period.start and (seats := subscription.in_force(term[0])):
            yield self._made(subscription, Decimal(seats), *term, "year")
        for event in _within(subscription, period.start - timedelta(days=1), until):
            first, last = term_of(subscription.start, event.day) or term
            if event.day != first:  # a change on the anniversary is part of the year's charge
                ratio = ratio_of(event.day, last, first, last)
                money = self._priced(subscription, Decimal(event.change), first, ratio)
                yield self._charge(subscription, event.change, event.day, last, money, event.what)

    def _made(self, subscription: Subscription, quantity: Decimal, first: date, last: date, why: str) -> SherwebCharge:
        money = self._priced(subscription, quantity, first)
        return self._charge(subscription, quantity, first, last, money, why)

    def _priced(self, subscription: Subscription, quantity: Decimal, on: date, ratio: Fraction = WHOLE) -> Priced:
        return priced(self.offers[subscription.offer_key], subscription, quantity, on, ratio)

    def _charge(
        self, subscription: Subscription, quantity: int | Decimal, first: date, last: date, money: Priced, why: str
    ) -> SherwebCharge:
        offer = self.offers[subscription.offer_key]
        return SherwebCharge(
            customer_code=subscription.customer_code,
            display_name=self.customers[subscription.customer_code].name_on(first),
            subscription_id=subscription.subscription_id,
            offer_key=offer.key,
            sku=offer.sku,
            product_name=offer.name,
            charge_name=f"{offer.name} usage" if offer.charge_type is ChargeType.USAGE else offer.name,
            charge_type=offer.charge_type.value,
            cycle=offer.cycle.value,
            first=first,
            last=last,
            quantity=Decimal(quantity),
            list_price=offer.list_price,
            net_price=money.net_price,
            net_price_prorated=money.net_price_prorated,
            sub_total=money.sub_total,
            currency=offer.currency,
            proratable=offer.counted is Counted.QUOTA,
            why=why,
            ratio=money.ratio,
            deductions=money.deductions,
            fees=money.fees,
        )

    def _setup(self, subscription: Subscription, offer: Offer) -> SherwebCharge:
        code, day = subscription.customer_code, subscription.start
        entry = OneOff(code, offer.key, f"{offer.name} setup", Decimal(1), offer.setup_fee, day)
        return self._plain(entry, day, day, "setup", subscription.subscription_id)

    def _one_off(self, entry: OneOff, period: BillingPeriod) -> SherwebCharge:
        if entry.day is None:
            return self._plain(entry, period.start, period.last_day, "fixed", "")
        return self._plain(entry, entry.day, entry.day, "one_time", "")

    def _plain(self, entry: OneOff, first: date, last: date, why: str, subscription_id: str) -> SherwebCharge:
        offer = self.offers[entry.offer_key]
        return SherwebCharge(
            customer_code=entry.customer_code,
            display_name=self.customers[entry.customer_code].name_on(first),
            subscription_id=subscription_id,
            offer_key=offer.key,
            sku=offer.sku,
            product_name=offer.name,
            charge_name=entry.charge_name,
            charge_type=entry.charge_type.value,
            cycle=entry.cycle.value,
            first=first,
            last=last,
            quantity=entry.quantity,
            list_price=entry.price,
            net_price=entry.price,
            net_price_prorated=entry.price,
            sub_total=product(entry.price, entry.quantity),
            currency=entry.currency,
            proratable=False,
            why=why,
        )


def _within(subscription: Subscription, after: date, until: date) -> list[QuantityEvent]:
    return [event for event in subscription.events if after < event.day <= until]


def _falls(entry: OneOff, period: BillingPeriod, until: date) -> bool:
    return entry.day is None or period.start <= entry.day <= until
