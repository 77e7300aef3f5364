"""The world of modules is always the same, is as large as it says, and holds every awkward thing that it names."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from billing_providers.sandbox.world.modules.modules import Modules, build_modules
from billing_providers.sandbox.world.modules.records import (
    CONTRACT_INACTIVE,
    QUARTERLY,
    RECURRING_SERVICE,
    AtCompany,
    AtContract,
    AtContractService,
    AtUnits,
)

RMM_SERVICE = "Datto RMM - AllDevicesMetric"
EDR_SERVICE = "Datto EDR - Endpoints"


@pytest.fixture(scope="module")
def modules() -> Modules:
    return build_modules(1)


def _companies(modules: Modules, code: str) -> list[AtCompany]:
    name = next(customer.name for customer in modules.customers if customer.code == code)
    return [company for company in modules.tenant.companies if company.name == name]


def _contracts(modules: Modules, code: str) -> list[AtContract]:
    ids = {company.company_id for company in _companies(modules, code)}
    return [contract for contract in modules.tenant.contracts if contract.company_id in ids]


def _lines(modules: Modules, code: str, service_name: str) -> list[AtContractService]:
    ids = {contract.contract_id for contract in _contracts(modules, code)}
    service_id = next(entry.service_id for entry in modules.tenant.services if entry.name == service_name)
    lines = modules.tenant.contract_services
    return [line for line in lines if line.contract_id in ids and line.service_id == service_id]


def _rows(modules: Modules, line: AtContractService) -> list[AtUnits]:
    return [row for row in modules.tenant.units if row.line_id == line.line_id]


def test_the_same_seed_gives_the_same_world() -> None:
    """Nothing depends on the run, the clock or the order of asking."""
    first, second = build_modules(7), build_modules(7)
    second.metrics(2026, 8)

    assert first.tenant == second.tenant
    assert first.rmm == second.rmm
    assert first.metrics(2026, 7) == second.metrics(2026, 7)


def test_another_seed_changes_sizes_but_not_who_and_what_there_is() -> None:
    """Cases and ids stay where they are, so a test and a mapping may use any seed."""
    first, second = build_modules(1), build_modules(2)

    assert first.cases == second.cases
    assert first.grid == second.grid
    assert first.rmm.sites == second.rmm.sites
    assert first.stems == second.stems
    assert first.tenant.companies == second.tenant.companies
    assert first.tenant.contracts == second.tenant.contracts
    assert first.tenant.contract_services == second.tenant.contract_services
    assert [row.organization for row in first.metrics(2026, 7)] == [row.organization for row in second.metrics(2026, 7)]
    assert first.metrics(2026, 7) != second.metrics(2026, 7)
    assert len(first.rmm.devices) != len(second.rmm.devices)
    assert first.tenant.units != second.tenant.units


def test_the_tenant_is_as_large_as_it_says(modules: Modules) -> None:
    """A good part of it is none of our business."""
    tenant = modules.tenant
    sizes = (tenant.companies, tenant.contracts, tenant.services, tenant.contract_services, modules.customers)

    assert [len(part) for part in sizes] == [97, 99, 46, 434, 57]
    assert [len(modules.rmm.sites), len(modules.metrics(2026, 7))] == [59, 255]
    assert 1600 <= sum(device.listed_on(date(2026, 8, 1)) for device in modules.rmm.devices) <= 1800


def test_the_page_tells_these_sizes() -> None:
    """What the docs say of the tenant is what is built."""
    text = " ".join((Path(__file__).parents[4] / "docs" / "sandbox.md").read_text(encoding="utf-8").split())

    assert "57 customers, 59 sites, 255 rows of metrics a month" in text
    assert "97 companies, 99 contracts with 434 lines and one bundle line, 46 services" in text


def test_ids_are_unique_and_point_somewhere(modules: Modules) -> None:
    """Each id exists once, and each reference leads to a record."""
    tenant = modules.tenant
    companies = {entry.company_id for entry in tenant.companies}
    contracts = {entry.contract_id: entry for entry in tenant.contracts}
    lines = {entry.line_id: entry for entry in tenant.contract_services}

    assert len(companies) == len(tenant.companies)
    assert len(contracts) == len(tenant.contracts)
    assert len(lines) == len(tenant.contract_services)
    assert len({service.name for service in tenant.services}) == len(tenant.services)
    assert {entry.company_id for entry in contracts.values()} <= companies
    assert {entry.contract_id for entry in lines.values()} <= contracts.keys()
    assert {contracts[line.contract_id].contract_type for line in lines.values()} == {RECURRING_SERVICE}
    assert {entry.service_id for entry in lines.values()} <= {entry.service_id for entry in tenant.services}
    assert {row.line_id for row in tenant.units} == lines.keys()
    assert len({device.uid for device in modules.rmm.devices}) == len(modules.rmm.devices)
    assert len({device.device_id for device in modules.rmm.devices}) == len(modules.rmm.devices)
    linked = {site.company_id for site in modules.rmm.sites} - {None}
    assert linked <= companies


def test_rows_of_units_follow_each_other_without_a_gap(modules: Modules) -> None:
    """From the contract's first day to its last, as the simulated PSA wants them."""
    contracts = {entry.contract_id: entry for entry in modules.tenant.contracts}
    rows = defaultdict(list)
    for row in modules.tenant.units:
        rows[row.line_id].append(row)
    for line in modules.tenant.contract_services:
        contract, of_line = contracts[line.contract_id], rows[line.line_id]

        assert of_line[0].start == contract.start
        assert of_line[-1].end is None
        for before, after in pairwise(of_line):
            assert before.end is not None
            assert after.start.toordinal() == before.end.toordinal() + 1
            assert not (after.approved_on and not before.approved_on)  # posting has no holes


