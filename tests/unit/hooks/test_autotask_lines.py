"""Services on contracts with their units by day, and what else drives them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import Forbidden, UnreadableAnswer
from billing_providers.model.psa import Contract, ContractLine, Days, LinesAgain, Service, UnitPeriod
from tests.support.autotask_tenant import FIELDS, AtServer, at, hook_of, line, units
from tests.support.scripted_http import reply

NOVEMBER = Days(date(2026, 11, 1), date(2026, 11, 30))
TWO_MONTHS = Days(date(2026, 11, 1), date(2026, 12, 1))
CONTRACT = Contract("7001", "1", "Aspen", "Managed", "Recurring Service", True, "Monthly", None, None)
SEAT = Service("31", "Seat", "", True, Decimal("2.25"), Decimal("4.75"))
KIT = Service("b31", "Kit", "", True, Decimal(12), Decimal(30))


def nov(row_id: int, line_id: int | None, count: int, **facts: Any) -> dict[str, Any]:
    return units(row_id, line_id, "2026-11-01", "2026-11-30", count, **facts)


def dec(row_id: int, line_id: int | None, count: int, **facts: Any) -> dict[str, Any]:
    return units(row_id, line_id, "2026-12-01", "2026-12-31", count, **facts)


def period(first: str, last: str, count: int, *, posted: bool = False) -> UnitPeriod:
    return UnitPeriod(date.fromisoformat(first), date.fromisoformat(last), Decimal(count), posted)


def tenant_of(lines: list[Any], rows: list[Any], **more: Any) -> AtServer:
    return AtServer({"ContractServices": lines, "ContractServiceUnits": rows, **more})


def read(monkeypatch: pytest.MonkeyPatch, tenant: AtServer, days: Days = TWO_MONTHS) -> dict[str, ContractLine]:
    found = hook_of(monkeypatch, tenant).read_lines([CONTRACT], [SEAT, KIT], days=days)
    assert len({line.line_id for line in found}) == len(found)
    return {line.line_id: line for line in found}


def test_a_line_is_told_with_its_units_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quantity is that of the first day; posted rows and those to come are told apart."""
    rows = [dec(2, 1, 7), nov(1, 1, 5, approveAndPostDate=at("2026-12-02"))]

    found = read(monkeypatch, tenant_of([line(1, internalDescription="note")], rows))["1"]

    assert found.schedule == (
        period("2026-11-01", "2026-11-30", 5, posted=True),
        period("2026-12-01", "2026-12-31", 7),
    )
    assert (found.quantity, found.contract_id, found.account_id) == (Decimal(5), "7001", "1")
    assert (found.service_id, found.service_name, found.description, found.invoice_text) == (
        "31", "Seat", "note", "Seats",
    )  # fmt: skip
    assert (found.unit_price, found.unit_cost, found.open, found.owned_by) == (Decimal(4), Decimal("2.5"), True, "")


def test_only_rows_that_meet_the_days_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole days, both ends inside; a line keeps one row per period for years."""
    rows = [units(1, 1, "2026-10-01", "2026-10-31", 3), nov(2, 1, 5), dec(3, 1, 7)]
    tenant = tenant_of([line(1)], rows)

    found = read(monkeypatch, tenant, NOVEMBER)["1"]

    (body,) = tenant.bodies("POST /ContractServiceUnits/query")
    assert body["filter"] == [
        {"op": "in", "field": "contractID", "value": [7001]},
        {"op": "lte", "field": "startDate", "value": "2026-11-30T23:59:59"},
        {"op": "gte", "field": "endDate", "value": "2026-11-01T00:00:00"},
    ]
    assert found.schedule == (period("2026-11-01", "2026-11-30", 5),)


def test_without_days_the_units_are_those_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long row meets any day of these years."""
    tenant = tenant_of([line(1)], [units(1, 1, "2020-01-01", "2099-12-31", 4)])

    (found,) = hook_of(monkeypatch, tenant).read_lines([CONTRACT], [SEAT])

    assert found.quantity == Decimal(4)
    days = [clause["value"][:10] for clause in tenant.bodies("POST /ContractServiceUnits/query")[0]["filter"][1:]]
    assert days[0] == days[1]


