"""The billing of a month: rows, totals, details, months, names."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.resale.backup_records import Month
from tests.support.backup_clients import MbsClient

JULY = "2026-07-10T00:00:00Z"


def test_the_rows_of_a_month_are_those_of_the_world(mbs: MbsClient, world: World) -> None:
    """Every user that stored something, with sizes in bytes and money of two places."""
    told = mbs.billing(JULY)
    rows = world.resale.backup(Month(2026, 7))

    assert told.keys() == {"CurrentSpaceUsed", "AverageSpaceUsed", "TotalRestore", "StatisticBilling"}
    assert [row["UserId"] for row in told["StatisticBilling"]] == [row.user.user_id for row in rows]
    assert [row["StorageCost"] for row in told["StatisticBilling"]] == [row.storage_cost for row in rows]
    assert told["StatisticBilling"][0].keys() == {
        "UserId", "Email", "FirstName", "LastName", "CompanyName", "AverageSpace", "TotalVolumeRestore", "PlanCost",
        "StorageCost", "RestoreCost", "TotalCost",
    }  # fmt: skip


def test_totals_are_the_sums_of_the_rows(mbs: MbsClient) -> None:
    """Average space and restores add up; each user's total cost is plan, storage and restore."""
    told = mbs.billing(JULY)
    rows = told["StatisticBilling"]

    assert told["AverageSpaceUsed"] == sum(row["AverageSpace"] for row in rows)
    assert told["TotalRestore"] == sum(row["TotalVolumeRestore"] for row in rows)
    assert [row["TotalCost"] for row in rows] == [
        Decimal(row["PlanCost"]) + Decimal(row["StorageCost"]) + Decimal(row["RestoreCost"]) for row in rows
    ]


def test_details_add_up_to_the_month(mbs: MbsClient) -> None:
    """The machines of all users together are the space that the month states."""
    told = mbs.billing(JULY)
    details = [mbs.details(row["UserId"], JULY) for row in told["StatisticBilling"]]

    assert sum(entry["TotalBackupBytes"] for entry in details) == told["CurrentSpaceUsed"]
    for row, entry in zip(told["StatisticBilling"], details, strict=True):
        machines = entry["UserDetailList"]
        assert entry["UserID"] == row["UserId"]
        assert entry["TotalBackupBytes"] == sum(machine["SizeBackup"] for machine in machines)
        assert entry["TotalRestoreBytes"] == row["TotalVolumeRestore"]
        assert entry["TotalRestoreBytes"] == sum(machine["SizeRestore"] for machine in machines)
    assert machines[0].keys() == {"Computer", "SizeBackup", "SizeRestore", "Prefix", "AccountID", "Destination"}


@pytest.mark.parametrize(
    "date",
    [
        "2026-07-01T00:00:00Z",
        "2026-07-31T23:59:59.999Z",
        "2026-07-15",
        "2026-07-15T10:00:00",
        "2026-08-01T01:30:00+02:00",
        "2026-06-30T23:30:00-05:00",
    ],
)
def test_any_instant_of_a_month_names_it(mbs: MbsClient, date: str) -> None:
    """An instant counts in UTC; without a zone it is UTC."""
    assert mbs.billing(date) == mbs.billing(JULY)


def test_without_a_date_it_is_the_current_month(mbs: MbsClient) -> None:
    """Absent, null and empty dates, and the call without a body, all mean the month of the clock."""
    august = mbs.billing("2026-08-01T00:00:00Z")

    assert august != mbs.billing(JULY)
    assert mbs.billing(None) == mbs.billing("") == mbs.get("/api/Billing") == august
    assert mbs.call("PUT", "/api/Billing", json={}).json()["AverageSpaceUsed"] == august["AverageSpaceUsed"]


def test_a_month_in_the_future_is_empty(mbs: MbsClient, box: SandboxServer) -> None:
    """No rows and totals of 0, until the clock reaches it."""
    assert mbs.billing("2026-09-01T00:00:00Z") == {
        "CurrentSpaceUsed": 0,
        "AverageSpaceUsed": 0,
        "TotalRestore": 0,
        "StatisticBilling": [],
    }
    box.control.move_clock("2026-09-01T00:00:01Z")
    mbs.sign_in()

    assert len(mbs.billing("2026-09-01T00:00:00Z")["StatisticBilling"]) > 80


