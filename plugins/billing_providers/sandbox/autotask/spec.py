"""The published entities: which fields a record has, of which type, and what the PSA says about each of them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from billing_providers.sandbox.world.modules.records import (
    BLOCK_HOURS,
    CONTRACT_ACTIVE,
    CONTRACT_INACTIVE,
    FIXED_PRICE,
    ITEM_CONTRACT_CHARGE,
    ITEM_RECURRING_BUNDLE,
    ITEM_RECURRING_SERVICE,
    MONTHLY,
    PER_TICKET,
    QUARTERLY,
    RECURRING_SERVICE,
    RETAINER,
    SEMI_ANNUAL,
    TIME_AND_MATERIALS,
    UMBRELLA,
    YEARLY,
)

INTEGER, LONG, DOUBLE, TEXT, BOOLEAN, INSTANT = "integer", "long", "double", "string", "boolean", "datetime"

_PERIODS = {MONTHLY: "Monthly", QUARTERLY: "Quarterly", SEMI_ANNUAL: "Semi-Annual", YEARLY: "Yearly"}
# Labels of the period types: seen in one live tenant; of the others: assumed.
PICKLISTS: dict[tuple[str, str], dict[int, str]] = {
    ("Companies", "companyType"): {1: "Customer", 2: "Lead", 3: "Prospect", 4: "Dead", 6: "Cancelation", 7: "Vendor"},
    ("Contracts", "contractType"): {
        TIME_AND_MATERIALS: "Time and Materials",
        FIXED_PRICE: "Fixed Price",
        BLOCK_HOURS: "Block Hours",
        RETAINER: "Retainer",
        RECURRING_SERVICE: "Recurring Service",
        PER_TICKET: "Per Ticket",
        UMBRELLA: "Umbrella",
    },
    ("Contracts", "status"): {CONTRACT_INACTIVE: "Inactive", CONTRACT_ACTIVE: "Active"},
    ("Contracts", "contractPeriodType"): _PERIODS,
    ("Services", "periodType"): _PERIODS,
    ("ServiceBundles", "periodType"): _PERIODS,
    ("BillingItems", "billingItemType"): {
        ITEM_CONTRACT_CHARGE: "Contract Charge",
        ITEM_RECURRING_SERVICE: "Recurring Service",
        ITEM_RECURRING_BUNDLE: "Recurring Service Bundle",
    },
}
# Required fields, as libraries and the vendor's help name them.
REQUIRED: dict[str, frozenset[str]] = {
    "Companies": frozenset({"companyName", "companyType", "ownerResourceID", "phone"}),
    "Contracts": frozenset(
        {
            "companyID", "contractType", "contractName", "status", "startDate", "endDate", "contractCategory",
            "timeReportingRequiresStartAndStopTimes",
        }
    ),
    "ContractServices": frozenset({"contractID", "serviceID"}),
    "ContractServiceUnits": frozenset({"startDate", "endDate"}),
    "ContractServiceAdjustments": frozenset({"effectiveDate"}),
    "ContractServiceBundles": frozenset({"contractID", "serviceBundleID"}),
    "ContractServiceBundleUnits": frozenset({"startDate", "endDate"}),
    "ContractServiceBundleAdjustments": frozenset({"effectiveDate"}),
    "Services": frozenset({"name", "unitPrice", "periodType", "billingCodeID"}),
    "ServiceBundles": frozenset({"name", "billingCodeID"}),
    "BillingItems": frozenset({"billingItemType", "subType", "nonBillable"}),
    "Invoices": frozenset({"invoiceDateTime"}),
    "ConfigurationItems": frozenset({"companyID", "productID", "isActive"}),
}  # fmt: skip
# What may be changed through the API. ``adjustedPrice`` of a contract service is no field of REST (seen).
WRITABLE: dict[str, frozenset[str]] = {
    "ContractServices": frozenset({"invoiceDescription", "internalDescription", "unitCost"}),
    "ContractServiceBundles": frozenset({"invoiceDescription", "internalDescription", "adjustedPrice"}),
    "BillingItems": frozenset({"webServiceDate"}),
    "Invoices": frozenset({"invoiceNumber", "paidDate", "webServiceDate"}),
}
_READ_ONLY_ENTITIES = frozenset({"ContractServiceUnits", "ContractServiceBundleUnits"})
LENGTHS = {
    "companyName": 100, "companyNumber": 50, "phone": 25, "contractName": 100, "contractNumber": 50, "name": 100,
    "description": 400, "invoiceDescription": 1000, "internalDescription": 100, "itemName": 255, "invoiceNumber": 100,
    "sku": 50,
}  # fmt: skip
_REFERENCES = {
    "companyID": "Company", "contractID": "Contract", "serviceID": "Service", "serviceBundleID": "ServiceBundle",
    "contractServiceID": "ContractService", "contractServiceBundleID": "ContractServiceBundle",
    "invoiceID": "Invoice", "vendorCompanyID": "Company", "parentCompanyID": "Company",
}  # fmt: skip
# Returned, but filtering on them is an error (seen in the vendor's help).
NOT_QUERYABLE = frozenset(
    {
        ("BillingItems", "lineItemFullDescription"), ("BillingItems", "lineItemGroupDescription"),
        ("Invoices", "dueDate"), ("Invoices", "taxRegionID"),
    }
)  # fmt: skip


class AtSpecification:
    """Entities of ``published_2026_8.json``, by their name in paths; field names compare without regard to case."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._entities: dict[str, Any] = document["entities"]
        self._spelt = {
            entity: {name.lower(): name for name in facts["fields"]} for entity, facts in self._entities.items()
        }

    def entities(self) -> list[str]:
        """Return the names of all entities in paths, e.g. ``ContractServices``."""
        return list(self._entities)

    def name(self, entity: str) -> str:
        """Return the name of one record, e.g. ``ContractService``."""
        return str(self._entities[entity]["name"])

    def fields(self, entity: str) -> dict[str, str]:
        """Return names and types of an entity's fields."""
        return dict(self._entities[entity]["fields"])

    def spelling(self, entity: str, name: str) -> str | None:
        """Return a field as the PSA spells it; None: there is no such field."""
        return self._spelt[entity].get(name.lower())

    def kind(self, entity: str, field: str) -> str:
        """Return the type of a field."""
        return str(self._entities[entity]["fields"][field])

    def told(self, entity: str) -> list[dict[str, Any]]:
        """Return what the PSA says about every field of an entity."""
        return [self._told(entity, field, kind) for field, kind in self.fields(entity).items()]

    def _told(self, entity: str, field: str, kind: str) -> dict[str, Any]:
        values = PICKLISTS.get((entity, field))
        writable = WRITABLE.get(entity)
        fixed = field == "id" or entity in _READ_ONLY_ENTITIES or (writable is not None and field not in writable)
        return {
            "name": field,
            "dataType": kind,
            "length": LENGTHS.get(field, 0) if kind == TEXT else 0,
            "isRequired": field in REQUIRED[entity],
            "isReadOnly": fixed and field not in REQUIRED[entity],
            "isQueryable": (entity, field) not in NOT_QUERYABLE,
            "isReference": field in _REFERENCES,
            "referenceEntityType": _REFERENCES.get(field, ""),
            "isPickList": values is not None,
            "picklistValues": [_pick(place, *pair) for place, pair in enumerate((values or {}).items(), start=1)]
            or None,
            "picklistParentValueField": "",
            "isSupportedWebhookField": False,
        }


def _pick(place: int, value: int, label: str) -> dict[str, Any]:
    """Return a picklist value; it is text even where the field is a number (seen)."""
    return {
        "value": str(value),
        "label": label,
        "isDefaultValue": False,
        "sortOrder": place,
        "parentValue": "",
        "isActive": True,
        "isSystem": True,
    }


@cache
def specification() -> AtSpecification:
    """Return the entities that are simulated."""
    document = files("billing_providers.sandbox.autotask").joinpath("published_2026_8.json")
    return AtSpecification(json.loads(document.read_text(encoding="utf-8")))
