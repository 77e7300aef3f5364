"""Writing lines: units change by one adjustment, which is a difference from a day on and cannot be taken back.

``POST /Contracts/{id}/ServiceAdjustments`` with ``unitChange`` and ``effectiveDate`` (seen in four clients). An
adjustment has no id that is answered (``itemId`` is null), cannot be queried, edited or deleted, so it leaves once, and
unit rows are read afterwards. Its day is sent as a bare date: a time would be taken off, a zone could move it (seen).
With ``contractID`` and ``serviceID`` instead of a line the server makes a line where there is none; the hook does so
only for a line that is to be added, and never allows a second one for the same service. The text for invoices is set by
``PATCH /Contracts/{id}/Services`` (seen in one client). Price and cost of a line are set when it is made and not later.

A change of both text and units goes as two requests, the text first, since only that one may be repeated: when the
units are then refused the text stays, and says so in the error. A new line gets its text once a list shows its id.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_providers.errors import BillingError, NotSent, OutcomeUnknown, RequestError, UnreadableAnswer
from billing_providers.hooks.at.answers import AtAnswer
from billing_providers.hooks.at.kinds import LineKind, kind_of
from billing_providers.hooks.at.paging import listed
from billing_providers.hooks.at.query import Clause, Operator, Query
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.model.changes import ChangeKind, LineChange, LineField
from billing_providers.model.decimals import DecimalError, decimal_from_text, text_from_decimal
from billing_providers.model.psa import WriteReceipt

SETS = frozenset({LineField.INVOICE_TEXT})

TEXT_MAX = 1000  # length of invoiceDescription
_UNITS_MAX = 2**31 - 1  # int32 in the API description
_DIGITS_MAX = 15  # of a double
_PRICES = {LineField.UNIT_PRICE: "adjustedUnitPrice", LineField.UNIT_COST: "adjustedUnitCost"}
_SETS_UNITS = frozenset({ChangeKind.SET_QUANTITY, ChangeKind.ZERO})


def write_change(tenant: AtTenant, change: LineChange) -> WriteReceipt:
    """Send one change. The answer tells no quantity and no id; both are read afterwards.

    :raises NotSent: for what Autotask cannot hold, or when nothing would change.
    """
    adds = change.kind is ChangeKind.ADD_LINE
    kind = kind_of(change.service_id if adds else change.line_id)
    contract_id = _number(change.contract_id, "contract", change, tenant)
    text = _text(change, kind, tenant)
    if adds:
        told = _adjust(tenant, kind, contract_id, _new_line(change, kind, tenant))
        line_id = _text_of_added(tenant, kind, contract_id, change, text) if text else ""
        return WriteReceipt(observed=None, line_id=line_id, request_id=told.answer.request_id)
    own_id = _number(kind.own_id(change.line_id), "line", change, tenant)
    adjustment = _adjustment(change, kind, own_id, tenant) if change.kind in _SETS_UNITS else None
    if adjustment is None and text is None:
        problem = "the change sets neither units nor the invoice text, and nothing else of a line can be set"
        raise _not_sent(problem, change, tenant)
    request_id = ""
    if text is not None:
        request_id = _describe(tenant, kind, contract_id, own_id, text).answer.request_id
    if adjustment is not None:
        request_id = _units(tenant, kind, contract_id, adjustment, text_is_set=text is not None)
    return WriteReceipt(observed=None, line_id=change.line_id, request_id=request_id)


def _units(tenant: AtTenant, kind: LineKind, contract_id: str, adjustment: dict[str, Any], *, text_is_set: bool) -> str:
    try:
        return _adjust(tenant, kind, contract_id, adjustment).answer.request_id
    except RequestError as error:
        if text_is_set:
            error.args = (f"{error} (the invoice text of the line was set before)",)
        raise


def _adjust(tenant: AtTenant, kind: LineKind, contract_id: str, body: dict[str, Any]) -> AtAnswer:
    path, values = f"/Contracts/{{contract_id}}/{kind.adjusted}", {"contract_id": contract_id}
    return _taken(tenant.api.call("POST", path, entity=kind.adjustments, values=values, json=body))


def _describe(tenant: AtTenant, kind: LineKind, contract_id: str, own_id: str, text: str) -> AtAnswer:
    path, values = f"/Contracts/{{contract_id}}/{kind.written}", {"contract_id": contract_id}
    body = {"id": int(own_id), "invoiceDescription": text}
    return _taken(tenant.api.call("PATCH", path, entity=kind.lines, values=values, json=body, repeatable=True))


def _taken(told: AtAnswer) -> AtAnswer:
    """Return the answer to a write: ``itemId``, be it null (seen in two clients), or the record (API description).

    :raises UnreadableAnswer: for any other: then only reading tells whether it was applied.
    """
    if not {"itemid", "id"} & {name.casefold() for name in told.value}:
        raise told.answer.error(UnreadableAnswer, "the answer to a write holds no itemId")
    return told


def _adjustment(change: LineChange, kind: LineKind, own_id: str, tenant: AtTenant) -> dict[str, Any]:
    if change.quantity_before is None:
        raise _not_sent("how many units the line has is not known, and only a difference can be sent", change, tenant)
    difference = _whole(change.quantity_after, change, tenant) - _whole(change.quantity_before, change, tenant)
    if not difference:
        raise _not_sent("the units stay as they are; an adjustment of 0 would change nothing", change, tenant)
    return {kind.line: int(own_id), "unitChange": difference, "effectiveDate": change.effective_date.isoformat()}


def _new_line(change: LineChange, kind: LineKind, tenant: AtTenant) -> dict[str, Any]:
    units = _whole(change.quantity_after, change, tenant)
    if not units:
        raise _not_sent("a line without units cannot be added", change, tenant)
    body: dict[str, Any] = {
        "contractID": int(change.contract_id),
        kind.service: int(_number(kind.own_id(change.service_id), "service", change, tenant)),
        "unitChange": units,
        "effectiveDate": change.effective_date.isoformat(),
        kind.again: False,
    }
    # Without them the catalogue of the moment would decide, not the reviewed figure. Bundles take no cost.
    if change.unit_price is not None:
        body["adjustedUnitPrice"] = _amount(change.unit_price, change, tenant)
    if change.unit_cost is not None and not kind.mark:
        body["adjustedUnitCost"] = _amount(change.unit_cost, change, tenant)
    return body


def _text_of_added(tenant: AtTenant, kind: LineKind, contract_id: str, change: LineChange, text: str) -> str:
    """Set the text of the line that was just added, and return the line's id.

    :raises OutcomeUnknown: whatever goes wrong, since a refusal would say that no line was added.
    """
    try:
        line_id = _added_line(tenant, kind, contract_id, change)
        _describe(tenant, kind, contract_id, kind.own_id(line_id), text)
    except OutcomeUnknown:
        raise
    except BillingError as error:
        problem = f"{change.service_name}: the line was added; its invoice text is not set ({error})"
        raise tenant.error(OutcomeUnknown, problem) from None
    return line_id


def _added_line(tenant: AtTenant, kind: LineKind, contract_id: str, change: LineChange) -> str:
    """Return the id of the line that was just added, as lists show it.

    :raises UnreadableAnswer: when they do not show it, or show several: then a person has to look.
    """
    service_id = int(kind.own_id(change.service_id))
    place = (Clause("contractID", Operator.EQ, int(contract_id)), Clause(kind.service, Operator.EQ, service_id))
    rows = listed(tenant, Query(kind.lines, (), place))
    if len(rows) != 1:
        problem = f"{change.service_name}: the line was added, but {len(rows)} lines show; its invoice text is not set"
        raise tenant.error(UnreadableAnswer, problem)
    return f"{kind.mark}{rows[0].identity('id')}"


def _text(change: LineChange, kind: LineKind, tenant: AtTenant) -> str | None:
    """Return the invoice text that a change sets, None when it sets none.

    :raises NotSent: for any other field, but the price and cost of a new line; for a text that is too long.
    """
    text: str | None = None
    for entry in change.fields:
        if entry.field is LineField.INVOICE_TEXT:
            text = entry.after
        elif change.kind is not ChangeKind.ADD_LINE or not _goes_along(entry.field, entry.after, change, kind):
            raise _not_sent(f"{entry.field.value} of a line cannot be set to {entry.after!r}", change, tenant)
    if text is not None and len(text) > TEXT_MAX:
        raise _not_sent(
            f"the invoice text has {len(text)} characters, Autotask takes {TEXT_MAX} at most", change, tenant
        )
    return text


def _goes_along(field: LineField, text: str, change: LineChange, kind: LineKind) -> bool:
    """Whether a field is the price or cost that the adjustment of a new line carries anyway."""
    if field not in _PRICES or (field is LineField.UNIT_COST and kind.mark):
        return False
    carried = change.unit_price if field is LineField.UNIT_PRICE else change.unit_cost
    try:
        return carried is not None and carried == decimal_from_text(text)
    except DecimalError:
        return False


def _whole(quantity: Decimal, change: LineChange, tenant: AtTenant) -> int:
    units = int(quantity)
    if units != quantity or not 0 <= units <= _UNITS_MAX:
        problem = f"units are whole numbers from 0 to {_UNITS_MAX}; got {text_from_decimal(quantity)}"
        raise _not_sent(problem, change, tenant)
    return units


def _amount(amount: Decimal, change: LineChange, tenant: AtTenant) -> Decimal:
    if len(text_from_decimal(abs(amount)).replace(".", "").lstrip("0")) > _DIGITS_MAX:
        raise _not_sent(f"{amount} has more than {_DIGITS_MAX} digits, which a double does not hold", change, tenant)
    return amount


def _number(text: str, what: str, change: LineChange, tenant: AtTenant) -> str:
    if not (text.isascii() and text.isdigit()):
        raise _not_sent(f"the {what} has no id of Autotask: {text!r}", change, tenant)
    return text


def _not_sent(problem: str, change: LineChange, tenant: AtTenant) -> RequestError:
    return tenant.error(NotSent, f"{change.service_name}: nothing was sent: {problem}")
