"""Answers have the shape of the descriptions. The check is jsonschema's, not the sandbox's own."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.sherweb.choices import CHOICES
from billing_providers.sandbox.sherweb.routes import api_routes
from tests.support.sherweb_clients import PAYABLE, PROVIDER, SherwebClient


def _document(name: str) -> dict[str, Any]:
    text = files("billing_providers.sandbox.sherweb").joinpath(name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


DISTRIBUTOR = _document("published_distributor_1.json")
DERIVED = _document("derived_service_provider_1.json")

# The vendor's description, written out once more: what may be null has a question mark.
CHARGE = {
    "productId?": "string", "productName?": "string", "sku?": "string", "chargeId?": "string", "chargeName?": "string",
    "chargeType": "ChargeType", "billingCycleType": "BillingCycleType", "periodFrom": "string", "periodTo": "string",
    "quantity": "number", "listPrice": "number", "netPrice": "number", "netPriceProrated": "number",
    "subTotal": "number", "currency?": "string", "isBilled": "boolean", "isProratable": "boolean",
    "deductions?": "array", "fees?": "array", "invoice": "Invoice", "taxes?": "array", "tags?": "array",
}  # fmt: skip


def _fields(schema: dict[str, Any]) -> dict[str, str]:
    return {
        name + ("?" if entry.get("nullable") else ""): entry.get("type") or entry["$ref"].rpartition("/")[2]
        for name, entry in schema["properties"].items()
    }


def _strict(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without references, whose nullable parts allow null."""
    if "$ref" in schema:
        strict = _strict(schemas[schema["$ref"].rpartition("/")[2]], schemas)
        return {"anyOf": [strict, {"type": "null"}]} if schema.get("nullable") else strict
    strict = {name: value for name, value in schema.items() if name in {"type", "enum", "additionalProperties"}}
    if "properties" in schema:
        strict["properties"] = {name: _strict(entry, schemas) for name, entry in schema["properties"].items()}
        strict["additionalProperties"] = False
    if "items" in schema:
        strict["items"] = _strict(schema["items"], schemas)
    return {"anyOf": [strict, {"type": "null"}]} if schema.get("nullable") else strict


def test_the_embedded_description_is_the_vendor_s() -> None:
    """One operation, one parameter, and these fields of a charge."""
    assert list(DISTRIBUTOR["paths"]) == ["/billing/payable-charges"]
    names = [entry["name"] for entry in DISTRIBUTOR["paths"]["/billing/payable-charges"]["get"]["parameters"]]
    assert names == ["date", "Accept-Language"]
    schemas = DISTRIBUTOR["components"]["schemas"]
    assert _fields(schemas["Charge"]) == CHARGE
    assert schemas["ChargeType"]["enum"] == ["Setup", "Recurring", "Usage", "Unknown"]
    assert schemas["BillingCycleType"]["enum"] == ["OneTime", "Monthly", "Yearly"]
    assert schemas["DeductionType"]["enum"] == [
        "PromotionalMoney", "PromotionalPercentage", "PerformancePercentage",
    ]  # fmt: skip
    assert [*schemas["Deduction"]["properties"]] == [
        "code", "name", "deductionType", "value", "unitValue", "totalValue",
    ]  # fmt: skip
    assert [*schemas["Fee"]["properties"]] == ["name", "unitValue", "totalValue", "isTaxable"]
    assert [*schemas["Invoice"]["properties"]] == ["number", "date", "periodFrom", "periodTo"]
    assert [*schemas["Tax"]["properties"]] == ["name", "appliedRate"]
    assert [*schemas["Tag"]["properties"]] == ["name", "value"]


@pytest.mark.parametrize("clock", ["2026-08-05T06:00:00Z", "2026-07-10T06:00:00Z"])
def test_payable_charges_have_the_published_shape(box: SandboxServer, sherweb: SherwebClient, clock: str) -> None:
    """Billed and not billed: every field of every charge, with only ``invoice`` left out until there is one."""
    box.control.move_clock(clock)
    sherweb.sign_in()

    told = sherweb.call(PAYABLE, params={"date": "2026-07-31"}).json()

    jsonschema.validate(told, _strict({"$ref": "#/PayableCharges"}, DISTRIBUTOR["components"]["schemas"]))
    named = {name.removesuffix("?") for name in CHARGE}
    billed = clock.startswith("2026-08")
    assert {frozenset(charge) for charge in told["charges"]} == {frozenset(named if billed else named - {"invoice"})}
    assert {charge["isBilled"] for charge in told["charges"]} == {billed}
    assert len(told["charges"]) > 100


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/customers", "Customers"),
        ("/billing/receivable-charges", "ReceivableCharges"),
        ("/billing/subscriptions", "Subscriptions"),
        ("/billing/subscriptions/details", "CustomerSubscriptions"),
    ],
)
def test_answers_of_the_service_provider_have_the_derived_shape(sherweb: SherwebClient, path: str, schema: str) -> None:
    """Every field of the derived description, and no other."""
    query = {} if path == "/customers" else {"customerId": sherweb.customer_id("Clover Motors")}

    told = sherweb.call(PROVIDER + path, params=query).json()

    schemas = DERIVED["components"]["schemas"]
    jsonschema.validate(told, _strict({"$ref": f"#/{schema}"}, schemas))
    rows = told.get("items") or told["charges"]
    row = schemas[schema]["properties"]["charges" if "charges" in told else "items"]["items"]["$ref"]
    assert {frozenset(entry) for entry in rows} == {frozenset(schemas[row.rpartition("/")[2]]["properties"])}


def test_every_operation_that_reads_is_answered(sherweb: SherwebClient) -> None:
    """No route stands in a description without an answer."""
    query = {"customerId": sherweb.customer_id("Clover Motors")}
    for method, path in api_routes():
        if method == "GET":
            wanted = query if "billing" in path and "payable" not in path else {}
            assert sherweb.call(path, params=wanted).status_code == 200, path


def test_every_choice_is_marked() -> None:
    """Each answer that the facts leave open says whether it is seen or assumed."""
    assert [choice for choice in CHOICES if not choice[2].startswith(("seen", "assumed"))] == []
    assert len({question for question, _, _ in CHOICES}) == len(CHOICES) > 40
