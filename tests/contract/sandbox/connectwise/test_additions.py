"""Writing additions: patches, new ones, whole ones, deleting; and what the logs tell of it."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import LATE_START, NO_PRORATION, OPEN, CwClient

ADDITIONS = f"/finance/agreements/{OPEN}/additions"
NEW = {"product": {"id": 22}, "billCustomer": "Billable", "quantity": 4, "effectiveDate": "2026-08-01T00:00:00Z"}


def _op(op: str, path: str, **value: Any) -> dict[str, Any]:
    return {"op": op, "path": path, **value}


def test_a_patch_answers_the_whole_record_as_it_now_is(cw: CwClient) -> None:
    """What is derived is derived anew, and the stamp of the last change moves."""
    answer = cw.patch(OPEN, 7001, _op("replace", "quantity", value=110))

    after = answer.json()
    assert answer.status_code == 200
    assert (after["quantity"], after["lessIncluded"], after["billedQuantity"]) == (110, 2, 108)
    assert (after["extPrice"], after["extCost"], after["margin"]) == (5.4, 2.16, 3.24)
    assert after["_info"]["updatedBy"] == "BillingRobot"
    assert after["_info"]["lastUpdated"].startswith("2026-08-03T09:30:")
    assert cw.addition(OPEN, 7001) == after


@pytest.mark.parametrize("path", ["quantity", "/quantity"])
@pytest.mark.parametrize("op", ["replace", "add"])
@pytest.mark.parametrize(("value", "quantity"), [(7, 7), (7.25, 7.25), ("7.25", 7.25), ("0", 0), (0, 0)])
def test_both_forms_of_path_and_number_are_taken(cw: CwClient, op: str, path: str, value: Any, quantity: float) -> None:
    """With and without a slash, as number and as text: all are in use."""
    assert cw.patch(OPEN, 7001, _op(op, path, value=value)).json()["quantity"] == quantity


def test_one_patch_changes_several_fields(box: SandboxServer, cw: CwClient) -> None:
    """All in one request, with one entry in the log for each field that changed, and one request id."""
    answer = cw.set(
        OPEN,
        7001,
        quantity=12.5,
        unitCost=0.0213,
        unitPrice=0.06,
        invoiceDescription="July: 12.5 GB",
        lessIncluded=5,
        effectiveDate="2026-02-01T00:00:00Z",
        cancelledDate="2026-12-31T00:00:00Z",
        billCustomer="Billable",
    )

    log = box.control.audit(system="connectwise")
    assert [(entry["field"], entry["before"], entry["after"]) for entry in log] == [
        ("units", "10", "12.5"),
        ("included", "2", "5"),
        ("unit_cost", "0.02", "0.0213"),
        ("unit_price", "0.05", "0.06"),
        ("effective_date", "2026-01-01", "2026-02-01"),
        ("last_day", None, "2026-12-31"),
        ("invoice_text", "Backup storage", "July: 12.5 GB"),
    ]
    assert {entry["request_id"] for entry in log} == {answer.headers["X-Request-Id"]}


def test_the_log_tells_where_and_what(box: SandboxServer, cw: CwClient) -> None:
    """The audit holds line, agreement, company, values as text, and the request."""
    answer = cw.set(OPEN, 7001, quantity=11)

    (entry,) = box.control.audit()
    assert {name: value for name, value in entry.items() if name not in {"seq", "at"}} == {
        "by": "api",
        "system": "connectwise",
        "call": "PATCH /finance/agreements/{parentId}/additions/{id}",
        "account_id": "501",
        "contract_id": "901",
        "line_id": "7001",
        "field": "units",
        "before": "10",
        "after": "11",
        "effective_date": "2026-01-01",
        "request_id": answer.headers["X-Request-Id"],
    }


def test_a_patch_that_changes_nothing_logs_nothing(box: SandboxServer, cw: CwClient) -> None:
    """The stamp moves, as somebody wrote, but nothing was changed."""
    before = cw.addition(OPEN, 7001)

    after = cw.set(OPEN, 7001, quantity=10).json()

    assert box.control.audit() == []
    assert {**after, "_info": 0} == {**before, "_info": 0}
    assert after["_info"]["lastUpdated"] > before["_info"]["lastUpdated"]


def test_every_change_has_a_stamp_of_its_own(cw: CwClient) -> None:
    """Two changes within a second can be told apart."""
    stamps = [cw.set(OPEN, 7001, quantity=number).json()["_info"]["lastUpdated"] for number in (11, 12, 13)]

    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize(
    "operation", [{"op": "remove", "path": "cancelledDate"}, {"op": "replace", "path": "/cancelledDate", "value": None}]
)
def test_an_end_is_taken_away_by_removing_or_by_null(
    box: SandboxServer, cw: CwClient, operation: dict[str, Any]
) -> None:
    """The addition is open-ended again, and shows no end."""
    after = cw.patch(OPEN, 7002, operation).json()

    assert "cancelledDate" not in after
    assert [(entry["before"], entry["after"]) for entry in box.control.audit()] == [("2026-12-31", None)]


@pytest.mark.parametrize(
    "operation",
    [
        _op("replace", "Quantity", value=1),
        _op("replace", "units", value=1),
        _op("replace", "//quantity", value=1),
        _op("replace", "product/id", value=22),
        _op("replace", "billedQuantity", value=1),
        _op("replace", "extPrice", value=1),
        _op("replace", "agreementStatus", value="Active"),
        _op("replace", "id", value=1),
        _op("replace", "_info", value={}),
        _op("replace", "customFields", value=[]),
        _op("replace", "quantity", value="many"),
        _op("replace", "quantity", value="1,5"),
        _op("replace", "quantity", value=True),
        _op("replace", "quantity", value=None),
        _op("remove", "quantity"),
        _op("replace", "quantity", value=[1]),
        _op("replace", "quantity", value=-1),
        _op("replace", "lessIncluded", value=-1),
        _op("replace", "taxableFlag", value="true"),
        _op("replace", "billCustomer", value="Sometimes"),
        _op("replace", "billCustomer", value="NoDefault"),
        _op("replace", "effectiveDate", value="2026-08-01"),
        _op("replace", "effectiveDate", value="2026-08-01T00:00:00"),
        _op("replace", "effectiveDate", value="2026-08-01T00:00:00+01:00"),
        _op("replace", "effectiveDate", value="2026-08-01T23:00:00Z"),
        _op("replace", "effectiveDate", value="2026-02-30T00:00:00Z"),
        _op("remove", "effectiveDate"),
        _op("replace", "cancelledDate", value="2025-12-31T00:00:00Z"),
        _op("replace", "invoiceDescription", value=5),
        _op("replace", "invoiceDescription", value="x" * 6001),
        _op("replace", "serialNumber", value="x" * 51),
        _op("replace", "product", value=22),
        _op("replace", "product", value={"id": 99}),
        _op("Replace", "quantity", value=1),
        _op("test", "quantity", value=1),
        {"op": "replace", "path": "quantity"},
        {"path": "quantity", "value": 1},
        {"op": "replace", "path": "", "value": 1},
        {"op": "replace", "path": 5, "value": 1},
        {"op": "replace", "path": "quantity", "value": 1, "from": "x"},
        "quantity",
    ],
    ids=str,
)
def test_a_wrong_operation_is_refused_and_takes_the_others_with_it(
    box: SandboxServer, cw: CwClient, operation: Any
) -> None:
    """All or none: the good operation beside it is not applied."""
    answer = cw.patch(OPEN, 7001, _op("replace", "unitPrice", value=9), operation)

    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]
    assert box.control.audit() == []
    assert cw.addition(OPEN, 7001)["unitPrice"] == 0.05


@pytest.mark.parametrize("body", ["{}", '{"op":"replace","path":"quantity","value":1}', "[]", "", "[{", "NaN"])
def test_a_patch_is_an_array(cw: CwClient, body: str) -> None:
    """Even for one change; anything else is refused."""
    path, headers = f"{ADDITIONS}/7001", {"Content-Type": "application/json"}

    assert cw.call("PATCH", path, data=body, headers=headers).status_code == 400


def test_a_body_must_be_json(cw: CwClient) -> None:
    """Another content type is refused for what it is."""
    answer = cw.call("PATCH", f"{ADDITIONS}/7001", data="quantity=1", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415


def test_every_fault_of_a_request_is_named(cw: CwClient) -> None:
    """One answer tells all that is wrong, field by field."""
    answer = cw.patch(OPEN, 7001, _op("replace", "margin", value=1), _op("replace", "taxableFlag", value=1)).json()

    assert (answer["code"], answer["message"]) == ("InvalidObject", "Addition object is invalid")
    assert [(fault["field"], fault["message"]) for fault in answer["errors"]] == [
        ("margin", "The margin field cannot be written."),
        ("taxableFlag", "The taxableFlag field is not valid: 1 is neither true nor false."),
    ]


def test_a_new_addition_is_answered_with_its_id(box: SandboxServer, cw: CwClient) -> None:
    """What is not sent comes from the product; the log has nothing before."""
    answer = cw.add(OPEN, **NEW)

    added = answer.json()
    assert answer.status_code == 201
    assert (added["id"], added["agreementId"], added["quantity"]) == (7009, OPEN, 4)
    assert (added["unitPrice"], added["unitCost"], added["description"], added["uom"]) == (5.25, 3.5, "A seat", "Each")
    assert (added["lessIncluded"], added["extPrice"], added["effectiveDate"]) == (0, 21, "2026-08-01T00:00:00Z")
    assert "cancelledDate" not in added
    assert cw.addition(OPEN, 7009) == added
    (entry,) = box.control.audit()
    assert (entry["line_id"], entry["field"], entry["before"], entry["after"]) == ("7009", "units", None, "4")
    assert entry["effective_date"] == "2026-08-01"


def test_a_new_addition_may_choose_more(box: SandboxServer, cw: CwClient) -> None:
    """Product by its identifier, price, cost, text, end; the log has an entry for each choice."""
    added = cw.add(
        OPEN,
        product={"identifier": "Storage"},
        billCustomer="Billable",
        quantity="2.5",
        unitCost=0.03,
        unitPrice=0.07,
        lessIncluded=1,
        invoiceDescription="New",
        effectiveDate="2026-08-01T00:00:00Z",
        cancelledDate="2026-08-31T00:00:00Z",
        serialNumber=None,
    ).json()

    assert (added["product"]["id"], added["quantity"], added["billedQuantity"]) == (21, 2.5, 1.5)
    assert added["cancelledDate"] == "2026-08-31T00:00:00Z"
    assert [(entry["field"], entry["after"]) for entry in box.control.audit()] == [
        ("units", "2.5"),
        ("included", "1"),
        ("unit_cost", "0.03"),
        ("unit_price", "0.07"),
        ("last_day", "2026-08-31"),
        ("invoice_text", "New"),
    ]


def test_a_start_that_is_not_sent_is_today(cw: CwClient) -> None:
    """By the sandbox's clock."""
    added = cw.add(OPEN, product={"id": 22}, billCustomer="Billable").json()

    assert (added["effectiveDate"], added["quantity"]) == ("2026-08-03T00:00:00Z", 1)


