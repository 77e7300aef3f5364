"""The control plane on the simulated ConnectWise: lines, hand edits, invoices, audit, reset; and its faults."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import CANCELLED, EXPIRED, NO_CYCLE, NO_PRORATION, OPEN, CwClient
from tests.support.sandbox_clients import control_call

PSA = "connectwise"
ADDITIONS = f"/finance/agreements/{OPEN}/additions"
PATCH = "PATCH /finance/agreements/*/additions/*"


def test_lines_tell_all_there_is_to_know(box: SandboxServer) -> None:
    """The same names as for the other PSA, and what this PSA has besides; numbers and dates are text."""
    lines = box.control.lines(system=PSA)

    assert [line["line_id"] for line in lines] == ["7001", "7002", "7003", "7004", "7005", "7006", "7007", "7008"]
    assert lines[0] == {
        "line_id": "7001",
        "contract_id": "901",
        "account_id": "501",
        "account_code": "ALPHA",
        "account_name": "Alpha & Söhne GmbH",
        "service_id": "21",
        "service_name": "Storage",
        "units": "10",
        "unit_cost": "0.02",
        "unit_price": "0.05",
        "effective_date": "2026-01-01",
        "active": True,
        "product_identifier": "Storage",
        "company_identifier": "ALPHA",
        "included": "2",
        "invoice_text": "Backup storage",
        "last_day": None,
        "bill_customer": "Billable",
    }
    assert [(line["line_id"], line["last_day"]) for line in lines if not line["active"]] == [("7008", "2026-02-28")]


def test_every_fact_of_the_other_psa_is_told_too(box: SandboxServer) -> None:
    """One test can look at the lines of either."""
    assert box.control.lines()[0].keys() <= box.control.lines(system=PSA)[0].keys()


def test_a_person_edits_what_the_api_then_shows(box: SandboxServer, cw: CwClient) -> None:
    """The stamp moves, and the audit of the API stays free of it."""
    told = box.control.edit_line(
        7001,
        system=PSA,
        units="11.5",
        unit_cost="0.03",
        unit_price="0.07",
        included="1",
        invoice_text="Edited",
        effective_date="2026-02-01",
        last_day="2026-12-31",
    )

    shown = cw.addition(OPEN, 7001)
    assert (told["units"], told["last_day"], told["effective_date"]) == ("11.5", "2026-12-31", "2026-02-01")
    assert (shown["quantity"], shown["unitCost"], shown["unitPrice"], shown["lessIncluded"]) == (11.5, 0.03, 0.07, 1)
    assert (shown["invoiceDescription"], shown["cancelledDate"]) == ("Edited", "2026-12-31T00:00:00Z")
    assert (shown["_info"]["updatedBy"], shown["_info"]["lastUpdated"] > "2026-08-03") == ("AnnaClerk", True)
    assert box.control.audit(system=PSA) == []
    fields = {entry["field"] for entry in box.control.audit(by="hand", system=PSA)}
    assert fields == {
        "units", "unit_cost", "unit_price", "included", "invoice_text", "effective_date", "last_day",
    }  # fmt: skip


def test_a_person_may_break_the_rules_of_the_api(box: SandboxServer, cw: CwClient) -> None:
    """A hand edit is bound by nothing, so tests can make any trouble."""
    box.control.edit_line(7001, system=PSA, effective_date="2025-06-01")

    assert cw.addition(OPEN, 7001)["effectiveDate"] == "2025-06-01T00:00:00Z"
    assert cw.set(OPEN, 7001, quantity=11).status_code == 400


def test_a_person_closes_reopens_and_deletes(box: SandboxServer, cw: CwClient) -> None:
    """Closed means ended yesterday; deleted means gone, from lists too."""
    closed = box.control.edit_line(7001, system=PSA, active=False)
    opened = box.control.edit_line(7001, system=PSA, active=True)
    box.control.edit_line(7001, system=PSA, gone=True)

    assert (closed["last_day"], closed["active"]) == ("2026-08-02", False)
    assert (opened["last_day"], opened["active"]) == (None, True)
    assert cw.get(f"{ADDITIONS}/7001").status_code == 404
    assert 7001 not in [row["id"] for row in cw.additions(OPEN)]


@pytest.mark.parametrize(
    ("line_id", "changes", "told"),
    [
        (9999, {"units": "1"}, "there is no line 9999"),
        (7001, {"nonsense": "1"}, "cannot edit nonsense; there are: units, included,"),
        (7001, {"product": "Seat"}, "cannot edit product;"),
        (7001, {"units": "many"}, "units: "),
        (7001, {"last_day": "tomorrow"}, "last_day: 'tomorrow' is no date YYYY-MM-DD"),
        (7001, {"units": "1", "system": "atria"}, "no PSA 'atria'; there are: kaseya_bms, connectwise"),
    ],
)
def test_a_wrong_edit_says_what_is_allowed(
    box: SandboxServer, line_id: int, changes: dict[str, Any], told: str
) -> None:
    """The control plane refuses in words."""
    answer = control_call(box, "POST", "/edit-line", json={"system": PSA, "line_id": line_id, **changes})

    assert answer.status_code == 400
    assert told in answer.json()["error"]


def test_the_control_plane_offers_all_of_it_over_http(box: SandboxServer, cw: CwClient) -> None:
    """The system is a query parameter or a field of the body."""
    cw.set(OPEN, 7001, quantity=11)

    edited = control_call(box, "POST", "/edit-line", json={"system": PSA, "line_id": "7002", "units": "4"}).json()
    lines = control_call(box, "GET", "/lines?system=connectwise").json()
    audit = control_call(box, "GET", "/audit?by=all&system=connectwise").json()

    assert (edited["units"], len(lines)) == ("4", 8)
    assert [(entry["by"], entry["line_id"], entry["after"]) for entry in audit] == [
        ("api", "7001", "11"),
        ("hand", "7002", "4"),
    ]


def test_the_audit_tells_systems_apart(box: SandboxServer, cw: CwClient) -> None:
    """Each system's changes alone, or all; an unknown system is refused."""
    cw.set(OPEN, 7001, quantity=11)
    box.control.edit_line(90001, units="9")

    assert [entry["system"] for entry in box.control.audit(by="all")] == [PSA, "kaseya_bms"]
    assert [entry["line_id"] for entry in box.control.audit(by="all", system="kaseya_bms")] == ["90001"]
    with pytest.raises(ValueError, match="no system 'halopsa'"):
        box.control.audit(system="halopsa")


