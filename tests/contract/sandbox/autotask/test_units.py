"""Rows of units: one per billing period, split by changes inside of it, with amounts for the whole row."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import (
    BACKUP,
    BACKUPS,
    KITS,
    ON_INACTIVE,
    ON_QUARTER,
    ON_SHORT,
    OPEN,
    SEAT,
    SEATS,
    AtClient,
    condition,
)


def amounts(at: AtClient, line_id: int, since: str, until: str) -> list[tuple[str, Any, Any]]:
    """Start, price and cost of a line's rows in a stretch of days."""
    items = at.query(
        "ContractServiceUnits",
        condition("contractServiceID", "eq", line_id),
        condition("endDate", "gte", since),
        condition("startDate", "lte", until),
    ).json()["items"]
    return sorted((item["startDate"][:10], item["price"], item["cost"]) for item in items)


def test_a_row_tells_its_whole_amount(at: AtClient) -> None:
    """Price and cost are for all units, not for one."""
    window = condition("startDate", "eq", "2026-08-01")
    row = at.query("ContractServiceUnits", condition("contractServiceID", "eq", SEATS), window).json()["items"][0]

    assert {name: row[name] for name in row if row[name] is not None and name != "userDefinedFields"} == {
        "id": row["id"],
        "contractID": OPEN,
        "contractServiceID": SEATS,
        "serviceID": SEAT,
        "startDate": "2026-08-01T00:00:00Z",
        "endDate": "2026-08-31T00:00:00Z",
        "units": 12,
        "price": 120,
        "cost": 48,
        "internalCurrencyPrice": 120,
    }


def test_rows_of_future_periods_are_there_until_the_contract_ends(at: AtClient) -> None:
    """With what is scheduled: 15 from October on."""
    assert at.rows(SEATS, since="2026-06-01") == [
        ("06-01", "06-30", 10), ("07-01", "07-31", 12), ("08-01", "08-31", 12), ("09-01", "09-30", 12),
        ("10-01", "10-31", 15), ("11-01", "11-30", 15), ("12-01", "12-31", 15),
    ]  # fmt: skip


def test_short_periods_at_both_ends_of_a_contract_are_prorated(at: AtClient) -> None:
    """Four units at 31.00 are 124.00 a month: 15 of 31 days, and 20 of 30."""
    assert amounts(at, ON_SHORT, "2026-03-01", "2026-04-30") == [("2026-03-17", 60, 7.74), ("2026-04-01", 124, 16)]
    assert amounts(at, ON_SHORT, "2026-09-01", "2026-12-31") == [("2026-09-01", 82.67, 10.67)]
    assert at.rows(ON_SHORT, since="2026-09-01") == [("09-01", "09-20", 4)]


def test_a_quarterly_contract_has_a_row_per_quarter_from_its_first_day(at: AtClient) -> None:
    """Without an anchor day its periods start on the day of the month on which it starts."""
    assert at.rows(ON_QUARTER, since="2026-02-01") == [
        ("02-10", "05-09", 2), ("05-10", "08-09", 2), ("08-10", "11-09", 2), ("11-10", "02-09", 2),
    ]  # fmt: skip
    assert amounts(at, ON_QUARTER, "2026-08-10", "2026-08-10") == [("2026-08-10", 54, 24)]


def test_a_line_without_units_holds_none(at: AtClient) -> None:
    """Its rows are there all the same."""
    assert at.rows(ON_INACTIVE, since="2026-12-01") == [("12-01", "12-31", 0)]


def test_a_change_on_the_first_day_of_a_period_splits_nothing(at: AtClient) -> None:
    """It holds in all later rows too."""
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-09-01")

    assert at.rows(SEATS) == [
        ("08-01", "08-31", 12), ("09-01", "09-30", 15), ("10-01", "10-31", 18), ("11-01", "11-30", 18),
        ("12-01", "12-31", 18),
    ]  # fmt: skip


def test_a_change_inside_a_period_splits_its_row_and_prorates_both_parts(at: AtClient) -> None:
    """12 units for 14 days, 15 for 17 days of 31; the first part keeps its id."""
    before = at.query("ContractServiceUnits", condition("startDate", "eq", "2026-08-01")).json()["items"][0]["id"]

    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-08-15")

    assert at.rows(SEATS)[:3] == [("08-01", "08-14", 12), ("08-15", "08-31", 15), ("09-01", "09-30", 15)]
    assert amounts(at, SEATS, "2026-08-01", "2026-09-30") == [
        ("2026-08-01", 54.19, 21.68), ("2026-08-15", 82.26, 32.9), ("2026-09-01", 150, 60),
    ]  # fmt: skip
    assert before in at.ids("ContractServiceUnits", condition("endDate", "eq", "2026-08-14"))