def test_a_second_open_addition_of_a_product_is_taken(cw: CwClient) -> None:
    """Nothing in the PSA stops it: who repeats a request bills twice."""
    ids = {cw.add(OPEN, **NEW).json()["id"] for _ in range(2)}

    assert ids == {7009, 7010}
    open_seats = cw.additions(OPEN, conditions="product/id=22 and cancelledDate=null and billCustomer='Billable'")
    assert {row["id"] for row in open_seats} == ids


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"product": None}, "product"),
        ({"billCustomer": None}, "billCustomer"),
        ({"product": {"id": 99}}, "product"),
        ({"product": {"identifier": "seat"}}, "product"),
        ({"product": {}}, "product"),
        ({"product": 22}, "product"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": "x"}, "quantity"),
        ({"effectiveDate": "2026-08-01"}, "effectiveDate"),
        ({"invoiceDescription": "x" * 6001}, "invoiceDescription"),
        ({"units": 3}, "units"),
        ({"Quantity": 3}, "Quantity"),
        ({"extPrice": 3}, "extPrice"),
        ({"id": 7009}, "id"),
        ({"opportunity": {"id": 1}}, "opportunity"),
    ],
)
def test_a_wrong_new_addition_is_refused(box: SandboxServer, cw: CwClient, change: dict[str, Any], field: str) -> None:
    """What is missing, of another type, derived or unknown; nothing is added."""
    answer = cw.add(OPEN, **{**NEW, **change})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert box.control.audit() == []
    assert len(cw.additions(OPEN)) == 4


