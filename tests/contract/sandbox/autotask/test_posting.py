"""Approve and post, billing items, invoices, and the control plane on the lines of the simulated Autotask."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import (
    AFFIRMED,
    BACKUPS,
    DISCOUNT,
    KITS,
    ON_SHORT,
    OPEN,
    SEATS,
    SHORT,
    AtClient,
    condition,
    errors,
)
from tests.support.sandbox_clients import control_call

PSA = "autotask"


def test_rows_that_the_world_has_posted_have_their_items(at: AtClient) -> None:
    """One item per posted row; the row's id is the item's period."""
    items = at.query("BillingItems", condition("contractServiceID", "exist")).json()["items"]
    rows = at.query("ContractServiceUnits", condition("approveAndPostDate", "exist")).json()["items"]

    assert [(row["startDate"][:10], row["approveAndPostDate"]) for row in rows][-1] == (
        "2026-06-01", "2026-07-02T00:00:00Z",
    )  # fmt: skip
    assert [item["contractServicePeriodID"] for item in items] == [row["id"] for row in rows]
    last = items[-1]
    assert (last["quantity"], last["rate"], last["extendedPrice"], last["ourCost"], last["itemDate"]) == (
        10, 10, 100, 40, "2026-06-01T00:00:00Z",
    )  # fmt: skip


def test_posting_up_to_a_day_posts_the_rows_that_start_by_then(box: SandboxServer, at: AtClient) -> None:
    """Of one contract; a second time nothing is left to post."""
    made = box.control.post_periods("2026-07-31", OPEN)

    july = [item for item in made if item["itemDate"] == "2026-07-01T00:00:00Z"]
    told = [
        (item["contractServiceID"], item["contractServiceBundleID"], item["quantity"], item["extendedPrice"])
        for item in july
    ]
    assert told == [
        (SEATS, None, Decimal(12), Decimal(120)),
        (BACKUPS, None, Decimal(5), Decimal("12.50")),
        (DISCOUNT, None, Decimal(5), Decimal("-2.50")),
        (None, KITS, Decimal(3), Decimal(90)),
    ]
    assert {item["contractID"] for item in made} == {OPEN}
    assert box.control.post_periods("2026-07-31", str(OPEN)) == []
    pending = at.ids(
        "ContractServiceUnits",
        condition("contractID", "eq", OPEN),
        condition("approveAndPostDate", "notExist"),
        condition("startDate", "lte", "2026-08-31"),
    )
    assert len(pending) == 3


def test_a_posted_period_can_no_longer_be_adjusted(box: SandboxServer, at: AtClient) -> None:
    """The first day after it can."""
    body: dict[str, Any] = {"contractServiceID": ON_SHORT, "unitChange": 1}
    box.control.post_periods("2026-08-15")

    assert errors(at.adjust(SHORT, **body, effectiveDate="2026-08-31"))[0].startswith("Unable to make changes")
    assert at.adjust(SHORT, **body, effectiveDate="2026-09-01").status_code == 200


def test_a_period_may_be_posted_in_its_middle(box: SandboxServer, at: AtClient) -> None:
    """After a split, only the part that starts by the day is posted."""
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-08-15")

    box.control.post_periods("2026-08-10", OPEN)

    assert errors(at.adjust(OPEN, contractServiceID=SEATS, unitChange=1, effectiveDate="2026-08-14")) != []
    assert at.adjust(OPEN, contractServiceID=SEATS, unitChange=1, effectiveDate="2026-08-16").status_code == 200
    assert [units for _, _, units in at.rows(SEATS)][:4] == [12, 15, 16, 16]


def test_what_is_posted_shows_at_once(box: SandboxServer, at: AtClient) -> None:
    """Also while an adjustment of the line does not show yet."""
    box.control.change_settings(at_apply_delay_s=30)
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-09-01")

    box.control.post_periods("2026-07-31", OPEN)

    july = at.query("ContractServiceUnits", condition("startDate", "eq", "2026-07-01")).json()["items"][0]
    assert (july["contractServiceID"], july["approveAndPostDate"]) == (SEATS, "2026-08-03T00:00:00Z")


def test_items_are_found_by_their_day(at: AtClient) -> None:
    """Both ends count."""
    for name, day, found in (
        ("gte", "2026-06-01", 2), ("gt", "2026-06-01", 1), ("lte", "2026-02-01", 2), ("lt", "2026-02-01", 1),
        ("eq", "2026-06-09", 1),
    ):  # fmt: skip
        assert len(at.ids("BillingItems", condition("itemDate", name, day))) == found


def test_posting_is_refused_for_what_does_not_exist(box: SandboxServer) -> None:
    """Over HTTP it is 400."""
    with pytest.raises(ValueError, match="no contract 9"):
        box.control.post_periods("2026-07-31", 9)
    answer = control_call(box, "POST", "/post-periods", json={"until": "July"})
    assert (answer.status_code, answer.json()) == (400, {"error": "'July' is no date YYYY-MM-DD"})


def test_posted_items_are_invoiced_once(box: SandboxServer, at: AtClient) -> None:
    """One invoice per company; items tell their invoice."""
    box.control.post_periods("2026-07-31")

    made = box.control.invoice("2026-07-01", "2026-07-31", system=PSA)

    assert [(entry["companyID"], entry["invoiceTotal"]) for entry in made] == [
        (801, Decimal("344.00")), (802, Decimal(0)),
    ]  # fmt: skip
    invoice = at.query("Invoices", condition("companyID", "eq", 801)).json()["items"][0]
    assert (invoice["fromDate"], invoice["toDate"], invoice["isVoided"]) == (
        "2026-07-01T00:00:00Z", "2026-07-31T00:00:00Z", False,
    )  # fmt: skip
    assert len(at.ids("BillingItems", condition("invoiceID", "eq", invoice["id"]))) == 5
    assert box.control.invoice("2026-07-01", "2026-07-31", system=PSA) == []


def test_lines_tell_all_there_is_to_know(box: SandboxServer) -> None:
    """The names of the other PSAs, and the schedule; units are those of the sandbox's today."""
    lines = box.control.lines(system=PSA)

    assert [line["line_id"] for line in lines] == ["8001", "8002", "8003", "8004", "8005", "8006", "b8001"]
    assert lines[0] == {
        "line_id": "8001",
        "contract_id": "7001",
        "account_id": "801",
        "account_code": "ALPHA",
        "account_name": "Alpha & Söhne GmbH",
        "service_id": "31",
        "service_name": "Seat",
        "units": "12",
        "unit_cost": "4",
        "unit_price": "10",
        "effective_date": "2026-07-01",
        "active": True,
        "invoice_text": "",
        "schedule": [
            {"since": "2026-01-01", "units": "10"},
            {"since": "2026-07-01", "units": "12"},
            {"since": "2026-10-01", "units": "15"},
        ],
        "posted_until": "2026-06-30",
    }
    assert box.control.lines()[0].keys() <= lines[0].keys()
    box.control.move_clock("2026-10-02T00:00:00Z")
    after = {line["line_id"]: (line["units"], line["active"]) for line in box.control.lines(system=PSA)}
    assert (after["8001"], after["8004"]) == (("15", True), ("4", False))