def test_a_reset_brings_everything_back(box: SandboxServer, cw: CwClient) -> None:
    """Additions, invoices, trail, keys and settings are those of the start."""
    cw.set(OPEN, 7001, quantity=11)
    cw.add(OPEN, product={"id": 22}, billCustomer="Billable")
    box.control.invoice("2026-07-01", "2026-07-31", system=PSA)
    box.control.change_settings(cw_codebase="v2027_1/")

    box.control.reset()

    assert [row["quantity"] for row in cw.additions(OPEN)] == [10, 3, 1, 5]
    assert cw.get("/finance/invoices").json() == []
    assert cw.get("/system/audittrail", type="AgreementAddition", id=7001).json() == []
    assert "nextInvoiceDate" not in cw.get(f"/finance/agreements/{OPEN}").json()


def test_invoices_bill_the_additions_as_they_are(box: SandboxServer, cw: CwClient) -> None:
    """What is billable in the period, at the moment of invoicing; later changes do not alter it."""
    cw.set(OPEN, 7001, quantity=22)
    cw.add(OPEN, product={"id": 22}, billCustomer="Billable", quantity=7, effectiveDate="2026-08-01T00:00:00Z")
    box.control.invoice("2026-07-01", "2026-07-31", system=PSA)
    cw.set(OPEN, 7001, quantity=99)

    (invoice,) = cw.get("/finance/invoices", conditions=f"applyToId={OPEN}").json()
    # 20 GB beyond the included 2 at 0.05, 3 seats at 5.25; not the ended, the later or the free addition.
    assert (invoice["total"], invoice["agreementAmount"]) == (16.75, 16.75)
    assert (invoice["type"], invoice["applyToType"], invoice["date"]) == (
        "Agreement",
        "Agreement",
        "2026-08-01T00:00:00Z",
    )
    assert (invoice["company"]["identifier"], invoice["agreement"]["id"]) == ("ALPHA", OPEN)