def test_a_body_that_is_no_object_is_refused(cw: CwClient) -> None:
    """An array of additions is no addition."""
    assert cw.call("POST", ADDITIONS, json=[NEW]).status_code == 400


def test_putting_resets_what_is_not_sent(cw: CwClient) -> None:
    """A put is the whole record: text, included units and end are gone, and price and cost are the product's."""
    cw.set(OPEN, 7001, unitPrice=9, cancelledDate="2026-12-31T00:00:00Z")

    body = {"product": {"id": 21}, "billCustomer": "Billable", "quantity": 8, "effectiveDate": "2026-02-01T00:00:00Z"}
    after = cw.call("PUT", f"{ADDITIONS}/7001", json=body).json()

    assert (after["id"], after["quantity"], after["unitPrice"], after["lessIncluded"]) == (7001, 8, 0.05, 0)
    assert (after["invoiceDescription"], "cancelledDate" in after) == ("", False)
    assert after["_info"]["dateEntered"] == "2020-11-02T08:00:00Z"


def test_a_record_that_was_read_can_be_put_back(box: SandboxServer, cw: CwClient) -> None:
    """Derived fields are ignored then, and only what was changed is changed."""
    record = {**cw.addition(OPEN, 7001), "quantity": 11}

    answer = cw.call("PUT", f"{ADDITIONS}/7001", json=record)

    assert answer.status_code == 200, answer.text
    assert [(entry["field"], entry["after"]) for entry in box.control.audit()] == [("units", "11")]


