"""Records as they travel: names of the specification, decimals as numbers, whole days as midnight in UTC, no nulls."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from billing_providers.sandbox.connectwise.listing import Record
from billing_providers.sandbox.connectwise.live import BORN, BORN_BY, LiveAddition, LiveAgreement
from billing_providers.sandbox.connectwise.spec import specification
from billing_providers.sandbox.connectwise.state import CwState
from billing_providers.sandbox.world.resale.records import (
    CwAgreementType,
    CwBillingCycle,
    CwCompany,
    CwCompanyStatus,
    CwProduct,
)


def record(model: str, **facts: Any) -> Record:
    """Return a record of a model; what is None is left out (assumed: the PSA prints no nulls).

    :raises KeyError: for a fact that the model does not know.
    """
    unknown = facts.keys() - specification().schemas[model]["properties"].keys()
    if unknown:
        raise KeyError(f"{model} has no {', '.join(sorted(unknown))}")
    return {name: value for name, value in facts.items() if value is not None}


def instant_text(instant: datetime) -> str:
    """Return an instant as the PSA prints it: UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(day: date | None) -> str | None:
    """Return a whole day as midnight in UTC, None for none."""
    return f"{day.isoformat()}T00:00:00Z" if day else None


def company(company: CwCompany, status: CwCompanyStatus | None) -> Record:
    """Return a company; those in the recycle bin are marked as deleted, and listed like the others."""
    return record(
        "Company",
        id=company.company_id,
        identifier=company.identifier,
        name=company.name,
        status=_reference(company.status_id, status.name if status else ""),
        leadFlag=False,
        unsubscribeFlag=False,
        deletedFlag=company.deleted,
        dateDeleted=instant_text(BORN) if company.deleted else None,
        deletedBy=BORN_BY if company.deleted else None,
        isVendorFlag=False,
        _info=_info(),
    )


def company_status(status: CwCompanyStatus) -> Record:
    """Return a company status."""
    return record(
        "CompanyStatus",
        id=status.status_id,
        name=status.name,
        defaultFlag=status.status_id == 1,
        inactiveFlag=status.inactive,
        notifyFlag=False,
        disallowSavingFlag=False,
        _info=_info(),
    )


def billing_cycle(cycle: CwBillingCycle) -> Record:
    """Return a billing cycle."""
    return record(
        "BillingCycle",
        id=cycle.cycle_id,
        identifier=cycle.identifier,
        name=cycle.name,
        defaultFlag=False,
        billingOptions=cycle.option,
        _info=_info(),
    )


def agreement_type(kind: CwAgreementType) -> Record:
    """Return an agreement type."""
    return record(
        "AgreementType",
        id=kind.type_id,
        name=kind.name,
        defaultFlag=False,
        inactiveFlag=False,
        employeeCompRate="Actual",
        employeeCompNotExceed="Billing",
        invoicingCycle="ContractYear",
        billTime="Billable",
        billExpenses="Billable",
        billProducts="Billable",
        prorateFlag=True,
        _info=_info(),
    )


def company_reference(company: CwCompany) -> dict[str, Any]:
    """Return a company as other records name it."""
    return {
        "id": company.company_id,
        "identifier": company.identifier,
        "name": company.name,
        "_info": {"company_href": f"/company/companies/{company.company_id}"},
    }