def test_invoicing_moves_the_next_invoice_date_of_agreements_in_force(box: SandboxServer, cw: CwClient) -> None:
    """Closed agreements, those without a cycle, and those already invoiced are left out."""
    june = box.control.invoice("2026-06-01", "2026-06-30", system=PSA)
    july = box.control.invoice("2026-07-01", "2026-07-31", system=PSA)

    assert [made["applyToId"] for made in june] == [901, 906]
    assert [made["applyToId"] for made in july] == [901, 902, 906]
    rows = {row["id"]: row.get("nextInvoiceDate") for row in cw.get("/finance/agreements").json()}
    assert rows == {
        OPEN: "2026-08-01", NO_PRORATION: "2026-08-01", CANCELLED: None, EXPIRED: None, NO_CYCLE: None,
        906: "2026-08-01",
    }  # fmt: skip
    (recap,) = cw.get("/finance/agreementrecap/", conditions=f"id={NO_PRORATION}").json()
    assert (recap["lastInvoiceDate"], recap["lastInvoiceAmount"]) == ("2026-08-01T00:00:00Z", "21.00")
    assert (recap["nextInvoiceDate"], recap["nextInvoiceAmount"]) == ("2026-08-01", 21)


def test_invoices_are_found_by_date_and_type(box: SandboxServer, cw: CwClient) -> None:
    """As a verifier looks for them."""
    box.control.invoice("2026-05-01", "2026-05-31", system=PSA)
    box.control.invoice("2026-06-01", "2026-06-30", system=PSA)

    asked = "date>=[2026-07-01T00:00:00Z] and type='Agreement'"
    found = cw.get("/finance/invoices", conditions=asked, fields="id,date,applyToId").json()

    assert [(row["date"], row["applyToId"]) for row in found] == [
        ("2026-07-01T00:00:00Z", 901),
        ("2026-07-01T00:00:00Z", 906),
    ]
    assert cw.get("/finance/invoices", conditions="invoiceDate>[2026-01-01]").json()["code"] == "ApiFindCondition"


def test_a_drift_hits_the_addressed_addition(box: SandboxServer, cw: CwClient) -> None:
    """Somebody edits just before the request is handled: the request then wins, and the log shows both."""
    box.control.add_fault("drift", system=PSA, endpoint=PATCH, delta=7)

    cw.set(OPEN, 7002, quantity=4)

    log = box.control.audit(by="all", system=PSA)
    assert [(entry["by"], entry["line_id"], entry["before"], entry["after"]) for entry in log] == [
        ("hand", "7002", "3", "10"),
        ("api", "7002", "10", "4"),
    ]


def test_a_drift_can_name_its_addition(box: SandboxServer, cw: CwClient) -> None:
    """Any read is enough then, a bundle too."""
    box.control.add_fault("drift", system=PSA, endpoint="POST /system/bundles", line_id="7001", delta=1)
    asked = {"sequenceNumber": 1, "resourceType": "addition", "apiRequest": {"parentId": OPEN}}

    assert cw.bundle(asked).json()["results"][0]["entities"][0]["quantity"] == 11


def test_a_list_can_drift_its_first_open_addition(box: SandboxServer, cw: CwClient) -> None:
    """Where the request names only the agreement."""
    box.control.add_fault("drift", system=PSA, endpoint="GET /finance/agreements/{parentId}/additions", delta=2)

    assert [row["quantity"] for row in cw.additions(OPEN)] == [12, 3, 1, 5]


