"""Writing additions: one JSON Patch per change, one POST per new line.

A patch is always an array; its paths are bare field names, values JSON numbers and texts (seen in three public clients;
the documented form according to one note). Quantities are set, so a repeated patch is harmless. Dates are whole days,
sent as midnight UTC. Doubles carry 15 digits; a number with more is refused rather than changed on the way (inferred).
A new addition may not start before the agreement's billing start; the server says so with a 400 (seen on vendors'
pages).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.errors import NotSent, RequestError
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.lines import line_written
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.model.changes import ChangeKind, LineChange, LineField
from billing_providers.model.decimals import DecimalError, decimal_from_text, text_from_decimal
from billing_providers.model.psa import WriteReceipt

_LIST = "/finance/agreements/{agreement_id}/additions"
_ONE = f"{_LIST}/{{addition_id}}"
_NAMES = {
    LineField.UNIT_COST: "unitCost",
    LineField.UNIT_PRICE: "unitPrice",
    LineField.INVOICE_TEXT: "invoiceDescription",
    LineField.INCLUDED: "lessIncluded",
    LineField.STARTS_ON: "effectiveDate",
    LineField.LAST_DAY: "cancelledDate",
}
_DAYS = frozenset({LineField.STARTS_ON, LineField.LAST_DAY})
_SETS_QUANTITY = frozenset({ChangeKind.SET_QUANTITY, ChangeKind.ZERO})
_TEXT_MAX = 6000  # maxLength of invoiceDescription
_DIGITS_MAX = 15

SETS = frozenset(_NAMES)


def write_addition(api: CwApi, change: LineChange) -> WriteReceipt:
    """Send one change, once, and return the record that the server answered.

    :raises NotSent: for a value that ConnectWise cannot hold, a line or product without a numeric id, nothing to send.
    """
    voice = api.client.voice
    values = {"agreement_id": _number_of(change.contract_id, "agreement", change, voice)}
    if change.kind is ChangeKind.ADD_LINE:
        line_id = ""
        told = api.call("POST", _LIST, values=values, json=_new_addition(change, voice))
    else:
        line_id = _number_of(change.line_id, "addition", change, voice)
        values["addition_id"] = line_id
        told = api.call("PATCH", _ONE, values=values, json=_patch(change, voice))
    line = line_written(told, change.contract_id, change.account_id, line_id)
    return WriteReceipt(observed=line.quantity, line_id=line.line_id, request_id=told.answer.request_id, line=line)


def _patch(change: LineChange, voice: ErrorVoice) -> list[dict[str, Any]]:
    sent: dict[str, Any] = {}
    if change.kind in _SETS_QUANTITY:
        sent["quantity"] = _amount("quantity", change.quantity_after, change, voice)
    sent |= _fields(change, voice)
    if change.kind is ChangeKind.END_LINE and _NAMES[LineField.LAST_DAY] not in sent:
        raise _not_sent("the change ends the line but names no last day", change, voice)
    if not sent:
        raise _not_sent("the change sets nothing", change, voice)
    return [{"op": "replace", "path": name, "value": value} for name, value in sent.items()]


def _new_addition(change: LineChange, voice: ErrorVoice) -> dict[str, Any]:
    body: dict[str, Any] = {
        "product": {"id": int(_number_of(change.service_id, "product", change, voice))},
        "quantity": _amount("quantity", change.quantity_after, change, voice),
        "billCustomer": "Billable",
        "effectiveDate": _date_time(change.effective_date),
    }
    # Without them the catalogue of the moment would decide, not the reviewed figure.
    for name, amount in (("unitCost", change.unit_cost), ("unitPrice", change.unit_price)):
        if amount is not None:
            body[name] = _amount(name, amount, change, voice)
    return body | _fields(change, voice)


def _fields(change: LineChange, voice: ErrorVoice) -> dict[str, Any]:
    return {_NAMES[entry.field]: _value(entry.field, entry.after, change, voice) for entry in change.fields}


def _value(field: LineField, text: str, change: LineChange, voice: ErrorVoice) -> Any:
    name = _NAMES[field]
    if field is LineField.INVOICE_TEXT:
        if len(text) > _TEXT_MAX:
            problem = f"{name} holds {len(text)} characters, ConnectWise takes {_TEXT_MAX} at most"
            raise _not_sent(problem, change, voice)
        return text
    try:
        return (
            _date_time(date.fromisoformat(text))
            if field in _DAYS
            else _amount(name, decimal_from_text(text), change, voice)
        )
    except (DecimalError, ValueError) as error:
        raise _not_sent(f"{name} is {text!r} ({error})", change, voice) from None


def _amount(name: str, amount: Decimal, change: LineChange, voice: ErrorVoice) -> Decimal:
    """Return a number as it is sent.

    :raises NotSent: when it is negative, or a double would not hold all its digits.
    """
    text = text_from_decimal(amount)
    if amount < 0 or len(text.replace(".", "").lstrip("0")) > _DIGITS_MAX:
        allowed = f"numbers from 0 on with at most {_DIGITS_MAX} digits"
        raise _not_sent(f"{name} is {text}, ConnectWise takes {allowed}", change, voice)
    return amount


def _number_of(text: str, what: str, change: LineChange, voice: ErrorVoice) -> str:
    if not (text.isascii() and text.isdigit()):
        raise _not_sent(f"the {what} has no id of ConnectWise: {text!r}", change, voice)
    return text


def _date_time(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _not_sent(problem: str, change: LineChange, voice: ErrorVoice) -> RequestError:
    return voice.error(NotSent, f"{change.service_name}: nothing was sent: {problem}")
