"""What changes contracts and their lines: adding lines (published), and the tenant's line API (not published)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.core.sandbox import REPOST_REFUSE, REPOST_UPDATE
from billing_providers.sandbox.kaseya_bms import shapes
from billing_providers.sandbox.kaseya_bms.call import Call
from billing_providers.sandbox.kaseya_bms.errors import bad_request
from billing_providers.sandbox.kaseya_bms.state import BmsState, LiveContract, LiveLine
from billing_providers.sandbox.world.records import RECURRING_SERVICES

_AMOUNTS = {"unit_cost": "UnitCost", "unit_price": "UnitPrice"}


def add_lines(call: Call) -> dict[str, Any]:
    """Add services to a contract, all or none; answers the last one."""
    contract = _writable_contract(call)
    if not call.body:
        raise bad_request("body: no service is given")
    planned = [_new_line(call.state, contract, given, f"body[{place}]", place) for place, given in enumerate(call.body)]
    held = {line.service_id: line for line in call.state.lines_of(contract.contract_id) if line.active}
    again = [line for line in planned if line.service_id in held]
    if again and call.settings.bms_repost == REPOST_REFUSE:
        raise bad_request(f"The contract already holds service {again[0].service_id}.")
    for place, line in enumerate(planned):
        before = held.get(line.service_id)
        if before and call.settings.bms_repost == REPOST_UPDATE:
            call.state.set_units(before, line.units, line.effective_date, call.trace)
            planned[place] = before
        else:
            call.state.add_line(line, call.trace)
    return shapes.added_line(planned[-1], contract)


def activate(call: Call) -> dict[str, Any]:
    """Activate a contract."""
    contract = call.state.contract(call.values["contractId"])
    call.state.set_active(contract, True, call.trace)
    return shapes.contract_status("ActivatedContractOutputDto", contract)


def deactivate(call: Call) -> dict[str, Any]:
    """Deactivate a contract."""
    contract = call.state.contract(call.values["contractId"])
    call.state.set_active(contract, False, call.trace)
    return shapes.contract_status("DeactivatedContractOutputDto", contract)


def list_lines(call: Call) -> list[dict[str, Any]]:
    """List the lines of a contract, open and closed, with units. Tenant's line API."""
    contract = call.state.contract(call.values["contract_id"])
    return [shapes.tenant_line(line, contract) for line in call.state.lines_of(contract.contract_id)]


def put_line(call: Call) -> dict[str, Any]:
    """Set the units of a line from a date on, its cost, its price: at least one of these. Tenant's line API."""
    contract = _writable_contract(call)
    line = call.state.line(contract.contract_id, call.values["line_id"])
    if not line.active:
        raise bad_request(f"Service line {line.line_id} is closed.")
    if not call.body:
        raise bad_request("body: nothing is given")
    if ("Units" in call.body) is not ("EffectiveDate" in call.body):
        raise bad_request("body: Units and EffectiveDate are given together")
    amounts = {name: _amount(call.body, key) for name, key in _AMOUNTS.items() if key in call.body}
    if "Units" in call.body:
        units, effective_date = _units_and_date(contract, call.body, "body")
        call.state.set_units(line, units, effective_date, call.trace)
    for name, amount in amounts.items():
        call.state.set_amount(line, name, amount, call.trace)
    return shapes.tenant_line(line, contract)


def _amount(given: dict[str, Any], key: str) -> Decimal:
    if given[key] < 0:
        raise bad_request(f"body.{key}: must not be below 0, but is {given[key]}")
    return _from_double(given[key])


def _writable_contract(call: Call) -> LiveContract:
    contract = call.state.contract(call.values.get("contractId") or call.values["contract_id"])
    if contract.contract_type != RECURRING_SERVICES:
        raise bad_request(f"Contract {contract.contract_id} is not a {RECURRING_SERVICES} contract.")
    if not contract.active:
        raise bad_request(f"Contract {contract.contract_id} is not active.")
    return contract


def _new_line(state: BmsState, contract: LiveContract, given: dict[str, Any], at: str, place: int) -> LiveLine:
    service = state.services.get(given.get("ServiceId", 0))
    if service is None or not service.active:
        raise bad_request(f"{at}.ServiceId: there is no active service {given.get('ServiceId', 0)}")
    units, effective_date = _units_and_date(contract, given, at)
    return LiveLine(
        line_id=0,
        contract_id=contract.contract_id,
        service_id=service.service_id,
        service_name=given.get("ServiceName") or service.name,
        description=given.get("ServiceDescription") or service.description,
        units=units,
        unit_cost=_from_double(given.get("UnitCost", 0)),
        unit_price=_from_double(given.get("UnitPrice", 0)),
        effective_date=effective_date,
        sort_order=given.get("SortOrder", place),
    )


def _units_and_date(contract: LiveContract, given: dict[str, Any], at: str) -> tuple[Decimal, date]:
    units = given.get("Units", 0)
    if units < 0:
        raise bad_request(f"{at}.Units: must not be below 0, but is {units}")
    effective_date = date.fromisoformat(given.get("EffectiveDate", "0001-01-01")[:10])
    if not contract.start <= effective_date <= contract.end:
        raise bad_request(f"{at}.EffectiveDate: {effective_date} is outside of the contract")
    return Decimal(units), effective_date


def _from_double(number: Decimal | int) -> Decimal:
    """Return what is left of a number after a double has held it, as BMS stores prices."""
    return Decimal(repr(float(number)))
