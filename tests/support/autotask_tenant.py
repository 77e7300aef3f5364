"""An Autotask tenant made of functions and rows: it answers queries as the API does, or as a test says instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from billing_providers.hooks.autotask import AutotaskHook
from billing_providers.model.changes import LineChange
from tests.support.connections import set_connection
from tests.support.diffs import change
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

USER, SECRET, CODE = "billing@acme.example", "secret-7654321", "ABCDEFGHIJKLMNOPQRSTUVWXYZ1"
DISCOVERY = "https://webservices.autotask.net"
ZONE = "https://webservices5.autotask.net/ATServicesRest"
ASK = "GET /atservicesrest/v1.0/zoneInformation"
THRESHOLD = "GET /ThresholdInformation"
ADJUST = "POST /Contracts/{id}/ServiceAdjustments"

Row = dict[str, Any]
Answer = Callable[[PreparedRequest], Reply] | Reply

PICKLISTS: dict[str, dict[str, dict[str, str]]] = {
    "Companies": {"companyType": {"1": "Customer", "4": "Dead", "6": "Cancelation"}},
    "Contracts": {
        "contractType": {"1": "Time and Materials", "7": "Recurring Service"},
        "status": {"0": "Inactive", "1": "Active"},
        "contractPeriodType": {"2": "Monthly", "5": "Yearly"},
    },
}
FIELDS = {
    "Companies": "id companyName companyNumber companyType isActive parentCompanyID",
    "Contracts": "id companyID contractName contractType status startDate endDate contractPeriodType",
    "Services": "id name description invoiceDescription unitPrice unitCost isActive sku",
    "ServiceBundles": "id name description invoiceDescription unitPrice unitCost isActive",
    "ContractServices": "id contractID serviceID unitPrice unitCost internalCurrencyUnitPrice "
    "internalCurrencyAdjustedPrice internalDescription invoiceDescription",
    "ContractServiceBundles": "id contractID serviceBundleID unitPrice adjustedPrice internalCurrencyUnitPrice "
    "internalCurrencyAdjustedPrice internalDescription invoiceDescription",
    "ContractServiceUnits": "id contractID serviceID contractServiceID startDate endDate units price cost "
    "approveAndPostDate",
    "ContractServiceBundleUnits": "id contractID serviceBundleID contractServiceBundleID startDate endDate units price "
    "cost approveAndPostDate",
    "ConfigurationItems": "id contractID contractServiceID contractServiceBundleID isActive",
    "BillingItems": "id companyID contractID contractServiceID contractServiceBundleID serviceID serviceBundleID "
    "itemName quantity extendedPrice itemDate postedDate invoiceID",
    "Invoices": "id invoiceNumber invoiceDateTime isVoided",
}


class AtServer:
    """One tenant.

    :ivar rows: rows by entity; queries are answered from them, 500 a page.
    :ivar answers: replies by method and path below ``/V1.0`` (ids as ``{id}``) instead; an exception is raised.
    """

    def __init__(self, rows: dict[str, list[Row]] | None = None, answers: dict[str, Any] | None = None) -> None:
        self.rows: dict[str, list[Row]] = {entity: [] for entity in FIELDS} | (rows or {})
        self.answers: dict[str, Any] = {
            ASK: reply({"zoneName": "America West", "url": f"{ZONE}/", "webUrl": "https://ww5.autotask.net", "ci": 1}),
            THRESHOLD: used(100),
            **(answers or {}),
        }
        self.access: dict[str, str] = {}
        self._found: dict[tuple[str, str], list[Row]] = {}
        self.server = ScriptedServer(self._answer)

    @property
    def requests(self) -> list[PreparedRequest]:
        """What was sent, in order."""
        return self.server.requests

    def sent(self, call: str) -> list[PreparedRequest]:
        """Return the requests of a method and path, in order."""
        return [request for request in self.requests if _call(request) == call]

    def bodies(self, call: str) -> list[Any]:
        """Return the JSON bodies of these requests."""
        return [json.loads(request.body) for request in self.sent(call) if request.body]

    def _answer(self, request: PreparedRequest) -> Reply:
        call = _call(request)
        held = self.answers.get(call)
        if held is None:
            return self._from_rows(call, request)
        if isinstance(held, list):
            held = held.pop(0) if len(held) > 1 else held[0]
        if isinstance(held, Exception):
            raise held
        return held(request) if callable(held) else held

    def _from_rows(self, call: str, request: PreparedRequest) -> Reply:
        entity, _, rest = call.partition(" ")[2].removeprefix("/").partition("/")
        if entity not in FIELDS:
            return refused("unknown path", 404)
        if rest == "entityInformation":
            return reply({"info": {"name": entity, "canQuery": True, "userAccessForQuery": self._access_of(entity)}})
        if rest == "entityInformation/fields":
            return reply({"fields": [described(entity, name) for name in FIELDS[entity].split()]})
        if rest == "{id}":
            wanted = int(urlsplit(request.url or "").path.rpartition("/")[2])
            found = [row for row in self.rows[entity] if row["id"] == wanted]
            return reply({"item": found[0]}) if found else refused("not found", 404)
        body = json.loads(request.body or b"{}")
        found = self._fitting(entity, body["filter"])
        if rest == "query/count":
            return reply({"queryCount": len(found)})
        return page(request, body, found)

    def _fitting(self, entity: str, clauses: list[Row]) -> list[Row]:
        asked = (entity, f"{id(self.rows[entity])} {len(self.rows[entity])} {clauses}")
        if asked not in self._found:
            self._found[asked] = [row for row in self.rows[entity] if all(matches(row, clause) for clause in clauses)]
        return self._found[asked]

    def _access_of(self, entity: str) -> str:
        return self.access.get(entity, "All")


def page(request: PreparedRequest, body: Row, found: list[Row]) -> Reply:
    """Answer one page of rows, with the link to the next."""
    query = parse_qs(urlsplit(request.url or "").query)
    start, size = int(query.get("from", ["0"])[0]), body["MaxRecords"]
    rows = [{name: row.get(name) for name in body["IncludeFields"]} for row in found[start : start + size]]
    base = (request.url or "").partition("/query")[0]
    following = f"{base}/query/next?from={start + size}&mark=a%7Bb%7D&empty=" if start + size < len(found) else None
    details = {"count": len(rows), "requestCount": size, "prevPageUrl": None, "nextPageUrl": following}
    return reply({"items": rows, "pageDetails": details})


def matches(row: Row, clause: Row) -> bool:
    """Whether a row fits a clause, as the API compares; an unknown operator fits everything."""
    held = row.get(clause.get("field", ""))
    wanted = clause.get("value")
    return {
        "or": lambda: any(matches(row, inner) for inner in clause["items"]),
        "eq": lambda: held == wanted,
        "in": lambda: held in wanted,
        "exist": lambda: held is not None,
        "notExist": lambda: held is None,
        "gte": lambda: held is not None and held >= wanted,
        "lte": lambda: held is not None and held <= wanted,
    }.get(clause["op"], lambda: True)()


def described(entity: str, name: str) -> Row:
    """Return a field as ``entityInformation/fields`` tells it."""
    labels = PICKLISTS.get(entity, {}).get(name)
    values = [{"value": value, "label": label, "isActive": True} for value, label in (labels or {}).items()]
    return {"name": name, "isPickList": labels is not None, "picklistValues": values or None}


def used(count: int, allowed: int = 10_000) -> Reply:
    """Return what the server says about the threshold."""
    return reply(
        {
            "externalRequestThreshold": allowed,
            "requestThresholdTimeframe": 60,
            "currentTimeframeRequestCount": count,
        }
    )


def refused(text: str, status: int = 500) -> Reply:
    """Return a refusal in the server's form."""
    return reply({"errors": [text]}, status)


