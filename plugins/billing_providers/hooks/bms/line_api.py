"""Reading and setting units through calls that a tenant configures, since the published API has none.

The setting names two calls and the fields of a line. Everything left out keeps the default::

    {
      "list":   {"method": "GET", "path": "/v2/finance/contracts/{contract_id}/services"},
      "update": {"method": "PUT", "path": "/v2/finance/contracts/{contract_id}/services/{line_id}"},
      "fields": {"line_id": "id", "service_id": "serviceId", "service_name": "serviceName",
                 "description": "description", "units": "units", "unit_cost": "unitCost",
                 "unit_price": "unitPrice", "effective_date": "effectiveDate", "active": "isActive"},
      "sets":   ["unit_cost", "unit_price"]
    }

``sets`` names what the update takes besides units and effective date; nothing unless it says so.

The default calls are *not in the published API*; they are probed before anything is planned. The list answers all
lines of a contract in the usual envelope; the update takes units and effective date, and answers the line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from billing_providers.errors import NotSent, SettingsError, UnreadableAnswer
from billing_providers.hooks.bms.lines import date_time, receipt, whole_units
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.fields import Fields
from billing_providers.hooks.near_words import did_you_mean
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.psa import Contract, ContractLine, Service, WriteReceipt

_FIELDS = {
    "line_id": "id",
    "service_id": "serviceId",
    "service_name": "serviceName",
    "description": "description",
    "units": "units",
    "unit_cost": "unitCost",
    "unit_price": "unitPrice",
    "effective_date": "effectiveDate",
    "active": "isActive",
}
_SETTABLE = [LineField.UNIT_COST.value, LineField.UNIT_PRICE.value]


@dataclass(frozen=True, slots=True)
class ConfiguredCall:
    """Method and path template of one call."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class LineApiSettings:
    """The calls and field names of a tenant's line API."""

    list_call: ConfiguredCall = ConfiguredCall("GET", "/v2/finance/contracts/{contract_id}/services")
    update_call: ConfiguredCall = ConfiguredCall("PUT", "/v2/finance/contracts/{contract_id}/services/{line_id}")
    fields: Mapping[str, str] = field(default_factory=lambda: dict(_FIELDS))
    sets: frozenset[LineField] = frozenset()


def line_api_settings(configured: Mapping[str, Any], where: str) -> LineApiSettings:
    """Return the settings out of the connection's ``line_api``.

    :raises SettingsError: for an unknown key, method or placeholder; names it.
    """
    where = f"{where}, line_api"
    _only_known(configured, ("list", "update", "fields", "sets"), where)
    settings = LineApiSettings()
    if "list" in configured:
        call = _call(configured["list"], settings.list_call, {"GET", "POST"}, {"contract_id"}, f"{where}, list")
        settings = replace(settings, list_call=call)
    if "update" in configured:
        methods, needed = {"PUT", "PATCH", "POST"}, {"contract_id", "line_id"}
        call = _call(configured["update"], settings.update_call, methods, needed, f"{where}, update")
        settings = replace(settings, update_call=call)
    names = configured.get("fields", {})
    _only_known(names, tuple(_FIELDS), f"{where}, fields")
    for key, name in names.items():
        if not isinstance(name, str) or not name.strip():
            raise SettingsError("is no field name", where=f"{where}, fields", key=key, value=name, allowed="a text")
    sets = configured.get("sets", [])
    if not isinstance(sets, list) or not set(sets) <= set(_SETTABLE):
        raise SettingsError("cannot be set", where=where, key="sets", value=sets, allowed=f"a list of {_SETTABLE}")
    return replace(settings, fields={**_FIELDS, **names}, sets=frozenset(map(LineField, sets)))


