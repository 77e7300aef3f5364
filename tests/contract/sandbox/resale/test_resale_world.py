"""The resale of storage is always the same, is as large as it says, and holds every awkward thing that it names."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.resale.backup_records import Month
from billing_providers.sandbox.world.resale.records import CwAddition, CwAgreement, CwCompany
from billing_providers.sandbox.world.resale.resale import Resale, build_resale

JULY, AUGUST = Month(2026, 7), Month(2026, 8)


@pytest.fixture(scope="module")
def resale() -> Resale:
    return build_resale(1)


def _companies(resale: Resale, name: str) -> list[CwCompany]:
    return [company for company in resale.tenant.companies if company.name == name]


def _company(resale: Resale, code: str) -> CwCompany:
    return next(company for company in resale.tenant.companies if company.identifier == code)


def _agreements(resale: Resale, code: str) -> list[CwAgreement]:
    company_id = _company(resale, code).company_id
    return [agreement for agreement in resale.tenant.agreements if agreement.company_id == company_id]


def _additions(resale: Resale, code: str, product: str) -> list[CwAddition]:
    agreement_ids = {agreement.agreement_id for agreement in _agreements(resale, code)}
    product_id = next(entry.product_id for entry in resale.tenant.products if entry.identifier == product)
    return [
        addition
        for addition in resale.tenant.additions
        if addition.agreement_id in agreement_ids and addition.product_id == product_id
    ]


def test_the_same_seed_gives_the_same_world() -> None:
    """Nothing depends on the run, the clock or the order of asking."""
    first, second = build_resale(7), build_resale(7)
    second.backup(AUGUST)

    assert first.tenant == second.tenant
    assert first.backup(JULY) == second.backup(JULY)
    assert first.cloud(JULY) == second.cloud(JULY)


def test_another_seed_changes_sizes_but_not_who_and_what_there_is() -> None:
    """Cases and ids stay where they are, so a test and a mapping table may use any seed."""
    first, second = build_resale(1), build_resale(2)

    assert first.cases == second.cases
    assert first.companies == second.companies
    assert first.stems == second.stems
    assert first.tenant.agreements == second.tenant.agreements
    assert [user.user_id for user in first.book.users] == [user.user_id for user in second.book.users]
    assert first.backup(JULY) != second.backup(JULY)
    assert first.cloud(JULY) != second.cloud(JULY)


def test_the_tenant_is_as_large_as_it_says(resale: Resale) -> None:
    """Lists have several pages, and a good part of the tenant is none of our business."""
    tenant = resale.tenant
    sizes = (tenant.companies, tenant.agreements, tenant.additions, tenant.products, resale.companies)

    assert [len(part) for part in sizes] == [126, 134, 484, 60, 50]
    assert len(resale.book.clients) == 30
    assert sum(bool(entry.backup_name and entry.client_name) for entry in resale.customers) == 13


def test_the_page_tells_these_sizes() -> None:
    """What the docs say of the tenant is what is built."""
    text = " ".join((Path(__file__).parents[4] / "docs" / "sandbox.md").read_text(encoding="utf-8").split())

    assert "67 customers, of which 50 use MSP360 and 30 rCloud" in text
    assert "126 companies, 134 agreements with 484 additions, 60 products" in text


def test_ids_are_unique_and_point_somewhere(resale: Resale) -> None:
    """Each id exists once, and each reference leads to a record."""
    tenant = resale.tenant
    companies = {entry.company_id for entry in tenant.companies}
    agreements = {entry.agreement_id for entry in tenant.agreements}
    products = {entry.product_id for entry in tenant.products}

    assert len(companies) == len(tenant.companies)
    assert len({entry.identifier for entry in tenant.companies}) == len(tenant.companies)
    assert len({entry.addition_id for entry in tenant.additions}) == len(tenant.additions)
    assert {entry.company_id for entry in tenant.agreements} <= companies
    assert {entry.agreement_id for entry in tenant.additions} <= agreements
    assert {entry.product_id for entry in tenant.additions} <= products
    assert {entry.cycle_id for entry in tenant.agreements} <= {entry.cycle_id for entry in tenant.cycles} | {None}
    assert {entry.type_id for entry in tenant.agreements} <= {entry.type_id for entry in tenant.types}
    assert {entry.status_id for entry in tenant.companies} <= {entry.status_id for entry in tenant.statuses}


def test_texts_keep_the_lengths_of_the_psa(resale: Resale) -> None:
    """No record could not exist in the real PSA for the length of a text."""
    tenant = resale.tenant

    assert max(len(entry.name) for entry in tenant.companies) <= 50
    assert max(len(entry.identifier) for entry in tenant.companies) <= 30
    assert max(len(entry.name) for entry in tenant.agreements) <= 100
    assert max(len(entry.description) for entry in tenant.products) <= 60
    assert max(len(entry.identifier) for entry in tenant.cycles) <= 5


def test_every_case_names_a_customer_or_says_that_there_is_none(resale: Resale) -> None:
    """A case can be looked up by its customer and product."""
    codes = {customer.code for customer in resale.customers}
    products = {product.identifier for product in resale.tenant.products}

    assert {case.customer_code for case in resale.cases.values()} - codes == {""}
    assert {case.sku for case in resale.cases.values()} - products == {""}


def test_cases_of_companies_are_there(resale: Resale) -> None:
    """Each awkward customer meets the companies that its case says."""
    backup = {company.customer_code: company.name for company in resale.companies}
    clients = {client.customer_code: client.name for client in resale.book.clients}

    assert len(_companies(resale, "Bergmann Optik GmbH")) == 2
    assert _company(resale, "KOWA").deleted
    assert _company(resale, "DELA").status_id == next(
        entry.status_id for entry in resale.tenant.statuses if entry.name == "Not-Approved"
    )
    assert _companies(resale, backup["FJEL"]) == []
    assert _companies(resale, clients["GHCL"]) == []
    assert (backup["LEVA"], _company(resale, "LEVA").name) == ("GRUPO LEVANTE SL", "Grupo Levante SL")
    assert (clients["RCAS"], _company(resale, "RCAS").name) == ("ROTTERDAM CASCO BV", "Rotterdam Casco BV")
    assert _company(resale, "OBRI").name == 'O\'Brien & "Sons" Ltd'
    assert _company(resale, "PROZ").name == "100 % Bio_Hofladen*"
    assert ";" in _company(resale, "MULL").name
    assert "," in _company(resale, "VAND").name
    with pytest.raises(UnicodeEncodeError):
        _company(resale, "SKOD").name.encode("latin-1")


def test_cases_of_agreements_are_there(resale: Resale) -> None:
    """Each awkward agreement is as its case says."""
    (parent,) = _agreements(resale, "PARE")
    (child,) = _agreements(resale, "CHLD")
    (cancelled,) = _agreements(resale, "CANC")
    (expired,) = _agreements(resale, "EXPI")
    (invoiced,) = _agreements(resale, "INVD")
    (early,) = _agreements(resale, "BFOR")
    options = {entry.cycle_id: entry.option for entry in resale.tenant.cycles}

    assert _agreements(resale, "NOCY")[0].cycle_id is None
    assert options[_agreements(resale, "QUAR")[0].cycle_id or 0] == "Quarterly"
    assert (cancelled.status, cancelled.cancelled) == ("Cancelled", date(2025, 11, 30))
    assert (expired.status, expired.end) == ("Expired", date(2025, 6, 30))
    assert _agreements(resale, "ENDS")[0].end == date(2026, 12, 31)
    assert child.parent_id == parent.agreement_id
    assert len(_agreements(resale, "TWOA")) == 2
    assert _agreements(resale, "NOAG") == []
    assert len({entry.type_id for entry in _agreements(resale, "AALB")}) == 2
    assert (invoiced.prorates, invoiced.next_invoice) == (False, date(2027, 1, 1))
    assert early.bill_start == date(2025, 3, 1)


def test_cases_of_additions_are_there(resale: Resale) -> None:
    """Each awkward addition is as its case says."""
    products = {entry.identifier: entry for entry in resale.tenant.products}
    (free,) = _additions(resale, "FREE", "OnlineBackup")
    (costly,) = _additions(resale, "COST", "OnlineBackup")
    (early,) = _additions(resale, "BFOR", "OnlineBackup")

    assert _additions(resale, "NOAD", "OnlineBackup-Computer") == []
    assert _additions(resale, "RNOA", "RCloud-Storage") == []
    assert _additions(resale, "INVD", "OnlineBackup-Computer") == []
    assert [entry.last_day for entry in _additions(resale, "DBLA", "OnlineBackup-Computer")] == [None, None]
    assert [entry.last_day for entry in _additions(resale, "RDBL", "RCloud-Storage")] == [None, None]
    assert [entry.last_day for entry in _additions(resale, "ENDD", "OnlineBackup-Computer")] == [date(2025, 12, 31)]
    assert [entry.last_day for entry in _additions(resale, "ENDD", "OnlineBackup")] == [None, date(2024, 12, 31)]
    assert [entry.last_day for entry in _additions(resale, "FUTC", "OnlineBackup")] == [date(2027, 3, 31)]
    assert early.starts_on == date(2025, 1, 1)
    assert (products["OnlineBackup-SQL"].product_class, products["OnlineBackup-VM"].active) == ("Bundle", False)
    assert _additions(resale, "CLSS", "OnlineBackup-SQL") == []
    assert len(_additions(resale, "CLSS", "OnlineBackup-VM")) == 1
    assert resale.book.licence_types("CLSS") == ["Desktop", "SQL Server", "Server", "Virtual Machine"]
    assert "Exchange" in resale.book.licence_types("LICX")
    assert free.unit_price == 0
    assert costly.unit_cost > costly.unit_price
    assert [entry.bill_customer for entry in _additions(resale, "DNBL", "OnlineBackup")] == ["DoNotBill"]
    assert [entry.starts_on for entry in _additions(resale, "MIDM", "OnlineBackup")] == [date(2026, 7, 15)]
    assert [entry.quantity for entry in _additions(resale, "JUMP", "OnlineBackup")] == [40]
    assert [entry.quantity for entry in _additions(resale, "RZER", "RCloud-Storage")] == [120]
    assert [entry.quantity for entry in _additions(resale, "ZERO", "OnlineBackup")] == [0]


def test_some_storage_additions_include_another_volume(resale: Resale) -> None:
    """Before the first run some include 50 GB, some none, some another number."""
    product_id = next(entry.product_id for entry in resale.tenant.products if entry.identifier == "RCloud-Storage")
    included = {entry.included for entry in resale.tenant.additions if entry.product_id == product_id}

    assert included == {Decimal(0), Decimal(25), Decimal(50), Decimal(100)}


def test_companies_that_use_neither_hold_the_same_products_by_hand(resale: Resale) -> None:
    """A run that takes every OnlineBackup for its own would be seen to write there."""
    codes = {customer.code for customer in resale.customers} | {"BERG-2"}
    product_id = next(entry.product_id for entry in resale.tenant.products if entry.identifier == "OnlineBackup")
    others = {entry.company_id for entry in resale.tenant.companies if entry.identifier not in codes}
    owner = {entry.agreement_id: entry.company_id for entry in resale.tenant.agreements}

    by_hand = [entry for entry in resale.tenant.additions if entry.product_id == product_id]

    assert len(others) == 60
    assert sum(owner[entry.agreement_id] in others for entry in by_hand) == 9


def test_usage_that_stops_alternates(resale: Resale) -> None:
    """What one month reports, the next one does not: in MSP360 and in rCloud's file."""
    july = {row.user.customer_code for row in resale.backup(JULY)}
    august = {row.user.customer_code for row in resale.backup(AUGUST)}
    july_cloud = {row.client.customer_code for row in resale.cloud(JULY)}
    august_cloud = {row.client.customer_code for row in resale.cloud(AUGUST)}

    assert (july - august, august - july) == ({"ODDM"}, {"EVNM"})
    assert (july_cloud - august_cloud, august_cloud - july_cloud) == ({"RODD"}, {"EVNM"})


