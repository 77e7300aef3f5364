"""What the simulated Autotask tells about its entities, and that its records have the published fields."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from billing_providers.sandbox.credentials import AT_LIMITED_USER
from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import AFFIRMED, AtClient

PUBLISHED = json.loads(
    files("billing_providers.sandbox.autotask").joinpath("published_2026_8.json").read_text(encoding="utf-8")
)["entities"]
ADJUSTMENTS = ("ContractServiceAdjustments", "ContractServiceBundleAdjustments")
TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int, "long": int, "double": (int, float), "string": str, "boolean": bool, "datetime": str,
}  # fmt: skip


@pytest.mark.parametrize("entity", [name for name in PUBLISHED if name not in ADJUSTMENTS])
def test_records_have_exactly_the_published_fields(box: SandboxServer, at: AtClient, entity: str) -> None:
    """Every field is there, of its type or null, and no other but the user-defined ones."""
    box.control.post_periods("2026-07-31")
    box.control.invoice("2026-01-01", "2026-07-31", system="autotask")

    items = at.query(entity, AFFIRMED).json()["items"]

    assert items, "an empty list proves nothing about its records"
    for item in items:
        assert item.pop("userDefinedFields") == []
        assert item.keys() == PUBLISHED[entity]["fields"].keys()
        wrong = {
            name: value
            for name, value in item.items()
            if value is not None and not isinstance(value, TYPES[PUBLISHED[entity]["fields"][name]])
        }
        assert wrong == {}
    assert at.get(f"/{entity}/{items[0]['id']}").json()["item"]["id"] == items[0]["id"]


@pytest.mark.parametrize("entity", PUBLISHED)
def test_fields_are_told_with_their_types(at: AtClient, entity: str) -> None:
    """All published fields, under their names."""
    told = at.get(f"/{entity}/entityInformation/fields").json()["fields"]

    assert {field["name"]: field["dataType"] for field in told} == PUBLISHED[entity]["fields"]
    assert at.get(f"/{entity}/entityInformation/userDefinedFields").json() == {"fields": []}


@pytest.mark.parametrize(
    ("entity", "field", "values"),
    [
        ("Contracts", "contractPeriodType", {"2": "Monthly", "3": "Quarterly", "4": "Semi-Annual", "5": "Yearly"}),
        ("Contracts", "status", {"0": "Inactive", "1": "Active"}),
        ("Services", "periodType", {"2": "Monthly", "3": "Quarterly", "4": "Semi-Annual", "5": "Yearly"}),
    ],
)
def test_picklists_are_told_as_text(at: AtClient, entity: str, field: str, values: dict[str, str]) -> None:
    """Even where the field is a number."""
    told = at.get(f"/{entity}/entityInformation/fields").json()["fields"]
    picklist = next(entry["picklistValues"] for entry in told if entry["name"] == field)

    assert {pick["value"]: pick["label"] for pick in picklist} == values


def test_what_is_required_and_read_only_is_told(at: AtClient) -> None:
    """Of an adjustment only the effective date is required; rows of units are read-only."""
    adjustment = at.get("/ContractServiceAdjustments/entityInformation/fields").json()["fields"]
    units = at.get("/ContractServiceUnits/entityInformation/fields").json()["fields"]

    assert [field["name"] for field in adjustment if field["isRequired"]] == ["effectiveDate"]
    assert [field["name"] for field in units if not field["isReadOnly"]] == ["endDate", "startDate"]


def test_what_can_be_done_with_an_entity_is_told(box: SandboxServer, at: AtClient) -> None:
    """Adjustments can be created and nothing else; a restricted user learns here that he sees nothing."""
    info = at.get("/ContractServiceAdjustments/entityInformation").json()["info"]
    limited = AtClient(box, AT_LIMITED_USER).get("/ContractServiceUnits/entityInformation").json()["info"]
    full = at.get("/ContractServiceUnits/entityInformation").json()["info"]

    assert (info["name"], info["canCreate"], info["canQuery"], info["canUpdate"], info["canDelete"]) == (
        "ContractServiceAdjustment", True, False, False, False,
    )  # fmt: skip
    assert (full["canQuery"], full["userAccessForQuery"], limited["userAccessForQuery"]) == (True, "All", "None")