def test_a_line_has_no_units_on_days_on_which_its_contract_bills_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that was added in the middle had none before, posted or not like the rows beside it."""
    rows = [
        nov(1, 1, 5, approveAndPostDate=at("2026-12-02")),
        dec(2, 1, 5),
        units(3, 2, "2026-12-10", "2026-12-31", 8),
    ]

    found = read(monkeypatch, tenant_of([line(1), line(2, 32)], rows), Days(date(2026, 11, 1), date(2026, 12, 31)))

    assert found["2"].schedule == (
        period("2026-11-01", "2026-11-30", 0, posted=True),
        period("2026-12-01", "2026-12-09", 0),
        period("2026-12-10", "2026-12-31", 8),
    )
    assert found["2"].quantity == Decimal(0)


def test_a_single_day_without_a_row_is_a_day_without_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last day that was asked for, and one on which a row of another line both begins and ends."""
    rows = [nov(1, 1, 5), dec(2, 1, 5), nov(3, 2, 8), units(4, 3, "2026-11-02", "2026-11-30", 9)]
    split = [units(5, 4, "2026-11-01", "2026-11-01", 2), units(6, 4, "2026-11-02", "2026-11-30", 3)]
    other = {"contractID": 7002, "serviceID": 40}
    lines = [line(1), line(2, 32), line(4, 40, 7002), line(3, 41, 7002)]
    tenant = tenant_of(lines, [*rows[:3], rows[3] | other | {"serviceID": 41}, *(row | other for row in split)])
    contracts = [CONTRACT, Contract("7002", "2", "", "", "", True, "", None, None)]

    found = {entry.line_id: entry for entry in hook_of(monkeypatch, tenant).read_lines(contracts, [], days=TWO_MONTHS)}

    assert found["2"].schedule == (period("2026-11-01", "2026-11-30", 8), period("2026-12-01", "2026-12-01", 0))
    assert found["3"].schedule == (period("2026-11-01", "2026-11-01", 0), period("2026-11-02", "2026-11-30", 9))


def test_where_the_contract_bills_nothing_a_quantity_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: no rows at all is never zero; a contract that begins later tells nothing of the days before."""
    later = read(monkeypatch, tenant_of([line(1)], [dec(1, 1, 5)]))["1"]
    another = units(1, 9, "2026-11-01", "2026-11-30", 3, contractID=7002, serviceID=40)
    tenant = tenant_of([line(1), line(9, 40, 7002)], [another])
    ended = hook_of(monkeypatch, tenant).read_lines([CONTRACT, Contract("7002", "2", "", "", "", True, "", None, None)],
                                                    [], days=NOVEMBER)  # fmt: skip

    assert (later.quantity, later.schedule) == (None, (period("2026-12-01", "2026-12-31", 5),))
    assert [(entry.line_id, entry.quantity) for entry in ended] == [("1", None), ("9", Decimal(3))]


def test_a_row_without_a_line_counts_for_the_only_line_of_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """``contractServiceID`` may be empty."""
    found = read(monkeypatch, tenant_of([line(1), line(2, 32)], [nov(1, None, 5), nov(2, 2, 6, serviceID=32)]))

    assert {key: (entry.quantity, entry.owned_by) for key, entry in found.items()} == {
        "1": (Decimal(5), ""),
        "2": (Decimal(6), ""),
    }


def test_a_row_without_a_line_that_fits_two_leaves_both_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 4: never the first match."""
    rows = [nov(1, None, 5), nov(2, 1, 6), nov(3, 3, 9, serviceID=32)]

    found = read(monkeypatch, tenant_of([line(1), line(2), line(3, 32)], rows))

    assert {key: (entry.quantity, entry.owned_by) for key, entry in found.items()} == {
        "1": (None, "unit rows without a line"),
        "2": (None, "unit rows without a line"),
        "3": (Decimal(9), ""),
    }


def test_two_rows_that_tell_of_one_day_leave_the_line_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they add up or one of them holds is not known."""
    found = read(monkeypatch, tenant_of([line(1)], [nov(1, 1, 5), units(2, 1, "2026-11-30", "2026-12-31", 6)]))["1"]

    assert (found.quantity, found.schedule, found.owned_by) == (None, (), "unit rows that overlap")


def test_a_discount_is_left_alone_and_spoils_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line with a price below zero follows the one that it discounts."""
    lines = [line(1), line(2, internalCurrencyAdjustedPrice=-0.5)]

    found = read(monkeypatch, tenant_of(lines, [nov(1, 1, 5), nov(2, 2, 5)]))

    assert {key: entry.owned_by for key, entry in found.items()} == {"1": "", "2": "a discount"}
    assert found["2"].unit_price == Decimal("-0.5")


def test_the_full_price_beside_a_discount_is_no_leftover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without units it may still be raised: the discount's units are not those of another sale."""
    lines = [line(1), line(2, internalCurrencyAdjustedPrice=-0.5)]

    assert read(monkeypatch, tenant_of(lines, [nov(1, 1, 0), nov(2, 2, 5)]))["1"].owned_by == ""


