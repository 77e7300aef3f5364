"""Answers have the published shape. The check is jsonschema's, not the sandbox's own."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from billing_providers.sandbox.credentials import BMS_PASSWORD, BMS_TENANT, BMS_USER
from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient

_FOLDER = files("billing_providers.sandbox.kaseya_bms")
DOCUMENTS = {
    name: json.loads(_FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    for name in ("published_v2", "tenant_line_api")
}
SCHEMAS = DOCUMENTS["published_v2"]["components"]["schemas"] | DOCUMENTS["tenant_line_api"]["components"]["schemas"]
OPERATIONS = {
    (method.upper(), template): operation["responses"]["200"]["content"]["application/json"]["schema"]
    for document in DOCUMENTS.values()
    for template, methods in document["paths"].items()
    for method, operation in methods.items()
}
# The names that .NET's camel case does not simply lower by one letter.
_SPELT = {
    "SLAId": "slaId",
    "SLAName": "slaName",
    "GLAccountId": "glAccountId",
    "GLAccountCode": "glAccountCode",
    "GLAccountName": "glAccountName",
    "PONumber": "poNumber",
}
_SIGN_IN = {"GrantType": "password", "UserName": BMS_USER, "Password": BMS_PASSWORD, "Tenant": BMS_TENANT}
_LINE = {"ServiceId": 201, "Units": 3, "UnitCost": 4.9, "UnitPrice": 6.3, "EffectiveDate": "2026-07-26T00:00:00"}

PROBES: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("POST", "/v2/security/authenticate"): ("/v2/security/authenticate", {"data": _SIGN_IN}),
    ("POST", "/v2/security/refreshtoken"): ("/v2/security/refreshtoken", {"data": "the client's own tokens"}),
    ("GET", "/v2/security/userinfo"): ("/v2/security/userinfo", {}),
    ("GET", "/v2/security/ssostatus"): ("/v2/security/ssostatus", {"params": {"Tenant": BMS_TENANT}}),
    ("GET", "/v2/crm/accounts/summary"): ("/v2/crm/accounts/summary", {"params": {"PageSize": 100}}),
    ("GET", "/v2/crm/accounts/summary/{id}"): ("/v2/crm/accounts/summary/1001", {}),
    ("GET", "/v2/crm/accounts/lookup"): ("/v2/crm/accounts/lookup", {}),
    ("GET", "/v2/finance/contracts/summary"): ("/v2/finance/contracts/summary", {"params": {"PageSize": 100}}),
    ("GET", "/v2/finance/contracts/lookup"): ("/v2/finance/contracts/lookup", {}),
    ("POST", "/v2/finance/contracts/recurringservices/{contractId}/services"): (
        "/v2/finance/contracts/recurringservices/5001/services",
        {"json": [_LINE]},
    ),
    ("PUT", "/v2/finance/contracts/{contractId}/activate"): ("/v2/finance/contracts/5001/activate", {}),
    ("PUT", "/v2/finance/contracts/{contractId}/deactivate"): ("/v2/finance/contracts/5001/deactivate", {}),
    ("POST", "/v2/admin/finance/services/search"): ("/v2/admin/finance/services/search", {"json": {}}),
    ("GET", "/v2/admin/finance/services/lookup"): ("/v2/admin/finance/services/lookup", {}),
    ("GET", "/v2/admin/finance/services/{serviceId}"): ("/v2/admin/finance/services/201", {}),
    ("POST", "/v2/admin/finance/services/{serviceId}/relatedservices/search"): (
        "/v2/admin/finance/services/201/relatedservices/search",
        {"json": {"PageSize": 100, "PageNumber": 1}},
    ),
    ("GET", "/v2/finance/invoices/summary"): ("/v2/finance/invoices/summary", {}),
    ("GET", "/v2/finance/invoices/{id}"): ("/v2/finance/invoices/1", {}),
    ("POST", "/v2/finance/invoices/details"): ("/v2/finance/invoices/details", {"json": {}}),
    ("GET", "/v2/finance/contracts/{contract_id}/services"): ("/v2/finance/contracts/5001/services", {}),
    ("PUT", "/v2/finance/contracts/{contract_id}/services/{line_id}"): (
        "/v2/finance/contracts/5001/services/90001",
        {"json": {"units": 5, "effectiveDate": "2026-07-26"}},
    ),
}


def _wire_name(name: str) -> str:
    return _SPELT.get(name, name[0].lower() + name[1:])


def _wire_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema for the camelCase wire, in which every declared field must be there."""
    if "$ref" in schema:
        return _wire_schema(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    wire: dict[str, Any] = {"type": [schema["type"], "null"] if schema.get("nullable") else schema["type"]}
    if schema["type"] == "object":
        wire["properties"] = {_wire_name(name): _wire_schema(part) for name, part in schema["properties"].items()}
        wire["additionalProperties"] = False
        wire["required"] = sorted(wire["properties"].keys() - {"error"})  # left out of a success
    if schema["type"] == "array":
        wire["items"] = _wire_schema(schema["items"])
    if schema.get("format") == "int32":
        wire |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    if schema.get("format") == "date-time":
        wire["pattern"] = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$"
    return wire


def test_every_published_operation_has_a_probe() -> None:
    """No operation of the embedded specification goes untested."""
    assert PROBES.keys() == OPERATIONS.keys()


@pytest.mark.parametrize(("method", "template"), PROBES, ids=lambda part: part)
def test_answers_have_the_published_shape(method: str, template: str, box: SandboxServer, bms: BmsClient) -> None:
    """Each answer has exactly the fields and types of the specification, in camelCase."""
    box.control.invoice("2026-06-26", "2026-07-25")
    path, request = PROBES[method, template]
    if template.endswith("refreshtoken"):
        request = {"data": {"AccessToken": bms.tokens["accessToken"], "RefreshToken": bms.tokens["refreshToken"]}}

    answer = bms.call(method, path, **request)

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    jsonschema.validate(answer.json(), _wire_schema(OPERATIONS[method, template]))
    result = answer.json().get("result", answer.json())
    assert result, "an empty list proves nothing about its rows"


def test_the_embedded_specification_offers_no_units_of_existing_lines() -> None:
    """In the published API, units can be sent only when adding a line, and are told only in the answer to that."""
    holders = {
        name
        for name, schema in DOCUMENTS["published_v2"]["components"]["schemas"].items()
        if "Units" in schema["properties"]
    }

    assert holders == {"RecurringServicePostInputDto", "RecurringServicePostOutputDto"}


def test_failures_have_the_envelope_and_the_published_error(bms: BmsClient) -> None:
    """Errors are ErrorInfo objects in the envelope."""
    answer = bms.get("/v2/crm/accounts/summary", PageSize=101).json()

    assert answer["success"] is False
    jsonschema.validate(answer["error"], _wire_schema({"$ref": "#/components/schemas/ErrorInfo"}))


@pytest.mark.parametrize(
    ("method", "template"),
    [
        ("GET", "/v2/finance/contracts/{contract_id}/services"),
        ("PUT", "/v2/finance/contracts/{contract_id}/services/{line_id}"),
    ],
)
def test_published_shape_has_no_line_api(method: str, template: str) -> None:
    """In the published shape the tenant's line API does not exist."""
    with SandboxServer(bms_shape="published") as box:
        client = BmsClient(box)
        client.sign_in()
        path, request = PROBES[method, template]

        answer = client.call(method, path, **request)

        assert answer.status_code == 404
        assert box.control.audit() == []
