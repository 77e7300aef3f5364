"""Records as they travel: every field of the specification, decimals as numbers, whole days as midnight in UTC."""

from __future__ import annotations

from functools import cache
from typing import Any

from billing_providers.sandbox.autotask.live import BORN, LiveLine, PostedItem
from billing_providers.sandbox.autotask.schedule import UnitRow
from billing_providers.sandbox.autotask.spec import specification
from billing_providers.sandbox.autotask.state import AtState
from billing_providers.sandbox.autotask.values import day_text, instant_text
from billing_providers.sandbox.world.modules.records import (
    AtCompany,
    AtConfigurationItem,
    AtContract,
    AtInvoice,
    AtService,
    AtServiceBundle,
)

Record = dict[str, Any]
COSTS = frozenset({"unitCost", "cost", "ourCost"})  # null for a user who cannot read costs (assumed)
_BORN = instant_text(BORN)
_CLERK = 29682885  # id of the person who did what nobody did through the API
_BILLING_CODE = 30012


def record(entity: str, **facts: Any) -> Record:
    """Return a record of an entity; what is not told is null.

    :raises KeyError: for a fact that the entity does not know.
    """
    blank = _blank(entity)
    if not facts.keys() <= blank.keys():
        raise KeyError(f"{entity} has no {', '.join(sorted(facts.keys() - blank.keys()))}")
    return {**blank, **facts, "userDefinedFields": []}


@cache
def _blank(entity: str) -> Record:
    return dict.fromkeys(specification().fields(entity))


def company(entry: AtCompany) -> Record:
    """Return a company."""
    return record(
        "Companies",
        id=entry.company_id,
        companyName=entry.name,
        companyNumber=entry.number or None,
        companyType=entry.company_type,
        isActive=entry.active,
        ownerResourceID=_CLERK,
        phone="020 7946 0000",
        parentCompanyID=entry.parent_id,
        createDate=_BORN,
        lastActivityDate=_BORN,
        lastTrackedModifiedDateTime=_BORN,
        currencyID=1,
    )


def contract(entry: AtContract) -> Record:
    """Return a contract."""
    return record(
        "Contracts",
        id=entry.contract_id,
        companyID=entry.company_id,
        contractName=entry.name,
        contractNumber=entry.number or None,
        contractType=entry.contract_type,
        contractCategory=1,
        contractPeriodType=entry.period_type,
        status=entry.status,
        startDate=day_text(entry.start),
        endDate=day_text(entry.end),
        billingPreference=2,
        isCompliant=False,
        isDefaultContract=False,
        setupFee=0,
        timeReportingRequiresStartAndStopTimes=0,
        lastModifiedDateTime=_BORN,
    )


def service(entry: AtService) -> Record:
    """Return a service of the catalogue."""
    return record(
        "Services",
        id=entry.service_id,
        name=entry.name,
        description=entry.description,
        invoiceDescription=entry.invoice_text,
        unitPrice=entry.unit_price,
        unitCost=entry.unit_cost,
        periodType=entry.period_type,
        isActive=entry.active,
        billingCodeID=_BILLING_CODE,
        sku=entry.sku or None,
        createDate=_BORN,
        creatorResourceID=_CLERK,
        lastModifiedDate=_BORN,
    )


def bundle(entry: AtServiceBundle) -> Record:
    """Return a bundle of services."""
    return record(
        "ServiceBundles",
        id=entry.bundle_id,
        name=entry.name,
        description=entry.description,
        invoiceDescription=entry.invoice_text,
        unitPrice=entry.unit_price,
        unitCost=entry.unit_cost,
        unitDiscount=0,
        percentageDiscount=0,
        periodType=entry.period_type,
        isActive=entry.active,
        billingCodeID=_BILLING_CODE,
        createDate=_BORN,
        creatorResourceID=_CLERK,
        lastModifiedDate=_BORN,
    )


