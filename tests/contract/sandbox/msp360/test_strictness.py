"""The simulated MSP360 refuses what the specification does not know, and is wrong only when told to be."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.msp360.choices import CHOICES
from billing_providers.sandbox.server import SandboxServer
from tests.support.backup_clients import MbsClient

JULY = "2026-07-10T00:00:00Z"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "request_", "status"),
    [
        ("PUT", "/api/Billing", {"json": {"companyName": "x"}}, 400),
        ("PUT", "/api/Billing", {"json": {"CompanyName": 7}}, 400),
        ("PUT", "/api/Billing", {"json": {"Date": 202607}}, 400),
        ("PUT", "/api/Billing", {"json": {"Date": "07/2026"}}, 400),
        ("PUT", "/api/Billing", {"json": {"Date": "2026-13-01T00:00:00Z"}}, 400),
        ("PUT", "/api/Billing", {"json": []}, 400),
        ("PUT", "/api/Billing", {"data": b'{"Date":null,"Date":null}', "headers": JSON}, 400),
        ("PUT", "/api/Billing", {"data": {"Date": JULY}}, 415),
        ("PUT", "/api/Billing", {"json": {}, "params": {"month": "7"}}, 400),
        ("PUT", "/api/Billing/Details", {"json": {"Date": JULY}}, 400),
        ("PUT", "/api/Billing/Details", {"json": {"UserID": None}}, 400),
        ("PUT", "/api/Billing/Details", {"json": {"UserID": "seven"}}, 400),
        ("PUT", "/api/Billing/Details", {"json": {"UserID": "00000000-0000-4000-8000-000000000000"}}, 404),
        ("GET", "/api/Users", {"params": {"skip": "0"}}, 400),
        ("GET", "/api/Users", {"json": {}}, 400),
        ("GET", "/api/Users/7", {}, 400),
        ("GET", "/api/Licenses", {"params": {"isAvailable": "perhaps"}}, 400),
        ("GET", "/api/Licenses", {"params": {"available": "true"}}, 400),
        ("GET", "/api/Computers/0/0", {}, 400),
        ("GET", "/api/Computers/0/1001", {}, 400),
        ("GET", "/api/Computers/-1/10", {}, 400),
        ("POST", "/api/Billing", {"json": {}}, 405),
        ("DELETE", "/api/Users", {}, 405),
    ],
)  # fmt: skip
def test_wrong_requests_are_refused(
    mbs: MbsClient, method: str, path: str, request_: dict[str, Any], status: int
) -> None:
    """With a message, and with the allowed methods where only the method is wrong."""
    answer = mbs.call(method, path, **request_)

    assert answer.status_code == status, answer.text
    assert answer.json()["Message"]
    assert ("Allow" in answer.headers) == (status == 405)


def test_nothing_counts_as_a_write(mbs: MbsClient, box: SandboxServer) -> None:
    """PUT is how MSP360 asks questions: the log calls none of it a write."""
    mbs.billing(JULY)

    told = box.control.requests()
    assert told["writing"] == 0
    assert told["per_endpoint"]["PUT /api/Billing"] == 1


def test_it_can_be_empty(mbs: MbsClient, box: SandboxServer) -> None:
    """No rows for any month, while companies and users are there."""
    box.control.change_settings(msp360_empty=True)

    assert mbs.billing(JULY)["StatisticBilling"] == []
    assert mbs.billing(JULY)["CurrentSpaceUsed"] == 0
    assert len(mbs.get("/api/Companies")) == 50


def test_it_can_be_short(mbs: MbsClient, box: SandboxServer) -> None:
    """The last row is missing, and the totals tell on it."""
    whole = mbs.billing(JULY)
    box.control.change_settings(msp360_short=True)

    told = mbs.billing(JULY)

    assert told["StatisticBilling"] == whole["StatisticBilling"][:-1]
    assert told["AverageSpaceUsed"] == whole["AverageSpaceUsed"]
    assert sum(row["AverageSpace"] for row in told["StatisticBilling"]) < told["AverageSpaceUsed"]


def test_a_row_can_be_malformed(mbs: MbsClient, box: SandboxServer) -> None:
    """One more row, whose size is no number; totals are over the others."""
    whole = mbs.billing(JULY)
    box.control.change_settings(msp360_malformed_row=True)

    told = mbs.billing(JULY)

    assert told["StatisticBilling"][:-1] == whole["StatisticBilling"]
    assert told["StatisticBilling"][-1]["AverageSpace"] == "twelve"
    assert told["StatisticBilling"][-1]["UserId"] not in {row["UserId"] for row in whole["StatisticBilling"]}
    assert told["AverageSpaceUsed"] == whole["AverageSpaceUsed"]


def test_two_companies_can_have_one_name(mbs: MbsClient, box: SandboxServer) -> None:
    """The second one has its own id and its own user, and only the name is the same."""
    box.control.change_settings(msp360_two_companies_one_name=True)
    name = "Aalborg Tandlægehus ApS"

    companies = [entry for entry in mbs.get("/api/Companies") if entry["Name"] == name]
    rows = mbs.billing(JULY, name)["StatisticBilling"]

    assert len({entry["Id"] for entry in companies}) == 2
    assert "backup1@namesake.example" in {row["Email"] for row in rows}
    assert len(rows) > 1
    user_id = next(row["UserId"] for row in rows if row["Email"] == "backup1@namesake.example")
    assert mbs.details(user_id, JULY)["TotalBackupBytes"] == 33 * 2**30
    assert mbs.get(f"/api/Users/{user_id}")["Company"] == name


def test_a_reset_ends_all_troubles(mbs: MbsClient, box: SandboxServer) -> None:
    """Settings, renames and edits are gone."""
    whole = mbs.billing(JULY)
    box.control.change_settings(msp360_short=True, msp360_two_companies_one_name=True)
    box.control.rename_company("AALB", "Other", since="2026-01")
    box.control.edit_backup("backup1@desk.example", gone=True)
    assert mbs.billing(JULY) != whole

    box.control.reset()
    box.control.move_clock("2026-08-15T12:00:00Z")
    mbs.sign_in()

    assert mbs.billing(JULY) == whole


@pytest.mark.parametrize("kind", ["wrong_total", "short_page", "readback_lie"])
def test_faults_make_totals_and_rows_disagree(mbs: MbsClient, box: SandboxServer, kind: str) -> None:
    """Whatever is changed, the sum of the rows is no longer the stated total."""
    box.control.add_fault(kind, system="msp360", endpoint="PUT /api/Billing", count=0)

    told = mbs.billing(JULY)

    assert told["AverageSpaceUsed"] != sum(row["AverageSpace"] for row in told["StatisticBilling"])


def test_lists_can_be_short_too(mbs: MbsClient, box: SandboxServer) -> None:
    """A list without a total loses its last row and does not tell."""
    box.control.add_fault("short_page", system="msp360", endpoint="GET /api/Companies")

    assert len(mbs.get("/api/Companies")) == 49
    assert len(mbs.get("/api/Companies")) == 50


@pytest.mark.parametrize(("status", "retry_after_s"), [(429, 3), (503, -1), (500, -1)])
def test_errors_of_the_infrastructure_carry_a_message(
    mbs: MbsClient, box: SandboxServer, status: int, retry_after_s: int
) -> None:
    """The same body as every other refusal; the wait is told where it was asked for."""
    box.control.add_fault("status", system="msp360", status=status, retry_after_s=retry_after_s)

    answer = mbs.call("GET", "/api/Users")

    assert (answer.status_code, answer.json()) == (status, {"Message": "An error has occurred."})
    assert answer.headers.get("Retry-After") == ("3" if retry_after_s == 3 else None)


def test_every_choice_is_marked_as_seen_or_assumed() -> None:
    """No answer is invented silently."""
    assert [row for row in CHOICES if not row[2].startswith(("seen", "assumed"))] == []
