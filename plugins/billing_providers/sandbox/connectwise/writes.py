"""What changes additions: POST, PUT, PATCH (the PSA's dialect of JSON Patch, always an array) and DELETE."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.connectwise import shapes
from billing_providers.sandbox.connectwise.bodies import DERIVED, NOT_SIMULATED, WRITABLE, read_field
from billing_providers.sandbox.connectwise.call import Answer, Call
from billing_providers.sandbox.connectwise.errors import Fault, bad_request, invalid_addition
from billing_providers.sandbox.connectwise.live import LiveAddition
from billing_providers.sandbox.connectwise.rules import check_addition

_OPERATIONS = ("add", "replace", "remove")
_PATCH_KEYS = {"op", "path", "value"}
_REQUIRED = ("product", "billCustomer")
QUANTITY_DEFAULT = Decimal(1)


def add_addition(call: Call) -> Answer:
    """Add an addition. A second open one of the same product is taken, as the PSA takes it (seen)."""
    agreement = call.state.agreement(call.path["parentId"])
    given = _fields_of_body(call, ignored=frozenset())
    addition = _new(call, given)
    check_addition(agreement, None, addition)
    call.state.add(addition, given, call.trace)
    return Answer(shapes.addition(call.state, addition), 201)


def replace_addition(call: Call) -> Answer:
    """Put a whole addition: what is not sent becomes what a new one would have; derived fields are ignored."""
    addition = call.state.addition(call.path["parentId"], call.path["id"])
    given = _fields_of_body(call, ignored=DERIVED)
    for name, own in (("id", addition.addition_id), ("agreementId", addition.agreement_id)):
        if call.body.get(name, own) != own:
            raise invalid_addition(Fault("InvalidField", f"The {name} field cannot be changed.", name))
    fresh = _new(call, given)
    after = replace(
        fresh,
        addition_id=addition.addition_id,
        entered_at=addition.entered_at,
        entered_by=addition.entered_by,
        updated_at=addition.updated_at,
    )
    return _changed(call, addition, after)


def patch_addition(call: Call) -> Answer:
    """Change single fields, all or none."""
    addition = call.state.addition(call.path["parentId"], call.path["id"])
    changes, faults = _patched(call)
    if faults:
        raise invalid_addition(*faults)
    if "product" in changes and "description" not in changes:
        changes["description"] = changes["product"].description
    return _changed(call, addition, replace(addition, **changes))


def delete_addition(call: Call) -> Answer:
    """Delete an addition."""
    call.state.delete(call.state.addition(call.path["parentId"], call.path["id"]), call.trace)
    return Answer(b"", 204)


def _changed(call: Call, before: LiveAddition, after: LiveAddition) -> Answer:
    check_addition(call.state.agreement(before.agreement_id), before, after)
    return Answer(shapes.addition(call.state, call.state.put(before, after, call.trace)))


def _fields_of_body(call: Call, ignored: frozenset[str]) -> dict[str, Any]:
    """Return what a body sets, by attribute; a null is as good as absent."""
    if not isinstance(call.body, dict):
        raise bad_request("InvalidObject", "The body must be a JSON object.")
    given: dict[str, Any] = {}
    faults = [
        Fault("MissingRequiredField", f"The {name} field is required.", name)
        for name in _REQUIRED
        if call.body.get(name) is None
    ]
    for name, value in call.body.items():
        if name in ignored or (value is None and name in WRITABLE):
            continue
        if name not in WRITABLE:
            faults.append(_unwritable(name))
            continue
        read, fault = read_field(name, value, call.state)
        given[WRITABLE[name].attribute] = read
        faults += [fault] if fault else []
    if faults:
        raise invalid_addition(*faults)
    return given


def _new(call: Call, given: dict[str, Any]) -> LiveAddition:
    product = given["product"]
    values = {
        "quantity": QUANTITY_DEFAULT,
        "included": Decimal(0),
        "unit_cost": product.cost,
        "unit_price": product.price,
        "starts_on": call.state.today(),
        "description": product.description,
        **given,
    }
    return LiveAddition(addition_id=0, agreement_id=call.path["parentId"], **values)


def _patched(call: Call) -> tuple[dict[str, Any], list[Fault]]:
    if not isinstance(call.body, list) or not call.body:
        raise bad_request("InvalidPatch", "The body must be a JSON array of patch operations.")
    changes: dict[str, Any] = {}
    faults: list[Fault] = []
    for place, operation in enumerate(call.body):
        name, value = _operation(operation, place)
        if name not in WRITABLE:
            faults.append(_unwritable(name))
            continue
        changes[WRITABLE[name].attribute], fault = read_field(name, value, call.state)
        faults += [fault] if fault else []
    return changes, faults


def _operation(operation: Any, place: int) -> tuple[str, Any]:
    """Return the field that one operation names, and its new value; removing is setting nothing."""
    if not isinstance(operation, dict) or not {"op", "path"} <= operation.keys() <= _PATCH_KEYS:
        raise bad_request("InvalidPatch", f"Operation {place} must be an object of op, path and value.")
    if operation["op"] not in _OPERATIONS:
        raise bad_request("InvalidPatch", f"Operation {place}: op must be one of {', '.join(_OPERATIONS)}.")
    path = operation["path"]
    if not isinstance(path, str) or not path.removeprefix("/"):
        raise bad_request("InvalidPatch", f"Operation {place}: path must name a field.")
    if operation["op"] != "remove" and "value" not in operation:
        raise bad_request("InvalidPatch", f"Operation {place}: value is missing.")
    return path.removeprefix("/"), None if operation["op"] == "remove" else operation["value"]


def _unwritable(name: str) -> Fault:
    if name in NOT_SIMULATED:
        return Fault("NotSimulated", f"The {name} field is not simulated by the sandbox.", name)
    why = "cannot be written" if name in DERIVED else "is not a recognized name"
    return Fault("InvalidField", f"The {name} field {why}.", name)