def line(state: AtState, entry: LiveLine) -> Record:
    """Return a contract service or a bundle on a contract: prices of today, no quantity.

    ``invoiceDescription`` is the catalogue's while the line has none of its own (seen).
    """
    step = entry.schedule.step_on(state.today()) or entry.schedule.steps[0]
    shared = {
        "id": entry.line_id,
        "contractID": entry.contract.contract_id,
        "invoiceDescription": entry.invoice_text or entry.item.invoice_text or entry.item.description,
        "internalCurrencyUnitPrice": entry.item.unit_price,
        "internalCurrencyAdjustedPrice": step.unit_price,
        "unitPrice": entry.item.unit_price,
    }
    if entry.bundle:
        return record("ContractServiceBundles", serviceBundleID=entry.item_id, adjustedPrice=step.unit_price, **shared)
    return record("ContractServices", serviceID=entry.item_id, unitCost=step.unit_cost, **shared)


def unit_row(entry: LiveLine, row: UnitRow) -> Record:
    """Return a row of units of a contract service or a bundle."""
    shared = {
        "id": row.row_id,
        "contractID": entry.contract.contract_id,
        "startDate": day_text(row.start),
        "endDate": day_text(row.end),
        "units": row.units,
        "price": row.price,
        "cost": row.cost,
        "internalCurrencyPrice": row.price,
        "approveAndPostDate": day_text(row.approved_on),
    }
    if entry.bundle:
        return record(
            "ContractServiceBundleUnits",
            contractServiceBundleID=entry.line_id,
            serviceBundleID=entry.item_id,
            **shared,
        )
    return record("ContractServiceUnits", contractServiceID=entry.line_id, serviceID=entry.item_id, **shared)


def billing_item(item: PostedItem) -> Record:
    """Return a posted item. That ``contractServicePeriodID`` is the id of the row of units is assumed."""
    facts: dict[str, Any] = {}
    if item.line is not None and item.line.bundle:
        facts = {
            "contractServiceBundleID": item.line.line_id,
            "contractServiceBundlePeriodID": item.row_id,
            "serviceBundleID": item.line.item_id,
        }
    elif item.line is not None:
        facts = {
            "contractServiceID": item.line.line_id,
            "contractServicePeriodID": item.row_id,
            "serviceID": item.line.item_id,
        }
    return record(
        "BillingItems",
        id=item.item_id,
        companyID=item.company_id,
        contractID=item.contract_id,
        billingItemType=item.item_type,
        subType=item.item_type,
        billingCodeID=_BILLING_CODE,
        itemName=item.name,
        lineItemFullDescription=item.name,
        quantity=item.quantity,
        rate=item.rate,
        extendedPrice=item.amount,
        totalAmount=item.amount,
        taxDollars=0,
        ourCost=item.cost,
        internalCurrencyRate=item.rate,
        internalCurrencyExtendedPrice=item.amount,
        internalCurrencyTotalAmount=item.amount,
        internalCurrencyTaxDollars=0,
        itemDate=day_text(item.item_date),
        postedDate=day_text(item.posted_on),
        postedOnTime=day_text(item.posted_on),
        itemApproverID=_CLERK,
        nonBillable=0,
        invoiceID=item.invoice_id,
        **facts,
    )


def invoice(entry: AtInvoice) -> Record:
    """Return an invoice."""
    return record(
        "Invoices",
        id=entry.invoice_id,
        companyID=entry.company_id,
        invoiceNumber=entry.number,
        invoiceDateTime=day_text(entry.dated),
        createDateTime=day_text(entry.dated),
        fromDate=day_text(entry.first_day),
        toDate=day_text(entry.last_day),
        invoiceTotal=entry.total,
        totalTaxValue=0,
        isVoided=entry.voided,
        creatorResourceID=_CLERK,
    )


def configuration_item(state: AtState, entry: AtConfigurationItem) -> Record:
    """Return a device; the service or bundle is that of the line which covers it."""
    covering = state.lines[False].get(entry.line_id) if entry.line_id is not None else None
    kit = state.lines[True].get(entry.bundle_line_id) if entry.bundle_line_id is not None else None
    return record(
        "ConfigurationItems",
        id=entry.item_id,
        companyID=entry.company_id,
        contractID=entry.contract_id,
        contractServiceID=entry.line_id,
        contractServiceBundleID=entry.bundle_line_id,
        serviceID=covering.item_id if covering else None,
        serviceBundleID=kit.item_id if kit else None,
        referenceTitle=entry.title,
        rmmDeviceUID=entry.device_uid or None,
        isActive=entry.active,
        productID=1,
        createDate=_BORN,
        lastModifiedTime=_BORN,
    )