def test_changes_add_up_whatever_their_order(at: AtClient) -> None:
    """A later change stays where an earlier one is dated before it."""
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=4, effectiveDate="2026-11-10")
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=-2, effectiveDate="2026-10-01")

    assert at.rows(BACKUPS, since="2026-09-01") == [
        ("09-01", "09-30", 5), ("10-01", "10-31", 3), ("11-01", "11-09", 3), ("11-10", "11-30", 7),
        ("12-01", "12-31", 7),
    ]  # fmt: skip


def test_two_changes_inside_one_period_make_three_rows(at: AtClient) -> None:
    """Each row is uniform."""
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=2, effectiveDate="2026-08-20")
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=1, effectiveDate="2026-08-10")

    assert at.rows(BACKUPS)[:4] == [
        ("08-01", "08-09", 5), ("08-10", "08-19", 6), ("08-20", "08-31", 8), ("09-01", "09-30", 8),
    ]  # fmt: skip


def test_a_price_changes_from_a_day_on(box: SandboxServer, at: AtClient) -> None:
    """Without units, or with none; the line shows the price of today."""
    at.adjust(OPEN, contractServiceID=SEATS, adjustedUnitPrice=11.5, effectiveDate="2026-08-01")
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=0, adjustedUnitCost=1.25, effectiveDate="2026-09-01")

    assert amounts(at, SEATS, "2026-07-01", "2026-08-31") == [("2026-07-01", 120, 48), ("2026-08-01", 138, 48)]
    assert amounts(at, BACKUPS, "2026-08-01", "2026-09-30") == [("2026-08-01", 12.5, 5), ("2026-09-01", 12.5, 6.25)]
    line = at.get(f"/ContractServices/{SEATS}").json()["item"]
    assert (line["internalCurrencyAdjustedPrice"], line["unitPrice"]) == (11.5, 10)
    box.control.move_clock("2026-09-02T08:00:00Z")
    assert at.get(f"/ContractServices/{BACKUPS}").json()["item"]["unitCost"] == 1.25


def test_bundles_have_rows_of_their_own(at: AtClient) -> None:
    """In another list; ids of bundles are counted apart from those of contract services."""
    at.adjust_bundle(OPEN, contractServiceBundleID=KITS, unitChange=-1, effectiveDate="2026-09-01")

    assert at.rows(KITS, bundle=True) == [
        ("08-01", "08-31", 3), ("09-01", "09-30", 2), ("10-01", "10-31", 2), ("11-01", "11-30", 2),
        ("12-01", "12-31", 2),
    ]  # fmt: skip
    assert at.rows(SEATS)[1] == ("09-01", "09-30", 12)


@pytest.mark.parametrize(
    ("child", "found"),
    [("Services", 3), ("ServiceBundles", 1), ("ServiceUnits", 36), ("ServiceBundleUnits", 12)],
)
def test_records_of_a_contract_are_listed_below_it(at: AtClient, child: str, found: int) -> None:
    """And shown there one by one."""
    items = at.get(f"/Contracts/{OPEN}/{child}").json()["items"]

    assert (len(items), {item["contractID"] for item in items}) == (found, {OPEN})
    assert at.get(f"/Contracts/{OPEN}/{child}/{items[-1]['id']}").json()["item"] == items[-1]
    assert at.get(f"/Contracts/7002/{child}/{items[-1]['id']}").status_code == 404


def test_the_invoice_text_of_a_line_is_the_catalogues_until_it_has_one(box: SandboxServer, at: AtClient) -> None:
    """It is changed at the child path; nothing else of the line is."""
    assert at.get(f"/ContractServices/{SEATS}").json()["item"]["invoiceDescription"] == "A seat with support"

    answer = at.call("PATCH", f"/Contracts/{OPEN}/Services", json={"id": SEATS, "invoiceDescription": "Seats, July"})

    assert (answer.status_code, answer.json()) == (200, {"itemId": SEATS})
    assert at.get(f"/ContractServices/{SEATS}").json()["item"]["invoiceDescription"] == "Seats, July"
    entries = box.control.audit(system="autotask")
    assert [(entry["line_id"], entry["field"], entry["before"], entry["after"]) for entry in entries] == [
        (str(SEATS), "invoice_text", "", "Seats, July")
    ]


@pytest.mark.parametrize(
    ("contract_id", "body", "status"),
    [
        (OPEN, {"id": SEATS, "unitPrice": 3}, 500),
        (OPEN, {"id": SEATS, "serviceID": BACKUP}, 500),
        (OPEN, {"id": SEATS, "invoiceDescription": "x" * 1001}, 500),
        (OPEN, {"invoiceDescription": "x"}, 500),
        (OPEN, {"id": 9999, "invoiceDescription": "x"}, 404),
        (7002, {"id": SEATS, "invoiceDescription": "x"}, 404),
    ],
)
def test_what_may_not_be_changed_of_a_line(
    box: SandboxServer, at: AtClient, contract_id: int, body: dict[str, Any], status: int
) -> None:
    """Prices are read-only, texts have a length, lines belong to their contract."""
    assert at.call("PATCH", f"/Contracts/{contract_id}/Services", json=body).status_code == status
    assert box.control.audit(system="autotask") == []
