"""The MSP is always the same, is as large as it says, and holds every awkward thing that it names."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world import Outcome, World, build_world
from billing_providers.sandbox.world.records import UsageRow

JULY = BillingCalendar(26).period_containing(date(2026, 7, 10))
AUGUST = BillingCalendar(26).period_after(JULY)


def _rows(world: World, customer: str, sku: str | None = None, period: BillingPeriod = JULY) -> list[UsageRow]:
    return [row for row in world.usage(period) if row.customer_code == customer and sku in {None, row.sku}]


def test_the_same_seed_gives_the_same_msp_and_usage() -> None:
    """Nothing depends on the run, the clock or the order of asking."""
    first, second = build_world(7), build_world(7)
    second.usage(AUGUST)

    assert first == second
    assert first.usage(JULY) == second.usage(JULY)


def test_another_seed_changes_sizes_but_not_who_and_what_there_is() -> None:
    """Cases stay where they are, so a test may use any seed."""
    first, second = build_world(1), build_world(2)

    assert [customer.code for customer in first.customers] == [customer.code for customer in second.customers]
    assert first.cases == second.cases
    assert [account.code for account in first.accounts] == [account.code for account in second.accounts]
    assert first.usage(JULY) != second.usage(JULY)


@pytest.mark.parametrize("anchor_day", [1, 15, 26, 31])
def test_a_normal_month_is_mostly_healthy(anchor_day: int) -> None:
    """Whatever the calendar: about 1,100 rows, 365 lines that can be billed, and a good third of them change."""
    world = build_world()
    period = BillingCalendar(anchor_day).period_containing(date(2026, 7, 10))
    held = {line.line_id: line.units for line in world.lines}

    expected = world.expected_units(period)
    changing = [line_id for line_id, units in expected.items() if held[line_id] != units]

    assert len(world.customers) == 45
    assert 1050 <= len(world.usage(period)) <= 1150
    assert len(expected) >= 360
    assert 110 <= len(changing) <= 170


def test_expected_units_are_the_rounded_sums_of_the_rows(world: World) -> None:
    """For customers without any case, the stated expectation follows from rows and lines alone."""
    awkward = {case.customer_code for case in world.cases.values()} | {"ACMEU", "SMTHS", "HOLDB"}
    accounts = {account.code: account.account_id for account in world.accounts if account.active}
    contracts = {contract.account_id: contract.contract_id for contract in world.contracts}
    lines = {(line.contract_id, line.service_name): line.line_id for line in world.lines}
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for row in world.usage(JULY):
        if row.customer_code not in awkward and not row.sku.startswith("TRIAL-"):
            sums[lines[contracts[accounts[row.billing_identifier]], row.sku]] += Decimal(row.quantity)
    assert len(sums) == 15 * 11

    expected = world.expected_units(JULY)

    assert {line_id: total.quantize(Decimal(1), ROUND_HALF_UP) for line_id, total in sums.items()} == {
        line_id: expected[line_id] for line_id in sums
    }


def test_months_differ_and_periods_name_their_rows(world: World) -> None:
    """Two periods differ in some quantities; every row states its own period."""
    july, august = world.expected_units(JULY), world.expected_units(AUGUST)

    assert 80 <= sum(july[line_id] != august.get(line_id) for line_id in july) <= 250
    assert {(row.period_start, row.period_end) for row in world.usage(JULY)} == {(date(2026, 6, 26), date(2026, 7, 25))}


def test_deprovisioned_items_alternate(world: World) -> None:
    """What one month registers, the next one no longer reports: three SKUs in each direction."""
    used = [{row.sku for row in _rows(world, "DEPRO", period=period)} for period in (JULY, AUGUST)]

    assert used[0] - used[1] == {"MS365-E3", "BKP-WS", "STO-GB"}
    assert used[1] - used[0] == {"EXO-P1", "RDS-CAL", "BKP-SRV"}


def test_cases_of_accounts_are_there(world: World) -> None:
    """Each awkward customer meets the accounts and contracts that its case says."""
    customers = {customer.code: customer for customer in world.customers}
    codes = [account.code for account in world.accounts]
    active = Counter(account.code for account in world.accounts if account.active)
    ids = {account.account_id: account.code for account in world.accounts}
    contracts = defaultdict(list)
    for contract in world.contracts:
        contracts[ids[contract.account_id]].append(contract)

    assert customers["NOID"].billing_identifier == ""
    assert customers["GHOST"].billing_identifier not in codes
    assert (active["DORM-01"], codes.count("DORM-01")) == (0, 1)
    assert active["TWIN-01"] == 2
    assert contracts["NOCON-01"] == []
    assert customers["CASED"].billing_identifier not in codes
    assert "CASED-01" in codes
    assert (active["ALPN-01"], codes.count("ALPN-01")) == (1, 2)
    assert customers["HOLDA"].billing_identifier == customers["HOLDB"].billing_identifier == "HOLD-01"
    assert len(contracts["MULTI-01"]) == 2
    assert [contract.billing_cycle for contract in contracts["QRTR-01"]] == ["Quarterly", "Monthly", "Monthly"]
    assert not [
        contract
        for contract in contracts["OLDCON-01"]
        if contract.active
        and contract.contract_type == "Recurring Services"
        and contract.billing_cycle == "Monthly"
        and contract.start <= JULY.last_day
        and contract.end >= JULY.start
    ]
    names = [account.name for account in world.accounts]
    assert names.count("Smith & Sons") == 2
    assert {"acme ltd", "ACME Ltd", "Ærø Tømrer ApS", "ÉCLAIR SARL", "鯉 Trading 株式会社"} <= set(names)


def test_cases_of_lines_and_services_are_there(world: World) -> None:
    """Each awkward line and service is as its case says."""
    owner = {contract.contract_id: contract.name.partition(" - ")[0] for contract in world.contracts}
    lines = defaultdict(list)
    for line in world.lines:
        lines[owner[line.contract_id], line.service_name].append(line)
    services = defaultdict(list)
    for service in world.services:
        services[service.name].append(service)

    assert lines["Nolin Freight", "RDS-CAL"] == []
    assert [line.active for line in lines["Double Lane Logistics", "BKP-WS"]] == [True, True]
    assert [line.active for line in lines["Baker Street Surgery", "AV-EP"]] == [True, False]
    assert [line.unit_price for line in lines["Freedom Foundation", "AV-EP"]] == [0]
    assert [service.active for service in services["LEGACY-AV"]] == [False]
    assert [service.active for service in services["FW-MGD"]] == [True, True]
    assert [service.name for service in world.services if service.description == "PRT-MGD"] == ["Managed printing"]
    assert [service.name for service in world.services if service.description.startswith("MB100:")] == ["Mailbox Basic"]
    assert len({line.line_id for line in world.lines}) == len(world.lines)


def test_cases_of_rows_are_there(world: World) -> None:
    """Each awkward row is in every period, as its case says."""
    assert [row.quantity for row in _rows(world, "SKUX", "")] == [4]
    assert {row.sku for row in _rows(world, "SKUX") if row.sku.strip() == "AV-EP"} == {"  AV-EP\u00a0"}
    assert [row.quantity for row in _rows(world, "QTYX", "EXO-P1")] == [Decimal("12.5")]
    assert [row.quantity for row in _rows(world, "QTYX", "HELPDESK")] == [-3]
    assert [row.quantity for row in _rows(world, "QTYX", "AV-EP")] == [0]
    same = _rows(world, "ROWX", "MS365-BS")
    assert (len(same), len({row.item_id for row in same}), sum(row.quantity for row in same)) == (4, 1, 14)
    twice = _rows(world, "ROWX", "MS365-BB")
    assert (len(twice), twice[0]) == (2, twice[1])
    assert {row.billable for row in _rows(world, "ROWX", "BKP-SRV")} == {True, False}
    assert {"setup", "recurring"} == {row.kind for row in _rows(world, "ROWX", "MS365-BP")}
    assert {"credit", "recurring"} == {row.kind for row in _rows(world, "ROWX", "MS365-E3")}
    assert {row.term for row in _rows(world, "TERMS", "MS365-BP")} == {"monthly", "yearly"}
    assert sum(row.quantity for row in _rows(world, "JUMP", "MS365-E3")) == 180
    assert _rows(world, "IDLE") == []
    assert all(isinstance(row.quantity, Decimal) for row in world.usage(JULY))


def test_record_ids_are_unique_but_for_the_repeated_record(world: World) -> None:
    """A record id comes again only where a case says so."""
    counts = Counter(row.record_id for row in world.usage(JULY))

    assert [record_id for record_id, times in counts.items() if times > 1] == [
        row.record_id for row in _rows(world, "ROWX", "MS365-BB")[:1]
    ]


def test_what_guards_hold_is_told_apart(world: World) -> None:
    """The huge jump and the drop to zero are expected to be held, not written."""
    names = {line.line_id: line.service_name for line in world.lines}
    guarded = world.expected_units(JULY, Outcome.GUARDED)

    assert sorted((names[line_id], units) for line_id, units in guarded.items()) == [("MS365-E3", 180), ("RDS-CAL", 0)]
    assert not guarded.keys() & world.expected_units(JULY).keys()