def test_what_a_proration_left_behind_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No units in any row that is not posted, beside a line of the same service that has some."""
    rows = [
        nov(1, 1, 5),
        nov(2, 2, 3, approveAndPostDate=at("2026-12-02")),
        dec(3, 2, 0),
        nov(4, 3, 0, serviceID=32),
    ]

    found = read(monkeypatch, tenant_of([line(1), line(2), line(3, 32)], rows))

    assert {key: entry.owned_by for key, entry in found.items()} == {"1": "", "2": "a prorated leftover", "3": ""}


def test_a_line_that_devices_drive_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Active configuration items of the contract that name the line; inactive ones count for nothing."""
    device = {"contractID": 7001, "contractServiceID": 1, "contractServiceBundleID": None, "isActive": True}
    devices = [{"id": 1, **device}, {"id": 2, **device}, {"id": 3, **device, "contractServiceID": 2}]
    devices += [{"id": 4, **device, "contractServiceID": 3, "isActive": False}]
    lines, rows = [line(1), line(2, 32), line(3, 33)], [nov(1, 1, 5), nov(2, 2, 5, serviceID=32)]
    tenant = tenant_of(lines, [*rows, nov(3, 3, 5, serviceID=33)], ConfigurationItems=devices)

    found = read(monkeypatch, tenant)

    owners = {key: entry.owned_by for key, entry in found.items()}
    assert owners == {"1": "2 configuration items", "2": "1 configuration item", "3": ""}
    assert tenant.bodies("POST /ConfigurationItems/query")[0]["filter"] == [
        {"op": "in", "field": "contractID", "value": [7001]},
        {"op": "exist", "field": "contractServiceID"},
        {"op": "eq", "field": "isActive", "value": True},
    ]


