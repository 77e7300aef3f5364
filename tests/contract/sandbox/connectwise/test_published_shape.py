"""Answers have the published shape. The check is jsonschema's, not the sandbox's own."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import OPEN, CwClient

DOCUMENT = json.loads(
    files("billing_providers.sandbox.connectwise").joinpath("published_2025_8.json").read_text(encoding="utf-8")
)
SCHEMAS = DOCUMENT["components"]["schemas"]
NEW = {"product": {"id": 22}, "billCustomer": "Billable", "effectiveDate": "2026-08-01T00:00:00Z"}
BUNDLE = {"requests": [{"sequenceNumber": 1, "resourceType": "addition", "apiRequest": {"parentId": OPEN}}]}

PROBES: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("GET", "/company/companies"): ("/company/companies", {}),
    ("GET", "/company/companies/count"): ("/company/companies/count", {}),
    ("GET", "/company/companies/statuses"): ("/company/companies/statuses", {}),
    ("GET", "/finance/agreements"): ("/finance/agreements", {}),
    ("GET", "/finance/agreements/count"): ("/finance/agreements/count", {}),
    ("GET", "/finance/agreements/{id}"): (f"/finance/agreements/{OPEN}", {}),
    ("GET", "/finance/agreements/types"): ("/finance/agreements/types", {}),
    ("GET", "/finance/billingCycles"): ("/finance/billingCycles", {}),
    ("GET", "/finance/agreementrecap/"): ("/finance/agreementrecap/", {}),
    ("GET", "/finance/invoices"): ("/finance/invoices", {}),
    ("GET", "/procurement/catalog"): ("/procurement/catalog", {}),
    ("GET", "/procurement/catalog/count"): ("/procurement/catalog/count", {}),
    ("GET", "/system/info"): ("/system/info", {}),
    ("GET", "/system/audittrail"): ("/system/audittrail", {"params": {"type": "AgreementAddition", "id": 7001}}),
    ("POST", "/system/bundles"): ("/system/bundles", {"json": BUNDLE}),
    ("GET", "/finance/agreements/{parentId}/additions"): (f"/finance/agreements/{OPEN}/additions", {}),
    ("GET", "/finance/agreements/{parentId}/additions/count"): (f"/finance/agreements/{OPEN}/additions/count", {}),
    ("GET", "/finance/agreements/{parentId}/additions/{id}"): (f"/finance/agreements/{OPEN}/additions/7002", {}),
    ("POST", "/finance/agreements/{parentId}/additions"): (f"/finance/agreements/{OPEN}/additions", {"json": NEW}),
    ("PUT", "/finance/agreements/{parentId}/additions/{id}"): (
        f"/finance/agreements/{OPEN}/additions/7002",
        {"json": NEW},
    ),
    ("PATCH", "/finance/agreements/{parentId}/additions/{id}"): (
        f"/finance/agreements/{OPEN}/additions/7002",
        {"json": [{"op": "replace", "path": "quantity", "value": 2}]},
    ),
    ("DELETE", "/finance/agreements/{parentId}/additions/{id}"): (f"/finance/agreements/{OPEN}/additions/7002", {}),
}


def _published(method: str, template: str) -> tuple[int, dict[str, Any] | None]:
    ((status, answer),) = DOCUMENT["paths"][template][method.lower()]["responses"].items()
    contents = list(answer.get("content", {}).values())
    return int(status), contents[0]["schema"] if contents else None


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema that allows no field beside the published ones, and no null."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        # The specification calls what bundles hold "identified"; here they are additions.
        return _strict(SCHEMAS["Addition" if name == "IRestIdentifiedItem" else name])
    wire: dict[str, Any] = {"type": schema["type"]} | {name: schema[name] for name in ("enum",) if name in schema}
    if schema["type"] == "object" and "properties" in schema:
        wire["properties"] = {name: _strict(part) for name, part in schema["properties"].items()}
        wire["additionalProperties"] = False
        wire["required"] = schema.get("required", [])
    if schema["type"] == "array":
        wire["items"] = _strict(schema["items"])
    if schema.get("format") == "date-time":
        wire["pattern"] = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
    if "maxLength" in schema:
        wire["maxLength"] = schema["maxLength"]
    return wire


def test_every_published_operation_has_a_probe() -> None:
    """No operation of the embedded specification goes untested."""
    operations = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert PROBES.keys() == operations


@pytest.mark.parametrize(("method", "template"), PROBES, ids=lambda part: part)
def test_answers_have_the_published_shape(method: str, template: str, box: SandboxServer, cw: CwClient) -> None:
    """Status, fields and types are those of the specification; required fields are there."""
    cw.set(OPEN, 7001, quantity=11)
    box.control.invoice("2026-07-01", "2026-07-31", system="connectwise")
    path, request = PROBES[method, template]
    status, schema = _published(method, template)

    answer = cw.call(method, path, **request)

    assert answer.status_code == status, answer.text
    if schema is None:
        assert answer.content == b""
        return
    assert answer.headers["Content-Type"] == "application/vnd.connectwise.com+json; version=2026.4"
    jsonschema.validate(answer.json(), _strict(schema))
    assert answer.json(), "an empty list proves nothing about its rows"


def test_the_world_s_records_have_the_published_shape() -> None:
    """Not only the small tenant: every record of the demo's tenant fits, lengths included."""
    with SandboxServer() as box:
        cw = CwClient(box)
        for template in ("/company/companies", "/finance/agreements", "/procurement/catalog"):
            rows = cw.get(template, pageSize=1000).json()
            jsonschema.validate(rows, _strict(_published("GET", template)[1] or {}))
            assert len(rows) > 50


def test_failures_have_the_published_body(cw: CwClient) -> None:
    """Refusals are ErrorResponseMessage objects, with their entries."""
    refused = [
        cw.set(OPEN, 7001, quantity=-1),
        cw.get("/finance/agreements", conditions="nonsense=1"),
        cw.get("/finance/agreements/999999"),
    ]

    for answer in refused:
        jsonschema.validate(answer.json(), _strict({"$ref": "#/components/schemas/ErrorResponseMessage"}))
    assert len(refused[0].json()["errors"]) == 1