def test_costs_of_a_user_sum_to_its_total(resale: Resale) -> None:
    """Plan, storage and restore are the whole cost, in cents, in every month."""
    rows = [row for month in range(1, 13) for row in resale.backup(Month(2026, month))]

    assert all(row.total_cost == row.plan_cost + row.storage_cost + row.restore_cost for row in rows)
    assert {-row.total_cost.as_tuple().exponent for row in rows} == {2}
    assert any(row.restore_cost for row in rows)
    assert any(row.plan_cost for row in rows)


def test_computer_names_are_unique_in_a_company(resale: Resale) -> None:
    """So that counting computers per user and per company is the same."""
    for month in range(1, 13):
        found: dict[str, list[str]] = defaultdict(list)
        for row in resale.backup(Month(2026, month)):
            found[row.user.customer_code] += {machine.computer for machine in row.machines}

        assert [code for code, names in found.items() if len(names) != len(set(names))] == []


def test_cases_of_users_are_there(resale: Resale) -> None:
    """One user belongs to no company, one is deleted, one machine goes to two places."""
    rows = {row.user.email: row for row in resale.backup(JULY)}

    assert rows["direct@harbourmsp.example"].user.customer_code == ""
    assert [row.user.listed for row in rows.values() if row.user.customer_code == "GONE"] == [True, False]
    assert [machine.computer for machine in rows["backup1@desk.example"].machines] == ["DESK-PC11", "DESK-PC11"]
    assert rows["backup1@zero.example"].stored == 0
    assert "backup2@gone.example" not in {entry.user.email for entry in resale.book.licences if entry.user}


def test_the_world_tells_all_of_it() -> None:
    """A demo in another process reads tenant, usage and expectation as JSON."""
    from billing_providers.model.periods import BillingCalendar

    period = BillingCalendar(1).period_containing(date(2026, 7, 10))
    world = build_world()

    told = world.to_json(period)["resale"]

    assert len(told["tenant"]["additions"]) == 484
    assert told["expected"].keys() == {str(key) for key in world.resale.expected(period)}
    assert {row["user"] for row in told["backup"]} == {row.user.email for row in world.resale.backup(JULY)}
    assert len(told["cloud"]) == len(world.resale.cloud(JULY))
    assert "expected" not in world.to_json()["resale"]