def test_texts_keep_the_lengths_of_the_psa(modules: Modules) -> None:
    """No record could not exist in the real PSA for the length of a text."""
    tenant = modules.tenant

    assert max(len(entry.name) for entry in tenant.companies) <= 100
    assert max(len(entry.number) for entry in tenant.companies) <= 50
    assert max(len(entry.name) for entry in tenant.contracts) <= 100
    assert max(len(entry.name) for entry in tenant.services) <= 100
    assert max(len(entry.sku) for entry in tenant.services) <= 50


def test_every_case_names_a_customer_or_says_that_it_concerns_all(modules: Modules) -> None:
    """A case can be looked up by its customer."""
    codes = {customer.code for customer in modules.customers}

    assert {case.customer_code for case in modules.cases.values()} - codes == {""}
    assert len({customer.name for customer in modules.customers}) == len(codes) == 57


def test_cases_of_names_are_there(modules: Modules) -> None:
    """Each awkward customer is called as its case says."""
    customers = {customer.code: customer for customer in modules.customers}
    names = {company.name for company in modules.tenant.companies}

    spelt = [customers["NAMX"].name_in(module) for module in ("Datto RMM", "Datto EDR", "SaaS Protection", "Datto AV")]
    assert spelt == ["Brightwater Legal", "brightwater-legal", "brightwaterlegal.example", "Brightwater"]
    assert customers["TWOS"].sites == ("Castle Mews - Leeds", "Castle Mews - York", "Castle Mews - Ripon")
    assert customers["NEAR"].name_in("Datto EDR") == "Harlow and Sons Ltd" not in names
    assert customers["LOWR"].name_in("Datto EDR") == "LOWER WHARF PRINTING" not in names
    assert customers["UNKN"].name not in names
    assert customers["QUOT"].name_in("BullPhish ID") == ' O\'Hara "Quote" 100% Ltd '
    assert customers["MALV"].name_in("RocketCyber") == "Malvern Spring Water\u00a0"
    assert customers["UNIC"].name == "Ffynnon Dŵr & Söhne" in names


