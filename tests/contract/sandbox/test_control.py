"""The control plane: the same over HTTP as in Python, and strict about what it is asked."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from billing_providers.sandbox.control.routes import OPERATIONS
from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient, atria_get, control_call

SITE_UID = "18aa388f-2402-587c-a58f-90bcfff85565"  # of Devexe Engineering in Datto RMM
SEATS = "d1b49ea9-ab6d-5e09-b60e-4c0e857b88f3"  # of Renmark Toys in Sherweb

CALLS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/reset"): {"json": {"seed": 3, "shape": "published"}},
    ("GET", "/settings"): {},
    ("POST", "/settings"): {"json": {"latency_ms": 1}},
    ("GET", "/audit"): {"params": {"by": "all"}},
    ("GET", "/requests"): {},
    ("DELETE", "/requests"): {},
    ("POST", "/faults"): {"json": {"kind": "status", "endpoint": "PUT *", "status": 500}},
    ("GET", "/faults"): {},
    ("DELETE", "/faults"): {},
    ("GET", "/lines"): {},
    ("POST", "/edit-line"): {"json": {"line_id": "90001", "units": "12"}},
    ("POST", "/edit-usage"): {"json": {"customer_code": "AERO", "sku": "AV-EP", "quantity": "7"}},
    ("GET", "/usage"): {"params": {"period_end": "2026-07-25"}},
    ("POST", "/invoice"): {"json": {"start": "2026-06-26", "last_day": "2026-07-25"}},
    ("GET", "/world"): {"params": {"period_end": "2026-07-25"}},
    ("POST", "/clock"): {"json": {"now": "2026-07-26T03:00:00Z"}},
    ("POST", "/rename-company"): {"json": {"customer_code": "AALB", "name": "Aalborg Smiles ApS", "since": "2026-07"}},
    ("POST", "/edit-backup"): {"json": {"email": "backup1@aalb.example", "month": "2026-07", "plan_cost": "9.00"}},
    ("POST", "/post-periods"): {"json": {"until": "2026-07-31", "contract_id": "all"}},
    ("GET", "/billing-of-autotask"): {"params": {"start": "2026-07-01", "last_day": "2026-07-31"}},
    ("GET", "/ignored-by-autotask"): {},
    ("POST", "/enrol-devices"): {"json": {"site_uid": SITE_UID, "category": "Laptop", "number": 2}},
    ("POST", "/edit-device"): {"json": {"hostname": "DEVX38-LT002", "suspended": False}},
    ("GET", "/sherweb"): {"params": {"day": "2026-07-10"}},
    ("POST", "/change-seats"): {"json": {"subscription_id": SEATS, "change": 3, "day": "2026-07-14"}},
    ("POST", "/rename-sherweb-customer"): {
        "json": {"customer_code": "CLOV", "name": "Clover Cars", "since": "2026-07-01"}
    },
    ("POST", "/edit-charges"): {"json": {"customer_code": "CLOV", "day": "2026-07-01", "quantity": "7"}},
    ("POST", "/sherweb-troubles"): {"json": {"names": ["no_customer_tag", "repeated"]}},
    ("POST", "/edit-site"): {"json": {"site_uid": SITE_UID, "name": "Devexe Precision", "company_id": 0}},
}


def test_every_operation_of_the_plane_has_a_call_here() -> None:
    """A new operation comes with a call."""
    assert CALLS.keys() == OPERATIONS.keys()


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_operations_work_over_http(box: SandboxServer, method: str, path: str) -> None:
    """Each operation answers JSON, and is kept out of the request log."""
    answer = control_call(box, method, path, **CALLS[method, path])

    assert answer.status_code == 200, answer.text
    answer.json()
    assert box.control.requests()["total"] == 0


def test_the_plane_tells_over_http_what_it_tells_in_python(box: SandboxServer, bms: BmsClient) -> None:
    """A test may use either door."""
    bms.put_line(5001, 90001, 4)

    assert control_call(box, "GET", "/audit").json() == box.control.audit()
    assert control_call(box, "GET", "/lines").json() == box.control.lines()
    assert control_call(box, "GET", "/requests").json() == box.control.requests()
    assert control_call(box, "GET", "/world").json() == box.control.world()


def test_reset_forgets_everything(box: SandboxServer, bms: BmsClient) -> None:
    """After a reset the sandbox is as it was made: state, tokens, invoices, logs, faults, settings."""
    before = box.control.lines()
    bms.put_line(5001, 90001, 4)
    box.control.invoice("2026-07-01", "2026-07-31")
    box.control.edit_usage("AERO", gone=True)
    box.control.change_settings(latency_ms=1, bms_shape="published")
    box.control.add_fault("status", count=0)

    box.control.reset()

    assert box.control.lines() == before
    assert bms.get("/v2/security/userinfo").status_code == 401
    bms.sign_in()
    assert bms.get("/v2/finance/invoices/summary").json()["result"] == []
    assert "AERO" in {item["customerCode"] for item in atria_get(box, "2026-07-25").json()["items"]}
    assert (box.control.audit(), box.control.faults()) == ([], [])
    assert box.control.settings()["bms_shape"] == "line_api"


def test_reset_takes_a_seed_and_a_shape(box: SandboxServer) -> None:
    """Another seed is another MSP; the same seed is the same again, tokens included."""
    first = BmsClient(box)
    first.sign_in()
    lines = box.control.lines()
    box.control.reset(seed=2, shape="published")
    assert box.control.lines() != lines
    assert BmsClient(box).get("/v2/finance/contracts/5001/services").status_code == 404

    box.control.reset(seed=1, shape="line_api")
    second = BmsClient(box)
    second.sign_in()

    assert box.control.lines() == lines
    assert second.tokens["accessToken"] == first.tokens["accessToken"]


@pytest.mark.parametrize(
    ("method", "path", "request_body", "reason"),
    [
        ("POST", "/settings", {"colour": "red"}, "no setting 'colour'"),
        ("POST", "/settings", {"latency_ms": "5"}, "wants int"),
        ("POST", "/settings", {"bms_shape": "v1"}, "one of line_api, published"),
        ("POST", "/reset", {"shape": "v1"}, "one of line_api, published"),
        ("POST", "/edit-line", {"line_id": "1", "units": "2"}, "there is no line 1"),
        ("POST", "/edit-line", {"line_id": "90001", "quantity": "2"}, "cannot edit quantity"),
        ("POST", "/edit-line", {"line_id": "90001", "units": "many"}, "is not a number"),
        ("POST", "/edit-usage", {"customer_code": "NOBODY", "gone": True}, "there is no customer NOBODY"),
        ("POST", "/edit-usage", {"customer_code": "AERO", "amount": "1"}, "a row has no field amount"),
        ("POST", "/invoice", {"start": "2026-07-31", "last_day": "2026-07-01"}, "ends before it starts"),
        ("POST", "/clock", {"now": "soon"}, "is no instant"),
        ("POST", "/clock", {"now": "2026-07-26T03:00:00"}, "with a time zone"),
        ("POST", "/clock", {}, "either now"),
        ("POST", "/faults", {"kind": "status", "sytem": "atria"}, "no setting 'sytem'"),
    ],
)
def test_wrong_requests_are_refused_with_the_reason(
    box: SandboxServer, method: str, path: str, request_body: dict[str, Any], reason: str
) -> None:
    """A misspelt order to the sandbox never passes for one that was carried out."""
    answer = control_call(box, method, path, json=request_body)

    assert answer.status_code == 400
    assert reason in answer.json()["error"]


@pytest.mark.parametrize("path", ["/_sandbox/audits", "/autotask/v1", "/"])
def test_unknown_addresses_are_not_found(box: SandboxServer, path: str) -> None:
    """Outside of the known prefixes there is nothing."""
    assert requests.get(f"http://127.0.0.1:{box.port}{path}", timeout=10).status_code == 404


def test_the_world_tells_what_is_expected(box: SandboxServer) -> None:
    """Expected units come as text by line id, so that a demo in another process can compare."""
    told = box.control.world("2026-07-25")

    assert told["period"] == {"start": "2026-06-26", "last_day": "2026-07-25"}
    assert len(told["expected_units"]) == 365
    assert sorted(told["guarded_units"].values()) == ["0", "180"]
    assert len(told["usage"]) == len(box.control.usage("2026-07-25"))


def test_connections_fit_the_product_s_connection_ids(box: SandboxServer) -> None:
    """The connections it offers carry the ids and fields that the product's documents promise."""
    told = box.connections()
    told["kaseya_bms_default"]["extra"]["line_api"] = "default"  # what one deployment adds is its own
    told = box.connections()

    assert told.keys() >= {"kaseya_bms_default", "atria_default", "connectwise_default"}
    assert told["kaseya_bms_default"]["host"] == box.base_url("kaseya_bms")
    assert told["kaseya_bms_default"]["extra"] == {"tenant": "harbour-msp"}
    assert told["atria_default"].keys() == {"conn_type", "password", "host"}
    assert told["connectwise_default"]["extra"].keys() == {"company_id", "client_id"}
