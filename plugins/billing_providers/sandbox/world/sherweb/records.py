"""What the reselling of Sherweb's subscriptions is made of. Descriptions only: the twin copies what it changes.

Days are whole days in UTC, a period's last day is inside of it, money and quantities are exact decimals.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Counted(StrEnum):
    """How the quantity of an offer comes about."""

    QUOTA = "quota"  # seats that are bought; a change shows at once
    USAGE_AT_CLOSE = "usage_at_close"  # known on the billing date, after the period
    USAGE_LIVE = "usage_live"  # known to date on every day


class ChargeType(StrEnum):
    """``chargeType`` (seen: the vendor's description)."""

    SETUP = "Setup"
    RECURRING = "Recurring"
    USAGE = "Usage"
    UNKNOWN = "Unknown"


class Cycle(StrEnum):
    """``billingCycleType`` (seen: the vendor's description)."""

    ONE_TIME = "OneTime"
    MONTHLY = "Monthly"
    YEARLY = "Yearly"


class DeductionType(StrEnum):
    """``deductionType`` (seen: the vendor's description)."""

    PROMOTIONAL_MONEY = "PromotionalMoney"
    PROMOTIONAL_PERCENTAGE = "PromotionalPercentage"
    PERFORMANCE_PERCENTAGE = "PerformancePercentage"


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that Sherweb sells.

    :param key: ours. Two offers may share a SKU: the same product paid monthly and yearly.
    :param list_price: of one unit for a whole cycle.
    :param service: name of the BMS service that bills it; empty: nobody has mapped it.
    :param committed: for a year: fewer seats only when the term renews.
    :param setup_fee: charged once, on the day of the purchase; zero: none.
    :param places: decimal places of a usage.
    """

    key: str
    sku: str
    name: str
    list_price: Decimal
    service: str
    counted: Counted = Counted.QUOTA
    cycle: Cycle = Cycle.MONTHLY
    committed: bool = False
    setup_fee: Decimal = Decimal(0)
    currency: str = "EUR"
    charge_type: ChargeType = ChargeType.RECURRING
    places: int = 0


@dataclass(frozen=True, slots=True)
class SherwebCustomer:
    """A customer as Sherweb knows it.

    :param code: ours; no system shows it.
    :param account_code: of its BMS account; empty: it has none.
    :param renamed: the name that it has from a day on.
    :param suspended_on: None: not suspended. Charges go on.
    :param with_atria: it is a customer of Atria's as well, with one account and contract for both.
    """

    code: str
    name: str
    account_code: str
    renamed: tuple[date, str] | None = None
    suspended_on: date | None = None
    with_atria: bool = False

    @property
    def customer_id(self) -> str:
        """The id in Sherweb."""
        return stable_id("customer", self.code)

    def name_on(self, day: date) -> str:
        """Return the display name of a day."""
        return self.renamed[1] if self.renamed and day >= self.renamed[0] else self.name


@dataclass(frozen=True, slots=True)
class QuantityEvent:
    """A change of how many seats are in force, from the start of a day on.

    :param what: ``purchase``, ``increase``, ``decrease`` or ``cancellation``.
    :param asked_on: the day on which it was asked for, where it had to wait for the renewal.
    """

    day: date
    change: int
    what: str
    asked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Deduction:
    """Something that lowers the list price of charges that start from ``since`` on, until ``until`` (a last day).

    ``value`` is money per unit and cycle, or per cent of the list price.
    """

    code: str
    name: str
    kind: DeductionType
    value: Decimal
    since: date = date.min
    until: date = date.max


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee per unit and cycle; the vendor's sentence subtracts it from the list price."""

    name: str
    unit_value: Decimal
    taxable: bool = True


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one customer has bought of one offer.

    :param events: of quotas, by day; the first is the purchase.
    :param usage: what is used in an unchanged month, of usage-based offers.
    :param varies: whether some months differ from that.
    :param started: first day of a usage-based subscription.
    :param deductions: besides the performance tier.
    """

    subscription_id: str
    customer_code: str
    offer_key: str
    events: tuple[QuantityEvent, ...] = ()
    usage: Decimal = Decimal(0)
    varies: bool = True
    started: date = date(2024, 2, 1)
    deductions: tuple[Deduction, ...] = ()
    fees: tuple[Fee, ...] = ()

    @property
    def start(self) -> date:
        """The day of the purchase."""
        return self.events[0].day if self.events else self.started

    def in_force(self, day: date) -> int:
        """Return the seats in force on a day."""
        return sum(event.change for event in self.events if event.day <= day)


@dataclass(frozen=True, slots=True)
class OneOff:
    """A charge that comes once, or with the same numbers in every period (``day`` None).

    :param price: net and list price; below zero: money back.
    """

    customer_code: str
    offer_key: str
    charge_name: str
    quantity: Decimal
    price: Decimal
    day: date | None
    charge_type: ChargeType = ChargeType.SETUP
    cycle: Cycle = Cycle.ONE_TIME
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class ChargedDeduction:
    """A deduction on a charge: ``unit`` is prorated, ``unit_whole`` is not, ``total`` is ``unit`` × quantity."""

    deduction: Deduction
    unit: Decimal
    unit_whole: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class ChargedFee:
    """A fee on a charge; both values are prorated."""

    fee: Fee
    unit: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class SherwebCharge:
    """One charge of a billing period, as the distributor bills it.

    :param first: first day of the charge's own period.
    :param last: its last day.
    :param why: ``period``, ``year``, ``usage``, the name of an event, ``setup``, ``one_time`` or ``fixed``.
    :param ratio: which part of a whole cycle is charged.
    """

    customer_code: str
    display_name: str
    subscription_id: str
    offer_key: str
    sku: str
    product_name: str
    charge_name: str
    charge_type: str
    cycle: str
    first: date
    last: date
    quantity: Decimal
    list_price: Decimal
    net_price: Decimal
    net_price_prorated: Decimal
    sub_total: Decimal
    currency: str
    proratable: bool
    why: str
    ratio: Fraction = Fraction(1)
    deductions: tuple[ChargedDeduction, ...] = ()
    fees: tuple[ChargedFee, ...] = ()


def stable_id(kind: str, text: str) -> str:
    """Return a GUID that follows from a text alone."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://sherweb.example/{kind}/{text}"))