def test_cases_of_companies_and_contracts_are_there(modules: Modules) -> None:
    """Each awkward customer meets the company and contracts that its case says."""
    spans = {
        code: [(contract.start, contract.end) for contract in _contracts(modules, code)]
        for code in ("ENDD", "ENDS", "ROLL", "OVER", "STRT")
    }

    assert [company.active for company in _companies(modules, "INAC")] == [False]
    assert [company.active for company in _companies(modules, "TWIN")] == [True, True]
    assert _companies(modules, "CHLD")[0].parent_id == _companies(modules, "TWOS")[0].company_id
    assert (_companies(modules, "NOCO")[0].active, _contracts(modules, "NOCO")) == (True, [])
    assert [contract.contract_type for contract in _contracts(modules, "TYPE")] == [1]
    assert [contract.period_type for contract in _contracts(modules, "NMON")] == [QUARTERLY]
    assert [contract.status for contract in _contracts(modules, "STOP")] == [CONTRACT_INACTIVE]
    assert [contract.status for contract in _contracts(modules, "TWOC")] == [1, 1]
    assert spans == {
        "ENDD": [(date(2025, 7, 1), date(2025, 12, 31))],
        "ENDS": [(date(2025, 7, 1), date(2026, 9, 20))],
        "ROLL": [(date(2025, 7, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2028, 12, 31))],
        "OVER": [(date(2025, 7, 1), date(2026, 7, 14)), (date(2026, 7, 15), date(2028, 12, 31))],
        "STRT": [(date(2026, 7, 15), date(2028, 12, 31))],
    }


def test_cases_of_lines_are_there(modules: Modules) -> None:
    """Each awkward line is as its case says."""
    (full, discount), (open_line, leftover) = _lines(modules, "DISC", RMM_SERVICE), _lines(modules, "LEFT", EDR_SERVICE)
    (covered,) = _lines(modules, "ASST", RMM_SERVICE)
    (inactive,) = [entry for entry in modules.tenant.services if entry.name == "Graphus - Protected Users"]
    (bundle,) = modules.tenant.contract_bundles

    assert (full.unit_price, discount.unit_price) == (Decimal("3.95"), Decimal("-0.50"))
    assert [(row.start, row.units) for row in _rows(modules, leftover)] == [
        (date(2025, 7, 1), 0), (date(2025, 11, 10), 3), (date(2025, 12, 1), 0), (date(2026, 1, 1), 0),
    ]  # fmt: skip
    assert _rows(modules, open_line)[-1].units > 0
    assert _lines(modules, "NOLN", "SaaS Protection - Microsoft 365 Seats") == []
    assert (inactive.active, len(_lines(modules, "SVIN", inactive.name))) == (False, 1)
    assert _lines(modules, "BUND", RMM_SERVICE) == []
    assert bundle.contract_id == _contracts(modules, "BUND")[0].contract_id
    items = modules.tenant.configuration_items
    assert sum(item.line_id == covered.line_id for item in items) == 9
    assert {item.line_id for item in items} == {covered.line_id, None}


def test_cases_of_posted_and_changing_units_are_there(modules: Modules) -> None:
    """What is posted until when, and what a person has entered for later."""

    def told(code: str) -> list[tuple[date, date | None, int, bool]]:
        (line,) = _lines(modules, code, RMM_SERVICE)
        base = _rows(modules, line)[0].units
        return [(row.start, row.end, row.units - base, row.approved_on is not None) for row in _rows(modules, line)]

    first, new_year = date(2025, 7, 1), date(2026, 1, 1)
    assert told("ABER") == [(first, date(2025, 12, 31), 0, True), (new_year, None, 0, False)]
    assert told("POST") == [(first, date(2026, 12, 31), 0, True), (date(2027, 1, 1), None, 0, False)]
    assert told("PMID") == [(first, date(2026, 7, 14), 0, True), (date(2026, 7, 15), None, 0, False)]
    assert told("PROR")[1:] == [(new_year, date(2026, 7, 9), 0, False), (date(2026, 7, 10), None, 3, False)]
    assert told("FUTR")[1:] == [(new_year, date(2026, 9, 30), 0, False), (date(2026, 10, 1), None, 5, False)]


