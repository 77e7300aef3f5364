"""What the API lets one change: units (and price) of a line from a day on, by a delta; and the invoice text of lines.

An adjustment answers ``{"itemId": null}`` and cannot be read, edited or deleted: only the rows of units tell (seen).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing_providers.sandbox.autotask.call import Call
from billing_providers.sandbox.autotask.errors import invalid, not_found
from billing_providers.sandbox.autotask.live import LiveLine
from billing_providers.sandbox.autotask.rules import check_change, check_contract, check_window
from billing_providers.sandbox.autotask.spec import LENGTHS, TEXT, WRITABLE, specification
from billing_providers.sandbox.autotask.state import AtChange
from billing_providers.sandbox.autotask.values import body_value
from billing_providers.sandbox.core.sandbox import AT_CREATE, AT_LAST_WINS
from billing_providers.sandbox.world.modules.records import AtService, AtServiceBundle

Handler = Callable[[Call], Any]


def adjust(*, bundle: bool) -> Handler:
    """Return the operation that adjusts a contract service, or a bundle on a contract."""
    entity = "ContractServiceBundleAdjustments" if bundle else "ContractServiceAdjustments"
    names = _Names.of(bundle)

    def answered(call: Call) -> Any:
        _check_right(call, entity)
        given = _body(call, entity)
        day = given.get("effectiveDate")
        if day is None:
            raise invalid("Missing Required Field: effectiveDate.")
        contract_id = _contract_id(call, given)
        line = _named_line(call, given, contract_id, names)
        change = AtChange(
            day, given.get("unitChange") or 0, given.get("adjustedUnitPrice"), given.get("adjustedUnitCost")
        )
        if line is None:
            return _adjust_by_item(call, given, contract_id, change, names)
        return _adjust_line(call, line, change, names)

    return answered


class _Names:
    """The field names of one of the two kinds of adjustment."""

    def __init__(self, entity: str, line: str, item: str, repeat: str, *, bundle: bool) -> None:
        self.entity, self.line, self.item, self.repeat, self.bundle = entity, line, item, repeat, bundle

    @classmethod
    def of(cls, bundle: bool) -> _Names:
        if bundle:
            return cls(
                "ContractServiceBundleAdjustment",
                "contractServiceBundleID",
                "serviceBundleID",
                "allowRepeatServiceBundle",
                bundle=True,
            )
        return cls("ContractServiceAdjustment", "contractServiceID", "serviceID", "allowRepeatService", bundle=False)


def _check_right(call: Call, entity: str) -> None:
    if not (call.user.adjusts and call.user.sees_contracts):
        # Seen: contract visibility limits block creating. Text: assumed.
        raise invalid(f"The logged in resource does not have permission to create {specification().name(entity)}.")


def _body(call: Call, entity: str) -> dict[str, Any]:
    """Return what a body sets, under the names of the specification; names that do not exist are ignored (assumed)."""
    if not isinstance(call.body, dict):
        raise invalid("The body must be a JSON object.")
    given: dict[str, Any] = {}
    for name, value in call.body.items():
        spelling = specification().spelling(entity, name)
        if spelling is None:
            call.ignore(f"{specification().name(entity)} has no field {name!r}")
        elif value is not None:
            given[spelling] = body_value(spelling, specification().kind(entity, spelling), value)
    return given


def _contract_id(call: Call, given: dict[str, Any]) -> int | None:
    in_path, in_body = call.path.get("parentId"), given.get("contractID")
    if in_path is not None and in_body is not None and in_path != in_body:
        raise invalid(f"The contractID {in_body} does not match the parent {in_path}.")
    return in_path if in_path is not None else in_body


def _named_line(call: Call, given: dict[str, Any], contract_id: int | None, names: _Names) -> LiveLine | None:
    line_id = given.get(names.line)
    if line_id is None:
        return None
    line = call.state.lines[names.bundle].get(line_id)
    if line is None:
        raise invalid(f"The {names.line} {line_id} does not exist.")
    if contract_id is not None and line.contract.contract_id != contract_id:
        raise invalid(f"The {names.line} {line_id} does not belong to the Contract referenced by contractID.")
    return line


def _adjust_by_item(call: Call, given: dict[str, Any], contract_id: int | None, change: AtChange, names: _Names) -> Any:
    """Adjust the first line of a service, or put the service on the contract where there is none (seen)."""
    item_id = given.get(names.item)
    if contract_id is None or item_id is None:
        raise invalid(f"Either {names.line}, or contractID and {names.item} are required.")
    contract = call.state.contracts.get(contract_id)
    if contract is None:
        raise invalid(f"The contractID {contract_id} does not exist.")
    check_contract(contract)
    items: dict[int, Any] = dict(call.state.bundles if names.bundle else call.state.services)
    item: AtService | AtServiceBundle | None = items.get(item_id)
    if item is None:
        raise invalid(f"The {names.item} {item_id} does not exist.")
    found = [line for line in call.state.lines_of[names.bundle, contract_id] if line.item_id == item_id]
    if found and not given.get(names.repeat):
        return _adjust_line(call, min(found, key=lambda line: line.line_id), change, names)
    if call.settings.at_missing_line != AT_CREATE:
        raise invalid(f"The {names.item} {item_id} is not on the Contract referenced by contractID.")
    if not item.active:
        raise invalid(f"The {names.item} {item_id} is inactive.")
    check_window(contract, change.day, names.entity)
    if change.units < 0:
        raise invalid("The unitChange would result in a negative number of units.")
    call.state.add_line(contract_id, item, change, call.trace, call.settings.at_apply_delay_s)
    return {"itemId": None}


def _adjust_line(call: Call, line: LiveLine, change: AtChange, names: _Names) -> Any:
    check_contract(line.contract)
    check_window(line.contract, change.day, names.entity)
    earlier = line.adjusted.get(change.day)
    replacing = call.settings.at_same_date == AT_LAST_WINS and earlier is not None
    effective = change.units - (earlier or 0) if replacing else change.units
    check_change(line, change.day, effective, repeated=earlier is not None and not replacing)
    call.state.adjust(
        line,
        AtChange(change.day, effective, change.unit_price, change.unit_cost),
        call.trace,
        call.settings.at_apply_delay_s,
    )
    line.adjusted[change.day] = change.units
    return {"itemId": None}


def patch_line(*, bundle: bool) -> Handler:
    """Return the operation that changes a line on a contract: only its invoice text is simulated."""
    entity = "ContractServiceBundles" if bundle else "ContractServices"

    def answered(call: Call) -> Any:
        if not (call.user.adjusts and call.user.sees_contracts):
            raise invalid(f"The logged in resource does not have permission to update {specification().name(entity)}.")
        given = _body(call, entity)
        line_id = given.pop("id", None)
        if line_id is None:
            raise invalid("Missing Required Field: id.")
        line = call.state.lines[bundle].get(line_id)
        if line is None or line.contract.contract_id != call.path["parentId"]:
            raise not_found(f"There is no {specification().name(entity)} with this id on the contract.")
        for name, value in given.items():
            _check_patched(entity, name, value)
        if "invoiceDescription" in given:
            call.state.describe(line, given["invoiceDescription"], call.trace)
        return {"itemId": line_id}

    return answered


def _check_patched(entity: str, name: str, value: Any) -> None:
    if name not in WRITABLE[entity]:
        raise invalid(f"The field {name} is read-only.")
    if name != "invoiceDescription":
        raise invalid(f"The field {name} is not simulated by the sandbox.")
    if specification().kind(entity, name) == TEXT and len(value) > LENGTHS[name]:
        raise invalid(f"The value of {name} is longer than {LENGTHS[name]} characters.")