def test_a_person_edits_units_from_a_day_on(box: SandboxServer, at: AtClient) -> None:
    """Today, where no day is given; bundles too; the log says who."""
    told = box.control.edit_line(SEATS, system=PSA, units="9", effective_date="2026-09-01")
    control_call(box, "POST", "/edit-line", json={"line_id": "b8001", "system": PSA, "units": "1"}).raise_for_status()

    assert [step["units"] for step in told["schedule"]] == ["10", "12", "9", "12"]
    assert at.rows(KITS, bundle=True)[:2] == [("08-01", "08-02", 3), ("08-03", "08-31", 1)]
    assert box.control.audit(system=PSA) == []
    assert [
        (entry["line_id"], entry["before"], entry["after"], entry["effective_date"])
        for entry in box.control.audit(by="hand", system=PSA)
    ] == [("8001", "12", "9", "2026-09-01"), ("b8001", "3", "1", "2026-08-03")]


@pytest.mark.parametrize(
    ("line_id", "changes", "why"),
    [
        ("9999", {"units": "1"}, "no line 9999"),
        ("b", {"units": "1"}, "no line b"),
        (SEATS, {"units": "1.5"}, "1.5 is no whole number"),
        (SEATS, {"unit_price": "1"}, "can be edited, and nothing else"),
        (SEATS, {"units": "1", "effective_date": "2027-01-01"}, "does not hold 2027-01-01"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(
    box: SandboxServer, line_id: Any, changes: dict[str, str], why: str
) -> None:
    """And the control plane says what is wrong."""
    with pytest.raises(ValueError, match=why):
        box.control.edit_line(line_id, system=PSA, **changes)


def test_a_reset_brings_everything_back(box: SandboxServer, at: AtClient) -> None:
    """Lines, items, log, and what was ignored."""
    before = at.query("BillingItems", AFFIRMED).json()["pageDetails"]["count"]
    at.query("Contracts", condition("nonsense", "eq", 1))
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-08-15")
    box.control.post_periods("2026-08-31")

    box.control.reset()
    box.control.move_clock("2026-08-03T09:30:00Z")

    assert at.rows(SEATS)[0] == ("08-01", "08-31", 12)
    assert at.query("BillingItems", AFFIRMED).json()["pageDetails"]["count"] == before
    assert (box.control.ignored_by_autotask(), box.control.audit(by="all", system=PSA)) == ([], [])