def test_a_lie_shows_in_every_answer_that_holds_quantities(box: SandboxServer, cw: CwClient) -> None:
    """Single records, lists and bundles; the state stays what it is."""
    box.control.add_fault("readback_lie", system=PSA, count=0, delta=5)
    asked = {"sequenceNumber": 1, "resourceType": "addition", "apiRequest": {"parentId": OPEN}}

    lies = (
        cw.set(OPEN, 7001, quantity=20).json()["quantity"],
        cw.addition(OPEN, 7001)["quantity"],
        cw.additions(OPEN)[0]["quantity"],
        cw.bundle(asked).json()["results"][0]["entities"][0]["quantity"],
    )

    assert lies == (25, 25, 25, 25)
    assert box.control.lines(system=PSA)[0]["units"] == "20"


def test_pages_can_be_short_and_totals_wrong(box: SandboxServer, cw: CwClient) -> None:
    """In lists, counts and bundles."""
    box.control.add_fault("short_page", system=PSA, count=0, by=1)
    box.control.add_fault("wrong_total", system=PSA, count=0, by=5)
    asked = {"sequenceNumber": 1, "resourceType": "addition", "apiRequest": {"parentId": OPEN}}

    (result,) = cw.bundle(asked).json()["results"]
    assert len(cw.additions(OPEN)) == 3
    assert cw.get(f"{ADDITIONS}/count").json() == {"count": 9}
    assert cw.get("/company/companies/count").json() == {"count": 8}
    assert (len(result["entities"]), result["count"]) == (3, 9)


def test_a_failure_has_this_psa_s_body(box: SandboxServer, cw: CwClient) -> None:
    """HTTP errors of the infrastructure, and the failure under HTTP 200, each as this system would say it."""
    box.control.add_fault("status", system=PSA, status=500)
    box.control.add_fault("success_false", system=PSA, nth=2, code=77, message="No.")

    failed, odd = cw.get("/finance/agreements"), cw.get("/finance/agreements")

    assert (failed.status_code, failed.json()) == (
        500,
        {"code": "ConnectWiseApi", "message": "An error has occurred."},
    )
    assert (odd.status_code, odd.json()) == (200, {"code": "77", "message": "No."})


def test_an_answer_can_be_lost_after_the_write(box: SandboxServer, cw: CwClient) -> None:
    """The addition is there, and the caller does not know it."""
    box.control.add_fault("drop_after", system=PSA, endpoint="POST /finance/agreements/*/additions")

    with pytest.raises(requests.ConnectionError):
        cw.add(OPEN, product={"id": 22}, billCustomer="Billable", quantity=4)

    assert [(entry["line_id"], entry["after"]) for entry in box.control.audit(system=PSA)] == [("7009", "4")]


def test_keys_can_be_revoked(box: SandboxServer, cw: CwClient) -> None:
    """From then on nobody gets in, until a reset."""
    box.control.add_fault("revoke_token", system=PSA)

    statuses = [cw.get("/finance/agreements").status_code for _ in range(2)]
    box.control.reset()

    assert statuses == [401, 401]
    assert cw.get("/finance/agreements").status_code == 200


def test_writes_are_counted_as_writes(box: SandboxServer, cw: CwClient) -> None:
    """The request log tells writing from reading: a bundle reads."""
    cw.set(OPEN, 7001, quantity=11)
    cw.bundle({"sequenceNumber": 1, "resourceType": "addition", "apiRequest": {"parentId": OPEN}})
    cw.additions(OPEN)

    report = box.control.requests()
    assert (report["writing"], report["per_system"]) == (1, {PSA: 3})
    assert report["per_endpoint"] == {
        "PATCH /finance/agreements/{parentId}/additions/{id}": 1,
        "POST /system/bundles": 1,
        "GET /finance/agreements/{parentId}/additions": 1,
    }
