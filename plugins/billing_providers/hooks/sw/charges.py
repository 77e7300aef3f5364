"""What a charge is: the same object whether it comes from the API or out of an exported file.

- Seen (vendor's OpenAPI): the fields, the charge types and billing cycles, ``unitValue`` of a deduction is prorated and
  per unit, ``totalValue`` is that times the quantity. The billing period ends with its last day (seen in the text of
  the call); that a charge's own period does so too is assumed.
- Seen (vendor's client): what a customer is invoiced has ``costPrice`` and ``costPriceProrated`` per unit, and neither
  tags, deductions nor totals.
- Inferred: a negative quantity is a credit for the days of its period. List and net price are those of a whole period.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

from billing_providers.hooks.sw.tags import Tags
from billing_providers.hooks.sw.values import Values
from billing_providers.hooks.usage_fields import RowFault
from billing_providers.model.decimals import EXACT, EXPONENT_MAX, Rounding, round_decimal, text_from_decimal
from billing_providers.model.usage import UsageKind


class Form(StrEnum):
    """Where a charge comes from, which says what it must tell."""

    PAYABLE = "payable"  # the partner owes it: all prices, deductions, fees
    RECEIVABLE = "receivable"  # a customer owes it: a price, and no total
    FILE = "file"  # as payable, but for prices


PERFORMANCE = "PerformancePercentage"
PROMOTIONS = ("PromotionalMoney", "PromotionalPercentage")
_KINDS = {"setup": UsageKind.SETUP, "recurring": UsageKind.RECURRING, "usage": UsageKind.USAGE}
_CYCLES = {"": "", "onetime": "one_time", "monthly": "monthly", "yearly": "yearly"}
_DOUBLE_DIGITS = 15
_DOUBLE = Context(prec=_DOUBLE_DIGITS)


@dataclass(frozen=True, slots=True)
class Part:
    """A deduction or a fee: prorated, of one unit and of the whole charge.

    :param kind: type of a deduction.
    :param value: money or per cent, as the deduction is agreed; None: not told.
    """

    unit: Decimal
    total: Decimal
    kind: str = ""
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge. Prices are of one unit; None where the form does not tell them.

    :param from_double: the quantity as it was told, where only its first 15 digits were taken; else None.
    :param usage: whether it is a usage charge, whatever its kind.
    """

    product: str
    name: str
    sku: str
    kind: UsageKind
    usage: bool
    cycle: str
    covers_from: date | None
    covers_until: date | None
    quantity: Decimal
    from_double: Decimal | None
    list_price: Decimal | None
    net_price: Decimal | None
    net_prorated: Decimal | None
    sub_total: Decimal
    deductions: tuple[Part, ...]
    fees: tuple[Part, ...]
    currency: str
    open: bool


def charge_of(row: Values, quantity_places: int | None, form: Form) -> Charge:
    """Return the charge that an object describes.

    :raises RowFault: for a value that is not what its field needs.
    """
    told = row.needed_number("quantity")
    quantity = quantity_of(told, quantity_places)
    listed, net, prorated, sub_total = _amounts(row, quantity, form)
    cycle = _cycle(row.text("billingCycleType"))
    charge_type = _word(row.text("chargeType"))
    covers_from, covers_until = _days(row)
    return Charge(
        product=row.text("productName").strip(),
        name=row.text("chargeName").strip(),
        sku=row.text("sku"),
        kind=_kind(charge_type, cycle, (quantity, net if listed is None else listed, sub_total)),
        usage=charge_type == "usage",
        cycle=cycle,
        covers_from=covers_from,
        covers_until=covers_until,
        quantity=quantity,
        from_double=told if quantity != told else None,
        list_price=listed,
        net_price=net,
        net_prorated=prorated,
        sub_total=sub_total,
        deductions=tuple(_part(entry, entry.text("deductionType").strip()) for entry in row.objects("deductions")),
        fees=tuple(_part(entry) for entry in row.objects("fees")),
        currency=row.text("currency").strip(),
        open=row.flag("isBilled") is False,
    )