def test_cases_of_counts_are_there(modules: Modules) -> None:
    """Each awkward count is in every month that its case names."""
    rows = {(row.module, row.organization, row.billing_type): row.count for row in modules.metrics(2026, 7)}
    names = {customer.code: customer.name for customer in modules.customers}

    def edr(code: str) -> tuple[Decimal, int]:
        (line,) = _lines(modules, code, EDR_SERVICE)
        return rows["Datto EDR", names[code], "Endpoints"], _rows(modules, line)[-1].units

    assert {code: edr(code) for code in ("INCR", "DECR", "ZERO", "NULL", "JUMP")} == {
        "INCR": (15, 12), "DECR": (14, 20), "ZERO": (0, 6), "NULL": (0, 0), "JUMP": (180, 12),
    }  # fmt: skip
    assert rows["RocketCyber", names["FRAC"], "Agents"] == Decimal("12.5")
    assert rows["BullPhish ID", names["NEGA"], "Users"] == -3
    assert rows["Vonahi vPenTest", names["UNKM"], "Tests"] == 2
    assert sum(key[0] == "Dark Web ID" for key in rows) > 10
    months = [
        {row.organization for row in modules.metrics(2026, month) if row.module == "BullPhish ID"} for month in (7, 8)
    ]
    assert [names["ODDM"] in found for found in months] == [True, False]
    assert [names["EVNM"] in found for found in months] == [False, True]


def test_cases_of_sites_are_there(modules: Modules) -> None:
    """One site is linked to another company than it is named after; some have no link."""
    sites = {site.name: site for site in modules.rmm.sites}
    companies = {company.name: company.company_id for company in modules.tenant.companies}

    wrong = sites["Wrenfield Nurseries"]
    assert (wrong.company_id, wrong.company_name) == (companies["Wrexham Glazing"], "Wrexham Glazing")
    assert sites["Wrexham Glazing"].company_id == companies["Wrexham Glazing"]
    assert sites["Harlow and Sons Ltd"].company_id is None
    for site in modules.rmm.sites:
        if site.company_id is not None and site is not wrong:
            assert site.company_id == _companies(modules, site.customer_code)[0].company_id


def test_devices_come_and_go_in_the_middle_of_a_month(modules: Modules) -> None:
    """What is counted in the first days of a month is what the month before ended with."""
    moved = [device for device in modules.rmm.devices if device.created > date(2025, 1, 1) or device.deleted_on]

    assert len(moved) > 900
    assert {device.created.day for device in moved} <= {4, *range(8, 25)}  # all began on 2024-03-04
    assert {device.deleted_on.day for device in moved if device.deleted_on} <= set(range(8, 25))


def test_the_grid_holds_exact_names_and_what_was_mapped_by_hand(modules: Modules) -> None:
    """Ambiguous, similar and unknown names are not in it; each organization is in one row at most."""
    codes = {row.customer_code for row in modules.grid}
    rows = {row.customer_code: row for row in modules.grid}
    organizations = [entry for row in modules.grid for entry in row.organizations]

    assert {"NEAR", "LOWR", "UNKN", "INAC", "TWIN"} & codes == set()
    assert len(codes) == 57 - 5
    assert len(set(organizations)) == len(organizations)
    assert ("SaaS Protection", "brightwaterlegal.example") in rows["NAMX"].organizations
    assert len(rows["TWOS"].site_uids) == 3
    assert "Datto RMM" not in dict(rows["WRON"].organizations)
    assert ("BullPhish ID", ' O\'Hara "Quote" 100% Ltd ') in rows["QUOT"].organizations
    assert ("Dark Web ID", "O'Hara Quote") not in rows["QUOT"].organizations
