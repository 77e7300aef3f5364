"""Answers in the specification's shapes: every field of a schema is there, under its PascalCase name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.core.messages import json_number
from billing_providers.sandbox.credentials import BMS_TENANT
from billing_providers.sandbox.kaseya_bms.spec import specification
from billing_providers.sandbox.kaseya_bms.state import LiveContract, LiveLine
from billing_providers.sandbox.world.records import Account, CatalogueService
from billing_providers.sandbox.world.usage import CURRENCY

BORN = "2020-11-02T08:00:00Z"  # when everything of the world was entered
MAIN_USER_ID = 1
_EMPTY = {"integer": 0, "number": 0.0, "boolean": False}


def dto(schema_name: str, **facts: Any) -> dict[str, Any]:
    """Return an object of a schema: the given facts, null for other nullable fields, zero for other numbers.

    :raises KeyError: for a fact that the schema does not know, or a text that is neither given nor nullable.
    """
    properties = specification().schemas[schema_name]["properties"]
    unknown = facts.keys() - properties.keys()
    if unknown:
        raise KeyError(f"{schema_name} has no {', '.join(sorted(unknown))}")
    return {
        name: facts[name] if name in facts else None if schema.get("nullable") else _EMPTY[schema["type"]]
        for name, schema in properties.items()
    }


def double(number: Decimal) -> float:
    """Return a quantity or price as BMS sends it: a double of exactly this value."""
    return float(json_number(number))


def instant_text(instant: datetime) -> str:
    """Return an instant as BMS sends it, with zone."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_text(day: date) -> str:
    """Return a local date as BMS sends it: midnight without a zone."""
    return f"{day.isoformat()}T00:00:00"


def account_summary(account: Account) -> dict[str, Any]:
    """Return an account with its code."""
    return dto(
        "AccountSummaryOutputDto",
        Id=account.account_id,
        CreatedBy=MAIN_USER_ID,
        CreatedOn=BORN,
        ModifiedBy=MAIN_USER_ID,
        ModifiedOn=BORN,
        AccountCode=account.code,
        AccountTypeId=1,
        AccountType="Customer",
        AccountName=account.name,
        CurrencyId=1,
        CurrencyName=CURRENCY,
        IsActive=account.active,
        IsBilling=True,
        TenantName=BMS_TENANT,
        Locations=[],
    )


def account_lookup(account: Account) -> dict[str, Any]:
    """Return an account as a look-up row: no code."""
    return dto(
        "AccountLookupOutputDto",
        Id=account.account_id,
        Name=account.name,
        TenantName=BMS_TENANT,
        IsActive=account.active,
    )


def contract_summary(contract: LiveContract, account: Account, price: Decimal) -> dict[str, Any]:
    """Return a contract with type, cycle and dates: no account id."""
    return dto(
        "ClientContractSummaryOutputDto",
        Id=contract.contract_id,
        ContractName=contract.name,
        AccountName=account.name,
        ContractType=contract.contract_type,
        ContractBillingPrice=double(price),
        Status=contract.status,
        ContractNumber=f"C-{contract.contract_id}",
        BillingCycle=contract.billing_cycle,
        StartDate=day_text(contract.start),
        EndDate=day_text(contract.end),
    )


def contract_lookup(contract: LiveContract) -> dict[str, Any]:
    """Return a contract as a look-up row: no type, no cycle."""
    return dto(
        "ContractLookupOutputDto",
        Id=contract.contract_id,
        Name=contract.name,
        IsDefault=False,
        IsActive=contract.active,
        EndDate=day_text(contract.end),
    )


def contract_status(schema_name: str, contract: LiveContract) -> dict[str, Any]:
    """Return what activating or deactivating answers."""
    return dto(
        schema_name,
        Id=contract.contract_id,
        ContractName=contract.name,
        ContractNumber=f"C-{contract.contract_id}",
        StatusId=1 if contract.active else 2,
        StatusName=contract.status,
        TypeId=2,
        TypeName=contract.contract_type,
    )


def service_row(schema_name: str, service: CatalogueService) -> dict[str, Any]:
    """Return a service of the catalogue, for the search list or alone."""
    return dto(
        schema_name,
        Id=service.service_id,
        Name=service.name,
        Description=service.description,
        UnitCost=double(service.unit_cost),
        UnitPrice=double(service.unit_price),
        CategoryId=1,
        Category="Managed Services",
        UnitOfMeasureId=2 if service.unit_of_measure == "GB" else 1,
        UnitOfMeasure=service.unit_of_measure,
        IsActive=service.active,
        CreatedOn=BORN,
        CreatedBy=MAIN_USER_ID,
        ModifiedOn=BORN,
        ModifiedBy=MAIN_USER_ID,
    )


def related_service(line: LiveLine, contract: LiveContract, account: Account) -> dict[str, Any]:
    """Return a contract line as the published API lists it: no units."""
    return dto(
        "RelatedServicesListOutputDto",
        Id=line.line_id,
        ServiceId=line.service_id,
        ContractId=contract.contract_id,
        AccountId=account.account_id,
        ServiceName=line.service_name,
        ServiceDescription=line.description,
        ContractName=contract.name,
        AccountName=account.name,
        EffectiveDate=day_text(line.effective_date),
        ContractStartDate=day_text(contract.start),
        ContractEndDate=day_text(contract.end),
        UnitCost=double(line.unit_cost),
        UnitPrice=double(line.unit_price),
        Margin=double(line.unit_price - line.unit_cost),
    )


def added_line(line: LiveLine, contract: LiveContract) -> dict[str, Any]:
    """Return what adding a line answers."""
    return dto(
        "RecurringServicePostOutputDto",
        Id=line.line_id,
        CreatedBy=MAIN_USER_ID,
        CreatedOn=instant_text(line.modified_on),
        ModifiedBy=MAIN_USER_ID,
        ModifiedOn=instant_text(line.modified_on),
        ServiceId=line.service_id,
        ServiceName=line.service_name,
        Description=line.description,
        ContractId=contract.contract_id,
        ContractName=contract.name,
        TotalCost=double(line.units * line.unit_cost),
        TotalPrice=double(line.units * line.unit_price),
        Units=double(line.units),
        UnitCost=double(line.unit_cost),
        UnitPrice=double(line.unit_price),
        Margin=double(line.unit_price - line.unit_cost),
        OriginalUnitPrice=double(line.unit_price),
        OriginalUnitCost=double(line.unit_cost),
        EffectiveDate=day_text(line.effective_date),
        SortOrder=line.sort_order,
    )


def tenant_line(line: LiveLine, contract: LiveContract) -> dict[str, Any]:
    """Return a line as the tenant's line API tells it."""
    return dto(
        "ContractLine",
        Id=line.line_id,
        ContractId=contract.contract_id,
        AccountId=contract.account_id,
        ServiceId=line.service_id,
        ServiceName=line.service_name,
        Description=line.description,
        Units=double(line.units),
        UnitCost=double(line.unit_cost),
        UnitPrice=double(line.unit_price),
        EffectiveDate=day_text(line.effective_date),
        IsActive=line.active,
        ModifiedOn=instant_text(line.modified_on),
        SortOrder=line.sort_order,
    )