def test_a_company_is_chosen_by_its_exact_name(mbs: MbsClient, world: World) -> None:
    """Only its rows, and totals over them; another spelling finds nothing."""
    name = 'O\'Brien & "Sons" Ltd'
    whole = [row for row in mbs.billing(JULY)["StatisticBilling"] if row["CompanyName"] == name]

    told = mbs.billing(JULY, name)

    assert told["StatisticBilling"] == whole
    assert told["AverageSpaceUsed"] == sum(row["AverageSpace"] for row in whole) > 0
    assert mbs.billing(JULY, name.lower())["StatisticBilling"] == []
    assert mbs.billing(JULY, "") == mbs.billing(JULY)


def test_details_of_a_user_without_rows_are_empty(mbs: MbsClient) -> None:
    """A user that stores nothing in a month has details all the same."""
    user_id = next(user["ID"] for user in mbs.get("/api/Users") if user["Email"] == "backup1@evnm.example")

    assert mbs.details(user_id, JULY) == {
        "TotalBackupBytes": 0,
        "TotalRestoreBytes": 0,
        "UserID": user_id,
        "UserDetailList": [],
    }


def test_a_renamed_company_keeps_its_old_name_in_older_rows(mbs: MbsClient, box: SandboxServer) -> None:
    """Lists show the new name; billing rows of months before the rename still carry the old one."""
    old, new = "Aalborg Tandlægehus ApS", "Aalborg Smiles ApS"
    company_id = next(entry["Id"] for entry in mbs.get("/api/Companies") if entry["Name"] == old)

    box.control.rename_company("AALB", new)

    assert [entry["Id"] for entry in mbs.get("/api/Companies") if entry["Name"] == new] == [company_id]
    assert {user["Company"] for user in mbs.get("/api/Users") if "@aalb." in user["Email"]} == {new}
    for date, name in ((JULY, old), ("2026-08-01T00:00:00Z", new)):
        rows = [row for row in mbs.billing(date)["StatisticBilling"] if "@aalb." in row["Email"]]
        assert {row["CompanyName"] for row in rows} == {name}
        assert mbs.billing(date, name)["StatisticBilling"] == rows
    assert mbs.billing(JULY, new)["StatisticBilling"] == []


def test_a_rename_may_be_dated(mbs: MbsClient, box: SandboxServer) -> None:
    """From its month on, rows carry the new name; two renames follow each other."""
    box.control.rename_company("AALB", "Second name", since="2026-06")
    box.control.rename_company("AALB", "Third name", since="2026-08")

    def name_in(month: int) -> str:
        rows = mbs.billing(f"2026-{month:02d}-01T00:00:00Z")["StatisticBilling"]
        return next(str(row["CompanyName"]) for row in rows if "@aalb." in row["Email"])

    assert [name_in(month) for month in (5, 6, 7, 8)] == [
        "Aalborg Tandlægehus ApS", "Second name", "Second name", "Third name",
    ]  # fmt: skip


def test_rows_can_be_edited(mbs: MbsClient, box: SandboxServer) -> None:
    """Costs and sizes change in one month or in all; a row can go."""
    box.control.edit_backup("backup1@desk.example", "2026-07", plan_cost="12.50", stored=1024)
    box.control.edit_backup("backup1@frac.example", gone=True)
    july = {row["Email"]: row for row in mbs.billing(JULY)["StatisticBilling"]}
    august = {row["Email"]: row for row in mbs.billing()["StatisticBilling"]}
    desk = july["backup1@desk.example"]

    assert (desk["PlanCost"], desk["TotalCost"]) == (Decimal("12.5"), Decimal("12.83"))
    assert august["backup1@desk.example"]["PlanCost"] == 0
    assert mbs.details(desk["UserId"], JULY)["UserDetailList"][0]["SizeBackup"] == 1024
    assert "backup1@frac.example" not in july.keys() | august.keys()


@pytest.mark.parametrize(
    "call",
    [
        {"email": "nobody@nowhere.example", "plan_cost": "1.00"},
        {"email": "backup1@desk.example", "colour": "red"},
        {"email": "backup1@desk.example", "month": "July", "gone": True},
        {"email": "backup1@desk.example", "plan_cost": "cheap"},
    ],
)
def test_wrong_edits_are_refused(box: SandboxServer, call: dict[str, object]) -> None:
    """Unknown users, fields, months and numbers."""
    with pytest.raises(ValueError, match=r"nobody|colour|July|cheap"):
        box.control.edit_backup(**call)  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "name"), [("NOBODY", "A name"), ("AALB", "  ")])
def test_wrong_renames_are_refused(box: SandboxServer, code: str, name: str) -> None:
    """Unknown companies and empty names."""
    with pytest.raises(ValueError, match="no MSP360 company"):
        box.control.rename_company(code, name)