def company(company_id: int = 1, **facts: Any) -> Row:
    """Return a row of ``Companies``."""
    return {
        "id": company_id,
        "companyName": "Aspen",
        "companyNumber": "ASP",
        "companyType": 1,
        "isActive": True,
    } | facts


def contract(contract_id: int = 7001, **facts: Any) -> Row:
    """Return a row of ``Contracts``."""
    known = {"companyID": 1, "contractName": "Managed", "contractType": 7, "status": 1, "contractPeriodType": 2}
    return {"id": contract_id, **known, "startDate": at("2026-01-01"), "endDate": at("2027-12-31")} | facts


def line(line_id: int, service_id: int = 31, contract_id: int = 7001, **facts: Any) -> Row:
    """Return a row of ``ContractServices``."""
    return {
        "id": line_id, "contractID": contract_id, "serviceID": service_id, "unitPrice": 4, "unitCost": 2.5,
        "internalCurrencyUnitPrice": 4, "internalCurrencyAdjustedPrice": 4, "internalDescription": "",
        "invoiceDescription": "Seats",
    } | facts  # fmt: skip


def units(row_id: int, line_id: int | None, first: str, last: str, count: int, **facts: Any) -> Row:
    """Return a row of ``ContractServiceUnits``."""
    return {
        "id": row_id, "contractID": 7001, "serviceID": 31, "contractServiceID": line_id, "startDate": at(first),
        "endDate": at(last), "units": count, "price": count * 4, "approveAndPostDate": None,
    } | facts  # fmt: skip


def units_change(before: int | None = 5, after: int | str = 7, **fields: Any) -> LineChange:
    """Return a change of the units of line 1 on contract 7001, from 2026-12-01 on."""
    known: Row = {
        "contract_id": "7001", "line_id": "1", "service_id": "31", "effective_date": date(2026, 12, 1),
        "quantity_before": None if before is None else Decimal(before), "quantity_after": Decimal(after),
    }  # fmt: skip
    return change(**{**known, **fields})


def at(day: str) -> str:
    """Return a whole day as the server prints it."""
    return f"{day}T00:00:00Z"


def hook_of(
    monkeypatch: pytest.MonkeyPatch, tenant: AtServer, time: FrozenTime | None = None, **extra: Any
) -> AutotaskHook:
    """Return a hook that speaks to a tenant; keyword arguments are extra fields of its connection."""
    conn_id = set_connection(monkeypatch, "at", login=USER, password=SECRET, extra={"integration_code": CODE, **extra})
    hook = AutotaskHook(conn_id, clocks=(time or FrozenTime()).clocks())
    hook.client.session.mount("https://", tenant.server)
    return hook


def _call(request: PreparedRequest) -> str:
    path = urlsplit(request.url or "").path
    below = path.partition("/V1.0")[2] or path.removeprefix("/ATServicesRest")
    parts = ["{id}" if part.isdigit() else part for part in below.split("/")]
    return f"{request.method} {'/'.join(parts)}"
