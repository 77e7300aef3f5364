"""What the API lets one read: queries with pages, counts, single records, records of a contract, and metadata."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.autotask.call import Call
from billing_providers.sandbox.autotask.errors import invalid, not_found
from billing_providers.sandbox.autotask.filters import Asked, Record, read_filter
from billing_providers.sandbox.autotask.levels import granted, offered
from billing_providers.sandbox.autotask.records_of import QUERYABLE, RESTRICTED, records_of
from billing_providers.sandbox.autotask.shapes import COSTS
from billing_providers.sandbox.autotask.spec import specification

PAGE_SIZE_MAX = 500
_KEYS = {"maxrecords", "includefields", "filter"}
Handler = Callable[[Call], Any]


def query(entity: str) -> Handler:
    """Return the operation that lists the records which a filter lets pass."""

    def answered(call: Call) -> Any:
        asked, question = _question(call)
        size = _size(asked.get("maxrecords", PAGE_SIZE_MAX))
        rows = _found(call, entity, asked.get("filter"))
        include = _include(call, entity, asked.get("includefields"), len(rows))
        shown = [{name: row[name] for name in include} for row in rows] if include else rows
        return call.pages.answer(call.pages.listed(entity, call.method, question, size, shown), 0, call.zone_url)

    return answered


def next_page(entity: str) -> Handler:
    """Return the operation that shows a further page of a list."""

    def answered(call: Call) -> Any:
        _, question = _question(call)
        listed, start = call.pages.find(entity, question, call.query.get("paging", ""))
        return call.pages.answer(listed, start, call.zone_url)

    return answered


def count(entity: str) -> Handler:
    """Return the operation that counts the records which a filter lets pass."""

    def answered(call: Call) -> Any:
        asked, _ = _question(call)
        return {"queryCount": len(_found(call, entity, asked.get("filter")))}

    return answered


def single(entity: str) -> Handler:
    """Return the operation that shows one record by its id."""
    return lambda call: {"item": _one(call, entity, _only(id=call.path["id"]))}


def of_contract(entity: str) -> Handler:
    """Return the operation that lists a contract's records, all on one page (assumed)."""

    def answered(call: Call) -> Any:
        rows = _records(call, entity, _only(contractID=call.path["parentId"]))
        details = {"count": len(rows), "requestCount": PAGE_SIZE_MAX, "prevPageUrl": None, "nextPageUrl": None}
        return {"items": rows, "pageDetails": details}

    return answered


def single_of_contract(entity: str) -> Handler:
    """Return the operation that shows one record of a contract."""
    return lambda call: {"item": _one(call, entity, _only(contractID=call.path["parentId"], id=call.path["id"]))}


def entity_information(entity: str) -> Handler:
    """Return the operation that tells what can be done with an entity."""

    def answered(call: Call) -> Any:
        offers, may = offered(entity), granted(entity, call.user)
        sees = call.user.sees_contracts or entity not in RESTRICTED
        return {
            "info": {
                "name": specification().name(entity),
                "canCreate": "Create" in offers,
                "canUpdate": "Update" in offers,
                "canQuery": entity in QUERYABLE,
                "canDelete": "Delete" in offers,
                "userAccessForCreate": _level("Create" in may),
                "userAccessForUpdate": _level("Update" in may),
                "userAccessForQuery": _level(sees),
                "userAccessForDelete": _level("Delete" in may),
                "hasUserDefinedFields": False,
                "supportsWebhookCallouts": entity in ("Companies", "ConfigurationItems"),
            }
        }

    return answered


def _level(granted: bool) -> str:
    return "All" if granted else "None"


def fields(entity: str) -> Handler:
    """Return the operation that tells the fields of an entity, with their picklists."""
    return lambda _: {"fields": specification().told(entity)}


def user_defined_fields(_: Call) -> Any:
    """Tell the user-defined fields of an entity: the sandbox has none."""
    return {"fields": []}


def _question(call: Call) -> tuple[dict[str, Any], Any]:
    """Return what a query asks, by names in lower case, and the question as it was put."""
    question = call.body if call.method == "POST" else call.query.get("search", "")
    asked = question if call.method == "POST" else _parsed(question)
    if not isinstance(asked, dict):
        raise invalid("The query must be a JSON object.")
    named = {name.lower(): value for name, value in asked.items()}
    for name in named.keys() - _KEYS:
        call.ignore(f"a query has no {name}")
    return named, question


def _parsed(search: str) -> Any:
    try:
        return json.loads(search, parse_float=Decimal)
    except ValueError:
        raise invalid("The search parameter is no JSON.") from None


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= PAGE_SIZE_MAX:
        raise invalid(f"MaxRecords must be a number from 1 to {PAGE_SIZE_MAX}, not {value!r}.")
    return value


def _include(call: Call, entity: str, names: Any, found: int) -> list[str]:
    """Return the fields that are asked for; none: all."""
    if names is None or names == []:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise invalid("IncludeFields must be a list of names.")
    spelt = [(name, specification().spelling(entity, name)) for name in names]
    for name, spelling in spelt:
        if spelling is None:
            call.ignore(f"{specification().name(entity)} has no field {name!r}")
    include = [spelling for _, spelling in spelt if spelling is not None]
    if found > PAGE_SIZE_MAX and "id" not in include:
        raise invalid("IncludeFields must include id when there are more than 500 results.")
    return include


def _found(call: Call, entity: str, conditions: Any) -> list[Record]:
    return _records(call, entity, read_filter(entity, conditions, call.ignore))


def _records(call: Call, entity: str, asked: Asked) -> list[Record]:
    """Return what a user gets to see; a restricted one gets nothing, and no error (seen)."""
    if entity in RESTRICTED and not call.user.sees_contracts:
        return []
    rows = records_of(call.state, entity, asked)
    return rows if call.user.reads_costs else [_without_costs(row) for row in rows]


def _without_costs(row: Record) -> Record:
    return {name: None if name in COSTS else value for name, value in row.items()}


def _only(**values: int) -> Asked:
    """Return what asks for records that have these values."""
    return Asked(
        lambda row: all(row[name] == value for name, value in values.items()),
        {name: frozenset({value}) for name, value in values.items()},
        (),
    )


def _one(call: Call, entity: str, asked: Asked) -> Record:
    found = _records(call, entity, asked)
    if not found:
        raise not_found(f"There is no {specification().name(entity)} with this id.")
    return found[0]