@pytest.mark.parametrize("change", [{"id": 7002}, {"agreementId": 902}, {"product": None}, {"nonsense": 1}])
def test_a_put_cannot_move_an_addition(box: SandboxServer, cw: CwClient, change: dict[str, Any]) -> None:
    """Id and agreement stay, and what a new one needs is needed here too."""
    answer = cw.call("PUT", f"{ADDITIONS}/7001", json={**cw.addition(OPEN, 7001), **change})

    assert answer.status_code == 400
    assert box.control.audit() == []


def test_another_product_brings_its_description(cw: CwClient) -> None:
    """The description follows the product; cost and price stay."""
    after = cw.set(OPEN, 7001, product={"id": 22}).json()

    assert (after["product"]["identifier"], after["description"], after["unitPrice"]) == ("Seat", "A seat", 0.05)


def test_deleting_is_possible_and_final(box: SandboxServer, cw: CwClient) -> None:
    """The addition is gone by id and from the list; its id is not given again."""
    answer = cw.call("DELETE", f"{ADDITIONS}/7008")

    assert (answer.status_code, answer.content) == (204, b"")
    assert cw.get(f"{ADDITIONS}/7008").status_code == 404
    assert [row["id"] for row in cw.additions(OPEN)] == [7001, 7002, 7007]
    assert cw.set(OPEN, 7008, quantity=1).status_code == 404
    assert cw.add(OPEN, **NEW).json()["id"] == 7009
    assert [(entry["line_id"], entry["before"], entry["after"]) for entry in box.control.audit()] == [
        ("7008", "5", None),
        ("7009", None, "4"),
    ]


def test_the_trail_tells_who_changed_what(box: SandboxServer, cw: CwClient) -> None:
    """Newest first, changes through the API and by hand alike; other records have none."""
    cw.set(OPEN, 7001, quantity=11)
    box.control.edit_line(7001, system="connectwise", units="12")

    def trail(**query: Any) -> list[dict[str, str]]:
        return cw.get("/system/audittrail", **query).json()

    rows = trail(type="AgreementAddition", id=7001)
    assert [(row["enteredBy"], row["auditSource"], row["text"]) for row in rows] == [
        ("AnnaClerk", "PSA", "units: 11 -> 12"),
        ("BillingRobot", "API", "units: 10 -> 11"),
    ]
    assert rows[0]["auditType"] == "AgreementAddition"
    assert rows[0]["enteredDate"].startswith("2026-08-03T09:30:")
    assert trail(type="AgreementAddition", id=7002) == []
    assert trail(type="Agreement", id=901) == []
    assert trail(type="AgreementAddition", id=7001, conditions="auditSource='API'") == rows[1:]


@pytest.mark.parametrize("query", [{}, {"id": 7001}, {"type": "AgreementAddition"}, {"type": "Addition", "id": 7001}])
def test_the_trail_wants_type_and_id(cw: CwClient, query: dict[str, Any]) -> None:
    """Without them, or with an unknown type, it is refused."""
    assert cw.get("/system/audittrail", **query).status_code == 400


def test_only_the_addressed_addition_changes(cw: CwClient) -> None:
    """Additions of the same agreement, and of others, stay as they were."""
    before = {number: cw.additions(number) for number in (OPEN, NO_PRORATION, LATE_START)}

    cw.set(OPEN, 7001, quantity=11)

    after = {number: cw.additions(number) for number in (OPEN, NO_PRORATION, LATE_START)}
    assert after[OPEN][1:] == before[OPEN][1:]
    assert {**after, OPEN: 0} == {**before, OPEN: 0}
