"""What writes do, what the audit log says of them, and what is invoiced."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient

LINES = "/v2/finance/contracts/5001/services"
ADD = "/v2/finance/contracts/recurringservices/5001/services"
RELATED = "/v2/admin/finance/services/201/relatedservices/search"


def _units(bms: BmsClient, line_id: int) -> float:
    rows = bms.get(LINES).json()["result"]
    return next(row["units"] for row in rows if row["id"] == line_id)


def _without_time(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in entry.items() if name != "at"} for entry in entries]


def test_a_written_line_reads_back_and_is_audited(box: SandboxServer, bms: BmsClient) -> None:
    """A write is answered with the line, seen by the next read, and logged with both numbers."""
    assert _units(bms, 90001) == 3.0

    answer = bms.put_line(5001, 90001, 8, "2026-07-26T00:00:00Z")

    assert answer.json()["result"]["units"] == 8.0
    assert answer.json()["result"]["effectiveDate"] == "2026-07-26T00:00:00"
    assert _units(bms, 90001) == 8.0
    assert _without_time(box.control.audit()) == [
        {
            "seq": 1,
            "by": "api",
            "system": "kaseya_bms",
            "call": "PUT /v2/finance/contracts/{contract_id}/services/{line_id}",
            "account_id": "1001",
            "contract_id": "5001",
            "line_id": "90001",
            "field": "units",
            "before": "3",
            "after": "8",
            "effective_date": "2026-07-26",
            "request_id": answer.headers["X-Request-Id"],
        }
    ]


def test_units_travel_as_whole_numbers_in_and_doubles_out(bms: BmsClient) -> None:
    """The body takes an int32; the answer prints a double, as the published types say."""
    assert '"units":8.0,' in bms.put_line(5001, 90001, 8).text


def test_a_line_s_version_changes_with_every_edit(box: SandboxServer, bms: BmsClient) -> None:
    """Whoever edits a line, by API or by hand, moves its modification time."""

    def version() -> str:
        return next(row["modifiedOn"] for row in bms.get(LINES).json()["result"] if row["id"] == 90001)

    versions = [version()]
    bms.put_line(5001, 90001, 8)
    versions.append(version())
    box.control.edit_line(90001, units="9")
    versions.append(version())

    assert len(set(versions)) == 3


def test_a_hand_edit_is_audited_apart(box: SandboxServer, bms: BmsClient) -> None:
    """The audit of the API stays free of what people did in the UI."""
    box.control.edit_line(90001, units="11", unit_price="6.50")

    assert _units(bms, 90001) == 11.0
    assert box.control.audit() == []
    by_hand = box.control.audit(by="hand")
    assert [(entry["field"], entry["before"], entry["after"]) for entry in by_hand] == [
        ("units", "3", "11"),
        ("unit_price", "6.3", "6.5"),
    ]


def test_adding_a_service_makes_a_line_of_its_own(box: SandboxServer, bms: BmsClient) -> None:
    """A new line is answered with its id, can be listed, and is audited with nothing before it."""
    line = {"ServiceId": 216, "Units": 4, "UnitCost": 1.1, "UnitPrice": 2.2, "EffectiveDate": "2026-07-26"}

    added = bms.call("POST", ADD, json=[line]).json()["result"]

    assert (added["units"], added["totalPrice"], added["serviceName"]) == (4.0, 8.8, "Mailbox Basic")
    assert _units(bms, added["id"]) == 4.0
    entry = box.control.audit()[0]
    assert (entry["line_id"], entry["before"], entry["after"]) == (str(added["id"]), None, "4")


@pytest.mark.parametrize(
    ("repost", "status", "units_of_service"),
    [("append", 200, [3.0, 7.0]), ("update", 200, [7.0]), ("refuse", 400, [3.0])],
)
def test_adding_a_held_service_again_does_what_is_set(
    box: SandboxServer, bms: BmsClient, repost: str, status: int, units_of_service: list[float]
) -> None:
    """What a real BMS does is unknown, so each of the three possibilities can be tried."""
    box.control.change_settings(bms_repost=repost)

    answer = bms.call("POST", ADD, json=[{"ServiceId": 201, "Units": 7, "EffectiveDate": "2026-07-26"}])

    assert answer.status_code == status
    assert [row["units"] for row in bms.get(LINES).json()["result"] if row["serviceId"] == 201] == units_of_service


def test_several_services_are_added_all_or_none(box: SandboxServer, bms: BmsClient) -> None:
    """One wrong service in the array and nothing is added."""
    good = {"ServiceId": 216, "Units": 1, "EffectiveDate": "2026-07-26"}

    answer = bms.call("POST", ADD, json=[good, {**good, "ServiceId": 99999}])

    assert answer.status_code == 400
    assert box.control.audit() == []


def test_a_deactivated_contract_takes_no_units_until_it_is_active_again(box: SandboxServer, bms: BmsClient) -> None:
    """Activating and deactivating are applied, shown and audited."""
    assert bms.call("PUT", "/v2/finance/contracts/5001/deactivate").json()["result"]["statusName"] == "Inactive"
    refused = bms.put_line(5001, 90001, 8)
    assert bms.call("PUT", "/v2/finance/contracts/5001/activate").json()["result"]["statusName"] == "Active"
    accepted = bms.put_line(5001, 90001, 8)

    assert (refused.status_code, accepted.status_code) == (400, 200)
    assert [entry["after"] for entry in box.control.audit()] == ["Inactive", "Active", "8"]


def test_related_services_show_lines_without_units() -> None:
    """The published API tells which contracts hold a service, but not how much."""
    with SandboxServer(bms_shape="published") as box:
        bms = BmsClient(box)
        bms.sign_in()
        row = bms.search(RELATED, Filter={"AccountName": "ærø"}).json()["result"][0]

    assert (row["id"], row["contractId"], row["accountId"], row["unitPrice"]) == (90001, 5001, 1001, 6.3)
    assert "units" not in row


def test_closed_lines_are_listed_as_closed_and_are_no_related_services(box: SandboxServer, bms: BmsClient) -> None:
    """The line API lists closed lines with a mark; the published search leaves them out."""
    closed = next(line for line in box.control.lines() if not line["active"])
    listed = bms.get(f"/v2/finance/contracts/{closed['contract_id']}/services").json()["result"]
    related = bms.search(
        f"/v2/admin/finance/services/{closed['service_id']}/relatedservices/search", PageSize=100
    ).json()["result"]

    assert [row["isActive"] for row in listed if row["id"] == int(closed["line_id"])] == [False]
    assert int(closed["line_id"]) not in {row["id"] for row in related}


def test_invoices_bill_the_lines_as_they_are(box: SandboxServer, bms: BmsClient) -> None:
    """An invoice holds what each open line above zero held when it was made, and can be read back three ways."""
    bms.put_line(5001, 90001, 8)
    bms.put_line(5001, 90002, 0)
    box.control.invoice("2026-06-26", "2026-07-25")
    bms.put_line(5001, 90001, 9)

    summary = bms.get("/v2/finance/invoices/summary", **{"Filter.AccountId": 1001}).json()["result"]
    whole = bms.get(f"/v2/finance/invoices/{summary[0]['id']}").json()["result"]
    details = bms.search(
        "/v2/finance/invoices/details", PageSize=100, Filter={"ListInvoiceIds": str(summary[0]["id"])}
    ).json()["result"]

    assert len(summary) == 1
    assert details == whole["lineItems"]
    quantities = {item["name"]: item["qty"] for item in details}
    assert quantities["MS365-BB"] == 8.0
    assert "MS365-BS" not in quantities
    assert whole["invoiceDate"] == "2026-07-26T00:00:00"
    assert {item["contractId"] for item in details} == {5001}


def test_only_contracts_in_force_are_invoiced(box: SandboxServer) -> None:
    """Inactive, expired, future and other contracts give no invoice items."""
    billed = {
        item["contractName"] for made in box.control.invoice("2026-07-01", "2026-07-31") for item in made["lineItems"]
    }

    assert {name for name in billed if name.startswith("Olden Construction")} == {"Olden Construction - Quarterly"}
    assert not {name for name in billed if "Old agreement" in name or "Time and Material" in name}


def test_invoices_are_found_by_date(box: SandboxServer, bms: BmsClient) -> None:
    """The details of one period are told apart from those of another by invoice date."""
    box.control.invoice("2026-05-26", "2026-06-25")
    second = box.control.invoice("2026-06-26", "2026-07-25")

    rows = bms.search(
        "/v2/finance/invoices/details",
        PageSize=100,
        Filter={"InvoiceDateFrom": "2026-07-01", "InvoiceDateTo": "2026-07-31"},
    ).json()["result"]

    assert {row["invoiceId"] for row in rows} <= {made["id"] for made in second}
    assert len(rows) == 100
