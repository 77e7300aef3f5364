"""Companies, contracts and catalogue of Autotask as this product's own things."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import Forbidden, SettingsError
from billing_providers.model.psa import Account, Contract, PsaDirectory, Service
from tests.support.autotask_tenant import PICKLISTS, AtServer, company, contract, hook_of
from tests.support.scripted_http import reply


def read(monkeypatch: pytest.MonkeyPatch, **rows: Any) -> PsaDirectory:
    tenant = AtServer({"Companies": [company()], "Contracts": [contract()], **rows})
    return hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_a_company_is_a_customer_unless_it_is_inactive_dead_or_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type's label decides besides the flag; both are told."""
    companies = [
        company(1, parentCompanyID=9),
        company(2, companyType=4),
        company(3, companyType=6, isActive=False, companyNumber=None),
        company(4, companyType=99),
        company(5, isActive=False),
    ]

    accounts = read(monkeypatch, Companies=companies).accounts

    assert accounts == (
        Account("1", "ASP", "Aspen", active=True, parent_id="9", status="Customer"),
        Account("2", "ASP", "Aspen", active=False, status="Dead"),
        Account("3", "", "Aspen", active=False, status="Cancelation, inactive"),
        Account("4", "ASP", "Aspen", active=True, status=""),
        Account("5", "ASP", "Aspen", active=False, status="Customer, inactive"),
    )


def test_a_contract_is_told_with_the_tenants_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type, state and rhythm are labels of picklists; both its days are inside it."""
    contracts = [contract(7001), contract(7002, status=0, contractPeriodType=5, companyID=8, endDate=None)]

    found = read(monkeypatch, Contracts=contracts)

    assert found.contracts == (
        Contract(
            "7001", "1", "Aspen", "Managed", "Recurring Service", True, "Monthly",
            date(2026, 1, 1), date(2027, 12, 31), "Active",
        ),
        Contract("7002", "8", "", "Managed", "Recurring Service", False, "Yearly", date(2026, 1, 1), None, "Inactive"),
    )  # fmt: skip
    assert found.contract_types == ("Recurring Service", "Time and Materials")


def test_only_recurring_service_contracts_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines exist on type 7 alone."""
    tenant = AtServer({"Companies": [company()], "Contracts": [contract(), contract(7002, contractType=4)]})

    found = hook_of(monkeypatch, tenant).read_directory(contract_type="Block Hours")

    (body,) = tenant.bodies("POST /Contracts/query")
    assert body["filter"] == [{"op": "eq", "field": "contractType", "value": 7}]
    assert [entry.contract_id for entry in found.contracts] == ["7001"]


@pytest.mark.parametrize(
    ("labels", "active"),
    [({"1": "Aktiv", "0": "Inaktiv"}, True), ({"2": " active ", "1": "Draft"}, False)],
    ids=["another language", "another number"],
)
def test_the_state_of_a_contract_is_the_tenants_picklist(
    labels: dict[str, str], active: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The label Active decides; where no label says so, the value 1."""
    monkeypatch.setitem(PICKLISTS["Contracts"], "status", labels)

    (found,) = read(monkeypatch).contracts

    assert (found.active, found.status) == (active, labels["1"])


def test_a_tenant_without_a_state_in_force_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every contract would silently be inactive."""
    monkeypatch.setitem(PICKLISTS["Contracts"], "status", {"5": "Inaktiv", "6": "Aktiv"})

    with pytest.raises(SettingsError, match=r"Autotask Contracts: status: has no value.*Aktiv, Inaktiv"):
        read(monkeypatch)


def test_services_and_bundles_are_one_catalogue_with_ids_that_never_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles are counted apart in Autotask; an SKU stands before the description, as in other PSAs."""
    known = {"unitPrice": 4.5, "unitCost": 2, "isActive": True, "invoiceDescription": "Seats"}
    services = [
        {"id": 31, "name": "Seat", "sku": " S-1 ", "description": "A seat", **known},
        {"id": 32, "name": "Desk", "sku": "D-1", "description": " D-1 : a desk", **known, "isActive": False},
        {"id": 33, "name": "Chair", "sku": None, "description": None, **known, "unitPrice": None},
        {"id": 34, "name": "Lamp", "sku": "L", "description": "", **known},
    ]
    bundles = [{"id": 31, "name": "Kit", "description": "All of it", **known}]

    found = read(monkeypatch, Services=services, ServiceBundles=bundles).services

    assert [(entry.service_id, entry.name, entry.description, entry.active) for entry in found] == [
        ("31", "Seat", "S-1: A seat", True),
        ("32", "Desk", "D-1 : a desk", False),
        ("33", "Chair", "", True),
        ("34", "Lamp", "L:", True),
        ("b31", "Kit", "All of it", True),
    ]
    assert found[0] == Service("31", "Seat", "S-1: A seat", True, Decimal(2), Decimal("4.5"), invoice_text="Seats")
    assert found[2].unit_price is None


@pytest.mark.parametrize("entity", ["Companies", "Contracts"])
def test_an_empty_list_is_a_missing_right_unless_others_can_be_seen(
    entity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 3: a restricted security level gets nothing and no error."""
    with pytest.raises(Forbidden, match=f"{entity} cannot be read.*security level"):
        read(monkeypatch, **{entity: []})


def test_a_security_level_that_says_no_is_believed_although_something_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts of other types are seen, those of the recurring type are not, and the right is not complete."""
    tenant = AtServer({"Companies": [company()], "Contracts": [contract(contractType=1)]})
    tenant.access["Contracts"] = "Restricted"

    with pytest.raises(Forbidden, match="Contracts cannot be read"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_a_tenant_without_recurring_contracts_simply_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where contracts of other types are seen, the list is right."""
    assert read(monkeypatch, Contracts=[contract(contractType=1)]).contracts == ()


def test_a_refusal_of_one_list_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """403 is an answer of its own."""
    tenant = AtServer({"Companies": [company()]}, {"POST /Services/query": reply({}, 403)})

    with pytest.raises(Forbidden):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")
