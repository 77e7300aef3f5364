"""Billing in advance without proration: only what exceeds the highest quantity that is paid."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from billing_providers.engine.proration.amounts import exact
from billing_providers.engine.proration.conventions import ProrationRule
from billing_providers.engine.proration.rounding import rounded
from billing_providers.model.decimals import EXACT


def high_water_charges(
    quantities: Iterable[Decimal], unit_price: Decimal, rule: ProrationRule, paid: Decimal = Decimal(0)
) -> list[Decimal]:
    """Return the charge of each quantity of one period, in their order. Nothing is refunded on the way down.

    The charges come to the rounded amount of what the peak exceeds ``paid``, whatever the steps.

    :param paid: units that are paid for this period already.

    >>> from billing_providers.engine.proration.conventions import Convention
    >>> steps = [Decimal(10), Decimal(5), Decimal(15)]
    >>> high_water_charges(steps, Decimal(10), ProrationRule(Convention.NONE))
    [Decimal('100.00'), Decimal('0.00'), Decimal('50.00')]
    """
    price, start = exact(unit_price, "unit price"), exact(paid, "paid quantity")
    mark, billed = start, rounded(exact(Decimal(0), "amount"), rule.places)
    charges: list[Decimal] = []
    for quantity in quantities:
        mark = max(mark, exact(quantity, "quantity"))
        amount = rounded((mark - start) * price, rule.places, rule.rounding)
        charges.append(EXACT.subtract(amount, billed))
        billed = amount
    return charges
