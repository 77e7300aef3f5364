"""What is wrong with the distributor's answer on demand: each trouble by its name, and none unless it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.sherweb.shapes import NO_TAGS
from billing_providers.sandbox.world.sherweb.offers import PREMIUM
from billing_providers.sandbox.world.sherweb.prices import product
from billing_providers.sandbox.world.sherweb.records import SherwebCharge

MODEL = "CLOV"  # the customer whose first charge of PREMIUM the troubles concern
Charges = list[SherwebCharge]


def with_troubles(charges: Charges, names: tuple[str, ...]) -> Charges:
    """Return the charges of a period with troubles in them, one after the other."""
    for name in names:
        charges = CHARGE_TROUBLES.get(name, _unchanged)(charges)
    return charges


def _unchanged(charges: Charges) -> Charges:
    return charges


def _place(charges: Charges) -> int:
    found = (place for place, one in enumerate(charges) if (one.customer_code, one.offer_key) == (MODEL, PREMIUM))
    return next(found, 0)


def _first_with(**facts: Any) -> Callable[[Charges], Charges]:
    def changed(charges: Charges) -> Charges:
        place = _place(charges)
        return [*charges[:place], *(replace(one, **facts) for one in charges[place : place + 1]), *charges[place + 1 :]]

    return changed


def _beside(make: Callable[[SherwebCharge], SherwebCharge]) -> Callable[[Charges], Charges]:
    def changed(charges: Charges) -> Charges:
        place = _place(charges)
        return [*charges[: place + 1], *(make(one) for one in charges[place : place + 1]), *charges[place + 1 :]]

    return changed


def _times(charge: SherwebCharge, quantity: Decimal) -> SherwebCharge:
    """Return a charge of another quantity, without deductions: its totals stay right."""
    return replace(
        charge,
        quantity=quantity,
        sub_total=product(charge.net_price_prorated, quantity),
        deductions=tuple(replace(entry, total=product(entry.unit, quantity)) for entry in charge.deductions),
    )


def _correction(charge: SherwebCharge) -> SherwebCharge:
    last = charge.first - timedelta(days=1)
    return replace(_times(charge, Decimal(-1)), first=last.replace(day=1), last=last)


def _off(charges: Charges) -> Charges:
    place = _place(charges)
    wrong = charges[place].sub_total + Decimal("0.01") if charges else Decimal(0)
    return _first_with(sub_total=wrong)(charges)


_TROUBLES: tuple[tuple[str, Callable[[Charges], Charges], str], ...] = (
    ("no_customer_tag", _first_with(display_name=""), "a charge whose tags name no customer"),
    ("null_tags", _first_with(display_name=NO_TAGS), "a charge whose tags are null"),
    ("unknown_customer", _beside(lambda one: replace(one, customer_code="", display_name="Nobody & Sons")),
     "a charge of a customer that no list has"),
    ("other_currency", _first_with(currency="USD"), "a charge in USD among those in EUR"),
    ("unknown_type", _first_with(charge_type="Unknown"), "a recurring charge that says Unknown"),
    ("new_type", _first_with(charge_type="Refund"), "a charge type that the description does not have"),
    ("new_cycle", _first_with(cycle="Quarterly"), "a billing cycle that the description does not have"),
    ("no_sku", _first_with(sku=""), "a charge whose sku is null"),
    ("new_offer", _beside(lambda one: replace(one, sku="SW-NEVER-SEEN", product_name="Something new")),
     "a SKU that was never there before"),
    ("text_quantity", _first_with(quantity="twelve"), "a quantity that is text"),
    ("huge_quantity", _beside(lambda one: _times(one, 99 * one.quantity)), "a hundredfold quantity"),
    ("credit_above_charge", _beside(lambda one: _times(one, -one.quantity - 2)),
     "a credit for 2 more than was charged"),
    ("repeated", _beside(lambda one: one), "a charge twice, with the same content"),
    ("correction", _beside(_correction), "a credit of 1 for the month before"),
    ("sub_total_off", _off, "a subTotal that is 0.01 more than the product"),
    ("one_missing", lambda charges: charges[:-1], "the last charge is missing, and nothing tells"),
    ("empty", lambda _: [], "no charges"),
    # Of the whole answer; see state.py.
    ("null_charges", _unchanged, "charges are null"),
    ("wrong_period", _unchanged, "the period before the one that was asked for"),
    ("mislabelled", _unchanged, "the charges of the period before, under the dates of the one that was asked for"),
)  # fmt: skip
CHARGE_TROUBLES = {name: change for name, change, _ in _TROUBLES}
WORDS = {name: words for name, _, words in _TROUBLES}
_LISTS = ("charges", "items")


def shortened(content: Any, by: int) -> Any:
    """Drop the last rows of an answer."""
    content.update({name: content[name][:-by] for name in _LISTS if content.get(name)})
    return content


def lied(content: Any, delta: int) -> Any:
    """Change the quantity of every row that has one; money stays."""
    for row in [row for name in _LISTS for row in content.get(name) or []]:
        if isinstance(row.get("quantity"), int | float):
            row["quantity"] += delta
    return content
