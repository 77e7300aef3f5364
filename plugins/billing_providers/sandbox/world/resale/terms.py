"""The billing terms of the demo, stated once more and apart from the product: what is right, not how it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing_providers.sandbox.world.resale.amounts import Amount


class Sends(StrEnum):
    """What is carried to the addition; the three ways of MSP360's own integration (its ConnectWise help page)."""

    AVERAGE_COST = "average_cost"  # quantity, and total cost / quantity as unit cost
    TOTAL_AS_ONE = "total_as_one"  # quantity one, total cost as unit cost and unit price
    QUANTITY_ONLY = "quantity_only"


@dataclass(frozen=True, slots=True)
class Term:
    """How one metric is billed.

    :param places: decimal places of the quantity, half up.
    :param included: units that are free; None: the addition's own number stays.
    """

    sends: Sends
    places: int = 0
    included: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What an addition holds after a right run."""

    quantity: Decimal
    unit_cost: Decimal
    unit_price: Decimal
    included: Decimal


COST_PLACES = 4  # of an average unit cost
DEMO_TERMS: dict[str, Term] = {
    "used_space": Term(Sends.AVERAGE_COST, places=2),
    "computers": Term(Sends.QUANTITY_ONLY),
    "license.Server": Term(Sends.QUANTITY_ONLY),
    "license.Desktop": Term(Sends.QUANTITY_ONLY),
    "plan": Term(Sends.TOTAL_AS_ONE),
    "billable_space": Term(Sends.QUANTITY_ONLY, places=2, included=Decimal(50)),
}


def settled(term: Term, amount: Amount, unit_cost: Decimal, unit_price: Decimal, included: Decimal) -> Settled:
    """Return what an addition must hold; the last three arguments are what it holds now.

    A quantity of zero leaves the average cost as it is: nothing can be divided by zero.
    """
    quantity = half_up(amount.quantity, term.places)
    cost = amount.cost or Decimal(0)
    free = included if term.included is None else term.included
    match term.sends:
        case Sends.AVERAGE_COST if quantity:
            return Settled(quantity, half_up(Fraction(cost) / Fraction(quantity), COST_PLACES), unit_price, free)
        case Sends.TOTAL_AS_ONE if quantity:
            total = half_up(Fraction(cost), 2)
            return Settled(Decimal(1), total, total, free)
    return Settled(quantity, unit_cost, unit_price, free)


def half_up(number: Fraction, places: int) -> Decimal:
    """Return a number rounded once, half away from zero, with so many decimal places."""
    scaled = abs(number) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    rounded = Decimal(whole).scaleb(-places)
    return -rounded if number < 0 else rounded
