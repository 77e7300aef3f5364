"""Companies, users, their computers, licences, packages, and the one paged list."""

from __future__ import annotations

from collections import Counter

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.backup_clients import MbsClient

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_companies_carry_ids_that_no_seed_changes(mbs: MbsClient, box: SandboxServer) -> None:
    """A mapping table on the company id holds for every simulated MSP."""
    told = mbs.get("/api/Companies")
    box.control.reset(seed=5)
    mbs.sign_in()

    assert len(told) == 50
    assert told[0].keys() == {"Id", "Name", "StorageLimit", "LicenseSettings", "Destinations"}
    assert {entry["StorageLimit"] for entry in told} == {-1, 5_000 * 2**30}
    assert [entry["Id"] for entry in mbs.get("/api/Companies")] == [entry["Id"] for entry in told]
    assert mbs.get(f"/api/Companies/{told[3]['Id']}")["Name"] == told[3]["Name"]


def test_users_name_their_company_by_text(mbs: MbsClient) -> None:
    """Each user's company is a name in the list of companies, but for the one without; deleted ones are gone."""
    users = mbs.get("/api/Users")
    names = {entry["Name"] for entry in mbs.get("/api/Companies")}
    billed = {row["Email"] for row in mbs.billing()["StatisticBilling"]}

    assert {user["Company"] for user in users} - names == {""}
    assert [user["Email"] for user in users if not user["Company"]] == ["direct@harbourmsp.example"]
    assert billed - {user["Email"] for user in users} == {"backup2@gone.example"}
    assert {user["Email"] for user in users} - billed == {"backup1@oddm.example", "backup2@oddm.example"} & {
        user["Email"] for user in users
    }
    assert users[0].keys() == {
        "ID", "Email", "FirstName", "LastName", "NotificationEmails", "Company", "Enabled", "LicenseManagmentMode",
        "DestinationList", "SpaceUsed",
    }  # fmt: skip


def test_space_used_is_that_of_the_current_month(mbs: MbsClient) -> None:
    """A user's space is the sum over its destinations and over its machines."""
    user = next(user for user in mbs.get("/api/Users") if user["Email"] == "backup1@desk.example")

    assert user["SpaceUsed"] == 8 * 2**30
    assert [place["CurrentVolume"] for place in user["DestinationList"]] == [4 * 2**30, 4 * 2**30]
    assert mbs.get(f"/api/Users/{user['ID']}") == user


def test_computers_of_a_user_come_once_for_each_destination(mbs: MbsClient) -> None:
    """One computer that goes to two places has two rows."""
    user = next(user for user in mbs.get("/api/Users") if user["Email"] == "backup1@desk.example")

    computers = mbs.get(f"/api/Users/{user['ID']}/Computers")

    assert [entry["ComputerName"] for entry in computers] == ["DESK-PC11", "DESK-PC11"]
    assert len({entry["DestinationId"] for entry in computers}) == 2


def test_licences_say_who_took_them(mbs: MbsClient) -> None:
    """Taken and free ones, trials among both; a filter tells them apart."""
    licences = mbs.get("/api/Licenses")
    free, taken = mbs.get("/api/Licenses", isAvailable="true"), mbs.get("/api/Licenses", isAvailable="false")

    assert len(free) == 4
    assert {entry["IsTaken"] for entry in taken} == {True}
    assert sorted(entry["ID"] for entry in free + taken) == sorted(entry["ID"] for entry in licences)
    assert {entry["UserID"] for entry in free} == {""}
    assert {entry["IsTrial"] for entry in taken} == {entry["IsTrial"] for entry in free} == {True, False}
    assert {entry["LicenseType"] for entry in licences} == {
        "Server", "Desktop", "SQL Server", "Virtual Machine", "Exchange",
    }  # fmt: skip
    assert taken[0].keys() == {
        "ID", "Number", "ComputerName", "OperatingSystem", "IsTrial", "IsTaken", "LicenseType", "DateExpired",
        "Transaction", "User", "UserID",
    }  # fmt: skip


def test_licences_of_a_company_are_what_the_world_counts(mbs: MbsClient, world: World) -> None:
    """Taken, no trial, by type: the quantity that a right run bills."""
    users = {user["ID"] for user in mbs.get("/api/Users") if "@clss." in user["Email"]}
    counts = Counter(
        entry["LicenseType"]
        for entry in mbs.get("/api/Licenses")
        if entry["UserID"] in users and entry["IsTaken"] and not entry["IsTrial"]
    )

    assert {kind: world.resale.book.amount("CLSS", f"license.{kind}", None).quantity for kind in counts} == counts  # type: ignore[union-attr]
    assert counts["SQL Server"] == counts["Virtual Machine"] == 1


def test_packages_have_a_cost(mbs: MbsClient) -> None:
    """Three packages, the first of them free."""
    assert [(entry["ID"], float(entry["Cost"])) for entry in mbs.get("/api/Packages")] == [(1, 0), (2, 15), (3, 49.9)]


def test_the_paged_list_of_computers_holds_every_machine_once(mbs: MbsClient) -> None:
    """Offsets walk through all; the count is of all, whatever the page."""
    first = mbs.get("/api/Computers/0/100")
    found = list(first["Computers"])
    while len(found) < first["Count"]:
        page = mbs.get(f"/api/Computers/{len(found)}/100")
        assert page["Count"] == first["Count"]
        found += page["Computers"]

    assert first.keys() == {"Count", "Message", "StatusCode", "Computers"}
    assert len(first["Computers"]) == 100
    assert len({entry["ComputerHID"] for entry in found}) == len(found) == first["Count"] > 300
    assert mbs.get(f"/api/Computers/{first['Count']}/10")["Computers"] == []


@pytest.mark.parametrize(
    "path",
    [
        f"/api/Companies/{UNKNOWN}",
        f"/api/Users/{UNKNOWN}",
        f"/api/Users/{UNKNOWN}/Computers",
        "/api/Nothing",
        "/api/Monitoring",
        "/api/Destinations/backup1@desk.example",
        "/Billing",
    ],
)
def test_what_is_not_there_is_not_found(mbs: MbsClient, path: str) -> None:
    """Unknown ids, and paths that are not simulated."""
    answer = mbs.call("GET", path)

    assert answer.status_code == 404
    assert answer.json().keys() == {"Message"}


def test_a_deleted_user_is_found_in_no_list_but_has_details(mbs: MbsClient) -> None:
    """Its rows remain, and so do the sizes behind them."""
    row = next(row for row in mbs.billing()["StatisticBilling"] if row["Email"] == "backup2@gone.example")

    assert mbs.call("GET", f"/api/Users/{row['UserId']}").status_code == 404
    assert mbs.details(row["UserId"], "2026-08-01")["TotalBackupBytes"] > 0