@pytest.mark.parametrize("right", ["refused", "no such field"])
def test_devices_that_cannot_be_read_stop_nothing(right: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a right that a run can do without."""
    tenant = tenant_of([line(1)], [nov(1, 1, 5)])
    if right == "refused":
        tenant.answers["POST /ConfigurationItems/query"] = reply({}, 403)
    else:
        monkeypatch.setitem(FIELDS, "ConfigurationItems", "id contractID isActive")

    assert read(monkeypatch, tenant)["1"].owned_by == ""


@pytest.mark.parametrize(
    ("facts", "price"),
    [
        ({}, "4"),
        ({"internalCurrencyAdjustedPrice": 3.5}, "3.5"),
        # The customer pays in another currency: 1.5 of theirs for 1 of ours.
        ({"unitPrice": 6, "internalCurrencyUnitPrice": 4, "internalCurrencyAdjustedPrice": 3.5}, "5.25"),
        ({"unitPrice": 1, "internalCurrencyUnitPrice": 3, "internalCurrencyAdjustedPrice": 1}, "0.3333"),
        ({"unitPrice": 0, "internalCurrencyUnitPrice": 0, "internalCurrencyAdjustedPrice": 2}, "2"),
        ({"internalCurrencyUnitPrice": None}, "4"),
        ({"internalCurrencyAdjustedPrice": None}, "4"),
        ({"internalCurrencyAdjustedPrice": None, "unitPrice": None}, "4.75"),
    ],
    ids=str,
)
def test_the_price_of_one_unit_is_recovered(facts: dict[str, Any], price: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line's own price in the customer's currency; the catalogue's where the line tells none."""
    found = read(monkeypatch, tenant_of([line(1, **facts)], [nov(1, 1, 5)]))["1"]

    assert found.unit_price == Decimal(price)


def test_a_cost_that_the_line_does_not_tell_is_the_catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not see costs still gets lines."""
    assert read(monkeypatch, tenant_of([line(1, unitCost=None)], [nov(1, 1, 5)]))["1"].unit_cost == Decimal("2.25")


def test_bundles_are_lines_with_ids_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line 1 of a service and line 1 of a bundle never meet."""
    bundle = {
        "id": 1, "contractID": 7001, "serviceBundleID": 31, "unitPrice": 30, "adjustedPrice": 28.5,
        "invoiceDescription": "Kits",
    }  # fmt: skip
    row = {
        "id": 1, "contractID": 7001, "serviceBundleID": 31, "contractServiceBundleID": 1, "startDate": at("2026-11-01"),
        "endDate": at("2026-11-30"), "units": 3, "approveAndPostDate": None,
    }  # fmt: skip
    more = {"ContractServiceBundles": [bundle], "ContractServiceBundleUnits": [row]}

    found = read(monkeypatch, tenant_of([line(1)], [nov(1, 1, 5)], **more), NOVEMBER)

    assert {key: (entry.quantity, entry.service_id, entry.unit_price) for key, entry in found.items()} == {
        "1": (Decimal(5), "31", Decimal(4)),
        "b1": (Decimal(3), "b31", Decimal("28.5")),
    }
    assert (found["b1"].service_name, found["b1"].unit_cost) == ("Kit", Decimal(12))


def test_the_version_tells_of_edits_and_of_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Price and note; not the days that were read, not the units and texts that are compared by themselves."""

    def version(days: Days = NOVEMBER, count: int = 5, **facts: Any) -> str:
        tenant = tenant_of([line(1, **facts)], [nov(1, 1, count), dec(2, 1, 7)])
        return read(monkeypatch, tenant, days)["1"].version

    plain = version()
    assert plain == version(TWO_MONTHS) == version(count=6) == version(invoiceDescription="other")
    edited = {version(internalCurrencyAdjustedPrice=3), version(internalDescription="x"), version(unitCost=1)}
    assert len(edited | {plain}) == 4


def test_no_line_of_any_contract_is_a_missing_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: a restricted security level gets empty lists, which must not read as lines that are gone."""
    with pytest.raises(Forbidden, match="ContractServices and ContractServiceBundles cannot be read"):
        read(monkeypatch, tenant_of([], []))


def test_lines_without_any_unit_row_are_a_missing_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines may be seen where their units may not."""
    with pytest.raises(Forbidden, match="ContractServiceUnits and ContractServiceBundleUnits cannot be read"):
        read(monkeypatch, tenant_of([line(1)], []))
    restricted = tenant_of([line(1)], [nov(1, 9, 5, contractID=7002)])
    restricted.access["ContractServiceUnits"] = "Restricted"
    with pytest.raises(Forbidden, match="ContractServiceUnits cannot be read"):
        read(monkeypatch, restricted)


def test_a_contract_without_lines_simply_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lines of other contracts are seen, the list is right; no contract costs no call."""
    tenant = tenant_of([line(9, contract_id=7002)], [nov(1, 9, 5, contractID=7002)])
    hook = hook_of(monkeypatch, tenant)

    assert hook.read_lines([CONTRACT], [SEAT], days=NOVEMBER) == []
    sent = len(tenant.requests)
    assert hook.read_lines([], [SEAT], days=NOVEMBER) == []
    assert len(tenant.requests) == sent


@pytest.mark.parametrize(
    "facts",
    [{"units": None}, {"units": "five"}, {"startDate": None}, {"endDate": at("2026-10-01")}, {"contractID": None}],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_an_error(facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: never a line without units."""
    row = nov(1, 1, 5, **facts)
    tenant = tenant_of([line(1)], [])
    tenant.answers["POST /ContractServiceUnits/query"] = reply({"items": [row], "pageDetails": {"count": 1}})

    with pytest.raises(UnreadableAnswer):
        read(monkeypatch, tenant, NOVEMBER)


def again(*line_ids: str, look_up: bool = False, services: tuple[Service, ...] = (SEAT,)) -> LinesAgain:
    return LinesAgain(CONTRACT, line_ids, services, look_up)


def test_single_lines_are_read_anew_with_those_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """One list per kind for all; what is gone is missing; bundles cost nothing where none is wanted."""
    tenant = tenant_of([line(1), line(2, 32)], [nov(1, 1, 5), nov(2, 2, 6, serviceID=32)])
    hook = hook_of(monkeypatch, tenant)

    wanted = hook.reread_lines([again("1", "77")], days=NOVEMBER)
    looked_up = hook.reread_lines([again(look_up=True)], days=NOVEMBER)

    assert [(entry.line_id, entry.quantity) for entry in wanted] == [("1", Decimal(5))]
    assert sorted(entry.line_id for entry in looked_up) == ["1", "2"]
    assert len(tenant.sent("POST /ContractServices/query")) == 2
    assert [request.url for request in tenant.requests if "Bundle" in (request.url or "")] == []
    assert hook.reread_lines([again()], days=NOVEMBER) == []


def test_a_line_reads_the_same_in_bulk_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What push compares is what was planned with."""
    tenant = tenant_of([line(1), line(2)], [nov(1, 1, 5), nov(2, 2, 0)])

    bulk = read(monkeypatch, tenant, NOVEMBER)
    alone = hook_of(monkeypatch, tenant).reread_lines([again("2")], days=NOVEMBER)

    assert alone == [bulk["2"]]
    assert alone[0].owned_by == "a prorated leftover"
