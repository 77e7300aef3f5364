"""What travels: names and types of the two descriptions, all fields always there unless said otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing_providers.model.decimals import EXACT
from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.sherweb.offers import PRICE_FACTOR
from billing_providers.sandbox.world.sherweb.prices import prorated
from billing_providers.sandbox.world.sherweb.records import (
    Counted,
    Cycle,
    Offer,
    SherwebCharge,
    SherwebCustomer,
    Subscription,
    stable_id,
)
from billing_providers.sandbox.world.sherweb.terms import term_of

VAT_PERCENT = 20
NO_TAGS = "(no tags)"  # display name of a charge whose tags are null


@dataclass(frozen=True, slots=True)
class ChargeForm:
    """How charges are printed.

    :param billed_on: date of the invoice; None: not billed yet.
    :param id_tag: name of the tag with the customer's id; empty: there is none.
    :param row_ids: each charge has an id of its own.
    """

    period: BillingPeriod
    billed_on: date | None
    id_tag: str
    row_ids: bool


def payable(charges: Iterable[SherwebCharge], customer_ids: dict[str, str], form: ChargeForm) -> list[dict[str, Any]]:
    """Return the distributor's charges; ``invoice`` is left out until there is one."""
    places: Counter[str] = Counter()
    shown = []
    for charge in charges:
        row = f"{charge.subscription_id}|{charge.offer_key}|{charge.charge_name}|{charge.first}|{charge.why}"
        places[row] += 1
        shown.append(_payable(charge, f"{row}|{places[row]}", customer_ids.get(charge.customer_code, ""), form))
    return shown


def _payable(charge: SherwebCharge, row: str, customer_id: str, form: ChargeForm) -> dict[str, Any]:
    told: dict[str, Any] = {
        "productId": stable_id("product", charge.sku),
        "productName": charge.product_name,
        "sku": charge.sku or None,
        "chargeId": _charge_id(charge, row if form.row_ids else ""),
        "chargeName": charge.charge_name,
        "chargeType": charge.charge_type,
        "billingCycleType": charge.cycle,
        "periodFrom": charge.first.isoformat(),
        "periodTo": charge.last.isoformat(),
        "quantity": charge.quantity,
        "listPrice": charge.list_price,
        "netPrice": charge.net_price,
        "netPriceProrated": charge.net_price_prorated,
        "subTotal": charge.sub_total,
        "currency": charge.currency,
        "isBilled": form.billed_on is not None,
        "isProratable": charge.proratable,
        "deductions": [
            {
                "code": entry.deduction.code,
                "name": entry.deduction.name,
                "deductionType": entry.deduction.kind.value,
                "value": entry.deduction.value,
                "unitValue": entry.unit,
                "totalValue": entry.total,
            }
            for entry in charge.deductions
        ],
        "fees": [
            {
                "name": entry.fee.name,
                "unitValue": entry.unit,
                "totalValue": entry.total,
                "isTaxable": entry.fee.taxable,
            }
            for entry in charge.fees
        ],
        "taxes": [{"name": "VAT", "appliedRate": VAT_PERCENT}],
        "tags": _tags(charge, customer_id, form.id_tag),
    }
    if form.billed_on is not None:
        told["invoice"] = {
            "number": invoice_number(form.period),
            "date": form.billed_on.isoformat(),
            "periodFrom": form.period.start.isoformat(),
            "periodTo": form.period.last_day.isoformat(),
        }
    return told


def invoice_number(period: BillingPeriod) -> str:
    """Return the number of the invoice of a period."""
    return f"INV-{period.last_day:%Y%m%d}"


def _charge_id(charge: SherwebCharge, row: str) -> str:
    return stable_id("row", row) if row else stable_id("charge", f"{charge.sku}|{charge.cycle}|{charge.charge_name}")


def _tags(charge: SherwebCharge, customer_id: str, id_tag: str) -> list[dict[str, str]] | None:
    if charge.display_name == NO_TAGS:
        return None
    pairs = [("SubscriptionId", charge.subscription_id), ("CustomerDisplayName", charge.display_name)]
    if id_tag and charge.display_name:
        pairs.append((id_tag, customer_id))
    return [{"name": name, "value": value} for name, value in pairs if value]


def receivable(charges: Iterable[SherwebCharge]) -> list[dict[str, Any]]:
    """Return what a customer owes; the price is the one that the MSP's price list has."""
    return [
        {
            "productName": charge.product_name,
            "sku": charge.sku or None,
            "chargeId": _charge_id(charge, ""),
            "chargeName": charge.charge_name,
            "chargeType": charge.charge_type,
            "billingCycleType": charge.cycle,
            "periodFrom": charge.first.isoformat(),
            "periodTo": charge.last.isoformat(),
            "quantity": charge.quantity,
            "costPrice": _retail(charge, Fraction(1)),
            "costPriceProrated": _retail(charge, charge.ratio),
            "currency": charge.currency,
            "isProratable": charge.proratable,
        }
        for charge in charges
    ]


def _retail(charge: SherwebCharge, ratio: Fraction) -> Decimal:
    return prorated(EXACT.multiply(charge.list_price, PRICE_FACTOR), ratio)


def customer(entry: SherwebCustomer, today: date) -> dict[str, Any]:
    """Return a customer under the name that it has today."""
    suspended = entry.suspended_on
    return {
        "id": entry.customer_id,
        "displayName": entry.name_on(today),
        "path": ["Harbour MSP"],
        "suspendedOn": _instant(suspended, 14) if suspended and suspended <= today else None,
    }


def subscription(entry: Subscription, offer: Offer, today: date) -> dict[str, Any]:
    """Return a subscription; usage-based ones have a quantity of 1."""
    quantity = entry.in_force(today) if offer.counted is Counted.QUOTA else 1
    return {"id": entry.subscription_id, "productName": offer.name, "sku": offer.sku, "quantity": quantity}


def subscription_details(entry: Subscription, offer: Offer, today: date) -> dict[str, Any]:
    """Return a subscription with the day of its purchase and its commitment."""
    return {
        **subscription(entry, offer, today),
        "description": f"{offer.name} ({offer.cycle.value})",
        "purchaseDate": _instant(entry.start, 9),
        "commitmentTerm": _commitment(entry, offer, today),
    }


def _commitment(entry: Subscription, offer: Offer, today: date) -> dict[str, Any] | None:
    term = term_of(entry.start, today)
    if not (offer.committed or offer.cycle is Cycle.YEARLY) or term is None:
        return None
    renewal = term[1] + timedelta(days=1)
    waiting = [event for event in entry.events if event.asked_on and event.asked_on <= today and event.day == renewal]
    renewed = entry.in_force(today) + sum(event.change for event in waiting)
    told = {"renewalDate": renewal.isoformat(), "scheduledQuantity": renewed if waiting else None}
    return {
        "type": "Annual",
        "termEndDate": term[1].isoformat(),
        "renewalConfiguration": told if renewed else None,
    }


def _instant(day: date, hour: int) -> str:
    return f"{datetime.combine(day, time(hour, 30, 5)).isoformat()}.7613888Z"
