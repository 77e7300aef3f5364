"""The Atria twin: one reading operation, its totals, its pages, its troubles on demand, and the exported report."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from billing_providers.model.periods import BillingCalendar
from billing_providers.sandbox.atria.report import export_report
from billing_providers.sandbox.credentials import ATRIA_TOKEN_WITHOUT_PERMISSION
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.sandbox_clients import atria_get

JULY = BillingCalendar(26).period_containing(date(2026, 7, 10))


def _exact(answer: requests.Response) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
    return told


def test_the_answer_holds_all_rows_and_their_totals(box: SandboxServer, world: World) -> None:
    """Count and total are over all rows; quantities are JSON numbers of exactly the row's value."""
    told = _exact(atria_get(box, "2026-07-25"))

    assert (told["periodStart"], told["periodEnd"], told["complete"]) == ("2026-06-26", "2026-07-25", True)
    assert told["recordCount"] == len(told["items"]) == len(world.usage(JULY))
    assert Decimal(told["totalQuantity"]) == sum(item["quantity"] for item in told["items"])
    assert [item["quantity"] for item in told["items"]] == [row.quantity for row in world.usage(JULY)]
    assert told["items"][0].keys() == {
        "recordId", "customerCode", "customerName", "billingIdentifier", "sku", "lineDescription", "summaryDescription",
        "quantity", "billable", "periodStart", "periodEnd", "term", "billingCycle", "itemId", "kind", "unit",
        "assigned", "enabled", "total", "unitCost", "unitPrice", "currency", "user", "plan",
    }  # fmt: skip


def test_pages_hold_every_row_once(box: SandboxServer) -> None:
    """Following nextPage to its end gives the whole answer; totals are those of the whole."""
    whole = atria_get(box, "2026-07-25").json()
    items, page = [], 1
    while page:
        told = atria_get(box, "2026-07-25", page=page, pageSize=300).json()
        assert (told["recordCount"], told["totalQuantity"]) == (whole["recordCount"], whole["totalQuantity"])
        items += told["items"]
        page = told["nextPage"]

    assert items == whole["items"]
    assert "nextPage" not in whole


def test_rows_that_are_not_billable_can_be_left_out(box: SandboxServer) -> None:
    """billableOnly drops such rows and counts without them."""
    whole = atria_get(box, "2026-07-25").json()
    billable = atria_get(box, "2026-07-25", billableOnly="true").json()

    assert {item["billable"] for item in billable["items"]} == {True}
    assert whole["recordCount"] - billable["recordCount"] == 1


@pytest.mark.parametrize(
    ("end_date", "query", "status"),
    [
        ("25.07.2026", {}, 400),
        ("2026-02-30", {}, 400),
        ("2026-7-25", {}, 400),
        ("2026-07-25T00:00:00", {}, 400),
        ("2026-07-25", {"customer": "AERO"}, 400),
        ("2026-07-25", {"billableOnly": "1"}, 400),
        ("2026-07-25", {"pageSize": 0}, 400),
        ("2026-07-25", {"pageSize": 1001}, 400),
        ("2026-07-25", {"page": 2}, 400),
        ("2026-07-25/details", {}, 404),
    ],
)
def test_wrong_requests_are_refused(box: SandboxServer, end_date: str, query: dict[str, Any], status: int) -> None:
    """A date that is none, or a parameter that does not exist, is an error and never an empty answer."""
    answer = atria_get(box, end_date, **query)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(("token", "status"), [("", 401), ("wrong", 401), (ATRIA_TOKEN_WITHOUT_PERMISSION, 403)])
def test_the_token_decides_who_reads(box: SandboxServer, token: str, status: int) -> None:
    """Without a developer's token there is no billing answer."""
    assert atria_get(box, "2026-07-25", token=token).status_code == status


def test_atria_is_only_read(box: SandboxServer) -> None:
    """No other method exists."""
    assert requests.post(f"{box.base_url('atria')}/api/billing/2026-07-25", timeout=10).status_code == 405