def agreement(state: CwState, live: LiveAgreement) -> Record:
    """Return an agreement. ``nextInvoiceDate`` is a bare day: the specification declares it as plain text."""
    facts = live.facts
    kind = state.types.get(facts.type_id)
    cycle = state.cycles.get(facts.cycle_id) if facts.cycle_id is not None else None
    parent = state.agreements.get(facts.parent_id) if facts.parent_id is not None else None
    return record(
        "Agreement",
        id=facts.agreement_id,
        name=facts.name,
        type=_reference(facts.type_id, kind.name if kind else ""),
        company=company_reference(state.companies[facts.company_id]),
        contact={"id": 1, "name": "Accounts Payable", "_info": {}},
        parentAgreement=_parent(parent, state) if parent else None,
        startDate=day_text(facts.start),
        endDate=day_text(facts.end),
        noEndingDateFlag=facts.end is None,
        cancelledFlag=facts.cancelled is not None,
        dateCancelled=day_text(facts.cancelled),
        reasonCancelled="Moved away" if facts.cancelled else None,
        billingCycle=_reference(cycle.cycle_id, cycle.name) if cycle else None,
        billOneTimeFlag=False,
        invoicingCycle="CalendarYear",
        billAmount=0,
        billStartDate=day_text(facts.bill_start),
        prorateFlag=facts.prorates,
        invoiceProratedAdditionsFlag=False,
        billTime="Billable",
        billExpenses="Billable",
        billProducts="Billable",
        periodType="Current",
        autoInvoiceFlag=False,
        nextInvoiceDate=live.next_invoice.isoformat() if live.next_invoice else None,
        agreementStatus=facts.status,
        _info=_info(live.updated_at),
    )


def product(product: CwProduct) -> Record:
    """Return a product of the catalogue."""
    return record(
        "CatalogItem",
        id=product.product_id,
        identifier=product.identifier,
        description=product.description,
        inactiveFlag=not product.active,
        subcategory=_reference(1, "Managed Services"),
        type=_reference(1, "Software"),
        productClass=product.product_class,
        serializedFlag=False,
        unitOfMeasure=_reference(2 if product.unit == "GB" else 1, product.unit),
        price=product.price,
        cost=product.cost,
        taxableFlag=False,
        customerDescription=product.customer_description,
        recurringFlag=False,
        category=_reference(1, "Managed Services"),
        calculatedPriceFlag=False,
        calculatedCostFlag=False,
        billableOption="Billable",
        autoUpdateUnitCostFlag=False,
        autoUpdateUnitPriceFlag=False,
        _info=_info(),
    )


def addition(state: CwState, live: LiveAddition) -> Record:
    """Return an addition with what the PSA derives. ``agreementStatus`` is the agreement's (not settled: assumed)."""
    item = live.product
    return record(
        "Addition",
        id=live.addition_id,
        product={
            "id": item.product_id,
            "identifier": item.identifier,
            "serializedFlag": False,
            "_info": {"catalog_href": f"/procurement/catalog/{item.product_id}"},
        },
        quantity=live.quantity,
        lessIncluded=live.included,
        unitPrice=live.unit_price,
        unitCost=live.unit_cost,
        billCustomer=live.bill_customer,
        effectiveDate=day_text(live.starts_on),
        cancelledDate=day_text(live.last_day),
        taxableFlag=live.taxable,
        serialNumber=live.serial_number,
        invoiceDescription=live.invoice_text,
        purchaseItemFlag=live.purchase,
        specialOrderFlag=live.special_order,
        agreementId=live.agreement_id,
        description=live.description,
        billedQuantity=live.billed,
        uom=item.unit,
        extPrice=live.price_total,
        extCost=live.cost_total,
        sequenceNumber=live.sequence,
        margin=live.price_total - live.cost_total,
        prorateCost=0,
        proratePrice=0,
        extendedProrateCost=0,
        extendedProratePrice=0,
        prorateCurrentPeriodFlag=live.prorate_current,
        agreementStatus=state.agreements[live.agreement_id].facts.status,
        _info={
            **_info(live.updated_at, live.updated_by),
            "dateEntered": instant_text(live.entered_at),
            "enteredBy": live.entered_by,
        },
    )


def _parent(parent: LiveAgreement, state: CwState) -> dict[str, Any]:
    kind = state.types.get(parent.facts.type_id)
    return {
        "id": parent.facts.agreement_id,
        "name": parent.facts.name,
        "type": kind.name if kind else "",
        "chargeFirmFlag": False,
        "_info": {"agreement_href": f"/finance/agreements/{parent.facts.agreement_id}"},
    }


def _reference(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "name": name, "_info": {}}


def _info(updated_at: datetime = BORN, updated_by: str = BORN_BY) -> dict[str, str]:
    return {"lastUpdated": instant_text(updated_at), "updatedBy": updated_by}
