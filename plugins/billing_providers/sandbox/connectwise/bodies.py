"""What may be written into an addition: its fields under their wire names, each with its type, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from billing_providers.sandbox.connectwise.errors import CwRefusal, Fault, bad_request
from billing_providers.sandbox.connectwise.state import CwState
from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.world.resale.records import BILLABLE, DO_NOT_BILL, NO_CHARGE, CwProduct

DERIVED = frozenset(
    {
        "id", "agreementId", "billedQuantity", "uom", "extPrice", "extCost", "margin", "prorateCost", "proratePrice",
        "extendedProrateCost", "extendedProratePrice", "agreementStatus", "_info",
    }
)  # fmt: skip
NOT_SIMULATED = frozenset({"opportunity", "invoiceGrouping", "customFields"})
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\dT00:00:00Z")


@dataclass(frozen=True, slots=True)
class Writable:
    """A field that may be written.

    :param attribute: its name in the state.
    :param read: turns a JSON value into the state's; raises ``ValueError`` with what is wrong.
    :param cleared: what it holds when it is taken away; ``...``: it cannot be.
    """

    attribute: str
    read: Callable[[Any, CwState], Any]
    cleared: Any = ...


def json_body(request: Request) -> Any:
    """Return a JSON body; its numbers are exact decimals.

    :raises CwRefusal: 415 for another content type, 400 for what is no JSON.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise CwRefusal(415, "UnsupportedMediaType", f"Unsupported media type {content_type or '(none)'}.")
    try:
        return json.loads(request.body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise bad_request("InvalidJson", f"The body is no JSON: {error}") from None


def read_field(name: str, value: Any, state: CwState) -> tuple[Any, Fault | None]:
    """Return what a field becomes, and what is wrong with the value; null takes away what is there."""
    field = WRITABLE[name]
    try:
        if value is None:
            if field.cleared is ...:
                raise ValueError("it cannot be empty")
            return field.cleared, None
        return field.read(value, state), None
    except ValueError as error:
        return None, Fault("InvalidField", f"The {name} field is not valid: {error}.", name)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _number(value: Any, _: CwState) -> Decimal:
    """A number, or a number as text (seen); kept as a double keeps it, as the specification's type says."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{_shown(value)} is no number")
    return Decimal(repr(float(value)))


def _day(value: Any, _: CwState) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(f"{_shown(value)} is no whole day such as 2026-07-01T00:00:00Z")
    return date.fromisoformat(value[:10])


def _text(value: Any, _: CwState, *, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no text")
    if len(value) > longest:
        raise ValueError(f"it has {len(value)} characters, and at most {longest} are allowed")
    return value


def _flag(value: Any, _: CwState) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is neither true nor false")
    return value


def _bill_customer(value: Any, _: CwState) -> str:
    if value not in (BILLABLE, DO_NOT_BILL, NO_CHARGE):
        raise ValueError(f"Enum value supplied was invalid: {_shown(value)}")
    return str(value)


def _product(value: Any, state: CwState) -> CwProduct:
    number = value.get("id") if isinstance(value, dict) else None
    identifier = value.get("identifier", "") if isinstance(value, dict) else ""
    if not isinstance(value, dict) or isinstance(number, bool) or not isinstance(number, int | None):
        raise ValueError(f"{_shown(value)} is no reference such as {{'id': 1}}")
    found = state.product(number, str(identifier))
    if found is None:
        raise ValueError(f"there is no product {_shown(value)}")
    return found


def _shown(value: Any) -> str:
    return repr(value)[:60]


WRITABLE: dict[str, Writable] = {
    "product": Writable("product", _product),
    "quantity": Writable("quantity", _number),
    "lessIncluded": Writable("included", _number),
    "unitPrice": Writable("unit_price", _number),
    "unitCost": Writable("unit_cost", _number),
    "billCustomer": Writable("bill_customer", _bill_customer),
    "effectiveDate": Writable("starts_on", _day),
    "cancelledDate": Writable("last_day", _day, None),
    "taxableFlag": Writable("taxable", _flag),
    "serialNumber": Writable("serial_number", partial(_text, longest=50), ""),
    "invoiceDescription": Writable("invoice_text", partial(_text, longest=6000), ""),
    "purchaseItemFlag": Writable("purchase", _flag),
    "specialOrderFlag": Writable("special_order", _flag),
    "description": Writable("description", partial(_text, longest=6000), ""),
    "sequenceNumber": Writable("sequence", _number),
    "prorateCurrentPeriodFlag": Writable("prorate_current", _flag),
}