def test_a_period_that_the_calendar_does_not_have_is_empty(box: SandboxServer) -> None:
    """With an anchor day set, another end date has no rows; month ends are clamped as the calendar does."""
    box.control.change_settings(atria_anchor_day=31)

    assert atria_get(box, "2026-07-25").json()["items"] == []
    february = atria_get(box, "2026-02-27").json()
    assert (february["periodStart"], len(february["items"]) > 1000) == ("2026-01-31", True)
    assert atria_get(box, "1999-12-30").json()["recordCount"] == 0


@pytest.mark.parametrize(
    ("setting", "value", "rows_more"),
    [
        ("atria_malformed_row", True, 1),
        ("atria_conflicting_duplicate", True, 1),
        ("atria_other_period_row", True, 1),
        ("atria_empty", True, None),
        ("atria_complete", False, 0),
    ],
)
def test_troubles_come_when_switched_on(
    box: SandboxServer, world: World, setting: str, value: bool, rows_more: int | None
) -> None:
    """Each trouble adds its one row or mark, and is gone after a reset."""
    usual = len(world.usage(JULY))
    box.control.change_settings(**{setting: value})

    told = atria_get(box, "2026-07-25").json()

    assert told["recordCount"] == (0 if rows_more is None else usual + rows_more)
    assert told["complete"] is (setting != "atria_complete")
    box.control.reset()
    assert atria_get(box, "2026-07-25").json()["recordCount"] == usual


def test_troubles_are_what_they_say(box: SandboxServer) -> None:
    """A quantity that is no number, a record id with another quantity, a row of the period before."""
    box.control.change_settings(atria_malformed_row=True, atria_conflicting_duplicate=True, atria_other_period_row=True)

    first, *_, malformed, conflicting, other = atria_get(box, "2026-07-25").json()["items"]

    assert malformed["quantity"] == "twelve"
    assert conflicting["recordId"] == first["recordId"]
    assert conflicting["quantity"] == first["quantity"] + 1
    assert other["periodEnd"] == "2026-06-25"


def test_usage_can_be_edited(box: SandboxServer) -> None:
    """Tests change a row, or make rows disappear, in one period or in all."""
    box.control.edit_usage("AERO", "AV-EP", "2026-07-25", quantity="500", billable=False)
    box.control.edit_usage("ECLR", gone=True)

    july, august = (atria_get(box, day).json()["items"] for day in ("2026-07-25", "2026-08-25"))

    edited = [item for item in july if (item["customerCode"], item["sku"]) == ("AERO", "AV-EP")]
    assert {(item["quantity"], item["billable"]) for item in edited} == {(500, False)}
    assert 500 not in [item["quantity"] for item in august if item["customerCode"] == "AERO"]
    assert "ECLR" not in {item["customerCode"] for item in july + august}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_exported_report_holds_the_same_rows(box: SandboxServer, world: World, tmp_path: Path, kind: str) -> None:
    """File and API tell the same codes, SKUs and quantities, under headers for people."""
    path = tmp_path / f"billing.{kind}"

    count = export_report(world, JULY, path, kind)

    rows = _csv_rows(path) if kind == "csv" else _xlsx_rows(path)
    told = _exact(atria_get(box, "2026-07-25"))["items"]
    assert count == len(rows) == len(told)
    assert [
        (row["Customer Code"], row["SKU"] or "", Decimal(str(row["Quantity"])), str(row["Period End"])[:10])
        for row in rows
    ] == [(item["customerCode"], item["sku"], item["quantity"], item["periodEnd"]) for item in told]
    assert {"Customer Name", "Billing Identifier", "Line Description", "Summary Description", "Billable"} <= rows[
        0
    ].keys()


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def _xlsx_rows(path: Path) -> list[dict[str, Any]]:
    from openpyxl import load_workbook

    head, *rows = load_workbook(path, read_only=True).active.values
    return [dict(zip(head, row, strict=True)) for row in rows]