class LineApi:
    """Reads all lines of a contract in one call and sets the units of one line in one call."""

    name = "line_api"
    sets_units = True

    def __init__(self, client: HttpClient, settings: LineApiSettings) -> None:
        self._client = client
        self._settings = settings
        self.sets = settings.sets
        listing, update = settings.list_call, settings.update_call
        self.explanation = (
            f"Units are read by {listing.method} {listing.path} and set by {update.method} {update.path}, "
            "as configured for this tenant (not in the published API)."
        )

    def read(self, contracts: Sequence[Contract], services: Sequence[Service]) -> list[ContractLine]:
        """Read all lines of these contracts, one call each; ``services`` is not needed here."""
        distinct = list({contract.contract_id: contract for contract in contracts}.values())
        return [line for lines in self._client.map(self.lines_of, distinct) for line in lines]

    def lines_of(self, contract: Contract) -> list[ContractLine]:
        """Read all lines of one contract."""
        call = self._settings.list_call
        envelope = self._client.call(
            call.method, call.path, values={"contract_id": contract.contract_id}, repeatable=True
        )
        rows = envelope.rows()
        if envelope.total is not None and envelope.total != len(rows):
            problem = f"the list is not complete: {len(rows)} lines read, totalRecords says {envelope.total}"
            raise envelope.answer.error(UnreadableAnswer, problem)
        return [self._line(row, contract) for row in rows]

    def set_line(self, change: LineChange) -> WriteReceipt:
        """Send what changes on one line, once: units with their day, cost, price.

        :raises NotSent: for units that are no whole number, and for a field that the setting does not name.
        """
        call, names = self._settings.update_call, self._settings.fields
        body: dict[str, Any] = {names[wanted.field.value]: self._amount(wanted) for wanted in change.fields}
        if change.kind is not ChangeKind.SET_FIELDS:
            body[names["units"]] = whole_units(change.quantity_after, self._client.voice)
            body[names["effective_date"]] = date_time(change.effective_date)
        values = {"contract_id": change.contract_id, "line_id": change.line_id}
        envelope = self._client.call(call.method, call.path, values=values, json=body)
        if envelope.result is None or isinstance(envelope.result, bool | str):
            return WriteReceipt(observed=None, line_id=change.line_id, request_id=envelope.answer.request_id)
        return receipt(envelope.row(), change.line_id, names["units"], envelope.answer.request_id)

    def _amount(self, wanted: FieldChange) -> Decimal:
        if wanted.field not in self.sets:
            problem = f"{wanted.field.value} is not among what line_api sets in this tenant"
            raise self._client.voice.error(NotSent, problem)
        return Decimal(wanted.after)

    def _line(self, row: Fields, contract: Contract) -> ContractLine:
        names = self._settings.fields
        units = row.number(names["units"])
        if units is None:
            raise row.unreadable(names["units"], "the units of the line")
        line = ContractLine(
            line_id=row.identity(names["line_id"]),
            contract_id=contract.contract_id,
            account_id=contract.account_id,
            service_id=row.identity(names["service_id"]),
            service_name=row.text(names["service_name"]),
            description=row.text(names["description"]),
            quantity=units,
            unit_cost=row.number(names["unit_cost"]),
            unit_price=row.number(names["unit_price"]),
            effective_date=row.day(names["effective_date"]),
            open=row.flag(names["active"], default=True),
        )
        return replace(line, version=_version(line))


def _version(line: ContractLine) -> str:
    """Return what changes when somebody edits the line. Its content stands in for a version."""
    numbers = (line.quantity, line.unit_cost, line.unit_price)
    content = (
        line.service_id,
        line.description,
        *(None if number is None else text_from_decimal(number) for number in numbers),
        str(line.effective_date),
        line.open,
    )
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def _call(
    configured: Any, default: ConfiguredCall, methods: set[str], placeholders: set[str], where: str
) -> ConfiguredCall:
    _only_known(configured, ("method", "path"), where)
    method = str(configured.get("method", default.method)).upper()
    path = str(configured.get("path", default.path))
    if method not in methods:
        allowed = ", ".join(sorted(methods))
        raise SettingsError("cannot be used here", where=where, key="method", value=method, allowed=allowed)
    named = set(re.findall(r"{([^{}]*)}", path))
    wanted = "a path below the base URL with " + ", ".join(f"{{{name}}}" for name in sorted(placeholders))
    last = "line_id" if "line_id" in placeholders else "contract_id"
    if not path.startswith("/") or last not in named or not named <= placeholders:
        raise SettingsError("is no path template for this call", where=where, key="path", value=path, allowed=wanted)
    return ConfiguredCall(method, path)


def _only_known(configured: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(configured, Mapping):
        raise SettingsError("is no JSON object", where=where, value=configured, allowed=f"keys {', '.join(known)}")
    for key in configured:
        if key not in known:
            raise SettingsError(
                f"unknown key{did_you_mean(key, known)}", where=where, key=str(key), allowed=", ".join(known)
            )