def quantity_of(told: Decimal, places: int | None) -> Decimal:
    """Return a quantity. One of more than 15 digits came through a double, and its end may be noise.

    :param places: how many decimal places its first 15 digits may have; None: it is refused.
    :raises RowFault: when it is refused.

    >>> quantity_of(Decimal("12.000000000000002"), 4)
    Decimal('12')
    """
    digits = len(text_from_decimal(abs(told)).replace(".", "").strip("0"))
    if digits <= _DOUBLE_DIGITS:
        return told
    meant = Decimal(text_from_decimal(_DOUBLE.plus(told)))
    if places is not None and -int(meant.as_tuple().exponent) <= places:
        return meant
    limit = "set quantity_places" if places is None else f"quantity_places allows {places} decimal places"
    raise RowFault(
        "quantity",
        f"{told} has {digits} digits, of which a double keeps 15: it may mean {text_from_decimal(meant)}; {limit}",
    )


def attributes_of(row: Mapping[str, Any], tags: Tags) -> str:
    """Return everything that a charge says as JSON text, numbers as text, digit for digit.

    Tags and the invoice are spread out, for rules: ``tag.<name>``, ``invoice.number``.
    """
    said = {name: value for name, value in row.items() if name not in {"tags", "invoice"} and value is not None}
    said |= {f"tag.{name}": values[0] if len(values) == 1 else list(values) for name, values in tags.items()}
    invoice = row.get("invoice")
    if isinstance(invoice, Mapping):
        said |= {f"invoice.{name}": value for name, value in invoice.items() if value is not None}
    elif invoice is not None:
        said["invoice"] = invoice
    return json.dumps(_exact(said), sort_keys=True, ensure_ascii=False)


def _exact(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _exact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return value


def _amounts(
    row: Values, quantity: Decimal, form: Form
) -> tuple[Decimal | None, Decimal | None, Decimal | None, Decimal]:
    """Return list, net and prorated price, and what is charged in all."""
    if form is Form.RECEIVABLE:
        net, prorated = row.needed_money("costPrice"), row.needed_money("costPriceProrated")
        total = round_decimal(EXACT.multiply(quantity, prorated), EXPONENT_MAX, Rounding.HALF_EVEN)
        return None, net, prorated, Decimal(text_from_decimal(total))
    price = row.needed_money if form is Form.PAYABLE else row.money
    return price("listPrice"), price("netPrice"), price("netPriceProrated"), row.needed_money("subTotal")


def _kind(charge_type: str, cycle: str, figures: tuple[Decimal, Decimal | None, Decimal]) -> UsageKind:
    quantity, price, sub_total = figures
    kind = _KINDS.get(charge_type, UsageKind.UNKNOWN)
    if kind is UsageKind.UNKNOWN:
        return kind
    if cycle == "one_time":
        return UsageKind.SETUP
    if quantity > 0 > sub_total and price is not None and price <= 0:
        return UsageKind.CREDIT  # money is given back; its quantity counts nothing that somebody holds
    return kind


def _cycle(text: str) -> str:
    found = _CYCLES.get(_word(text))
    if found is None:
        raise RowFault("billingCycleType", f"{text!r} is none of OneTime, Monthly, Yearly")
    return found


def _days(row: Values) -> tuple[date | None, date | None]:
    first, last = row.day("periodFrom"), row.day("periodTo")
    if last == date.max:
        raise RowFault("periodTo", f"{last} is no last day of a period: no day follows it")
    if first is not None and last is not None and last < first:
        raise RowFault("periodTo", f"{last} lies before periodFrom, {first}")
    return first, None if last is None else last + timedelta(days=1)


def _part(entry: Values, kind: str = "") -> Part:
    return Part(entry.needed_money("unitValue"), entry.needed_money("totalValue"), kind, entry.money("value"))


def _word(text: str) -> str:
    return text.strip().casefold().replace(" ", "").replace("_", "").replace("-", "")
