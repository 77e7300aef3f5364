"""The simulated Sherweb refuses what it does not know, with problem details, and lets nothing be changed."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.sherweb_clients import PAYABLE, PROVIDER, SherwebClient

NOBODY = "00000000-0000-4000-8000-000000000000"
RECEIVABLE = f"{PROVIDER}/billing/receivable-charges"


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (PAYABLE, "date=2026-02-30", 400),
        (PAYABLE, "date=20260701", 400),
        (PAYABLE, "date=9999-12-31", 400),
        (PAYABLE, "date=0001-01-01", 400),
        (PAYABLE, "date=2026-07-01T00:00:00Z", 400),
        (PAYABLE, "date=", 400),
        (PAYABLE, "date=2026-07-01&date=2026-07-01", 400),
        (PAYABLE, "[2026-07-01]", 400),  # as one client sends it
        (PAYABLE, "page=1", 400),
        (PAYABLE, "customerId=1", 400),
        (f"{PROVIDER}/customers", "page=1&pageSize=50", 400),
        (RECEIVABLE, "", 400),
        (RECEIVABLE, "customerId=7", 400),
        (RECEIVABLE, f"customerId={NOBODY}", 404),
        (RECEIVABLE, f"customerId={NOBODY}&date=today", 404),
        (f"{PROVIDER}/billing/subscriptions", f"customerId={NOBODY}&date=2026-07-01", 400),
        (f"{PROVIDER}/billing/subscriptions/details", f"customerId={NOBODY}", 404),
        (f"{PROVIDER}/customers/{NOBODY}", "", 404),
        (f"{PROVIDER}/billing/subscriptions/meters", "", 404),
        (f"{PROVIDER}/billing/subscriptions/pricing-information", "", 404),
        ("/distributor/v1/billing/payable-charges/1", "", 404),
        ("/distributor/v2/billing/payable-charges", "", 404),
        ("/", "", 404),
    ],
)
def test_what_is_not_known_is_refused(sherweb: SherwebClient, path: str, query: str, status: int) -> None:
    """Wrong parameters are a 400, wrong paths and ids a 404; both are problem details."""
    answer = sherweb.call(f"{path}?{query}" if query else path)

    assert answer.status_code == status, answer.text
    told = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert told.keys() == {"type", "title", "status", "detail", "instance", "extensions"}
    assert (told["status"], told["instance"]) == (status, path)
    assert told["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{PROVIDER}/billing/subscriptions/amendments"),
        ("POST", f"{PROVIDER}/billing/subscriptions/cancellations"),
        ("POST", f"{PROVIDER}/orders"),
        ("PUT", f"{PROVIDER}/customers"),
        ("PATCH", PAYABLE),
        ("DELETE", PAYABLE),
    ],
)
def test_whatever_could_write_is_forbidden_and_recorded(
    box: SandboxServer, sherweb: SherwebClient, method: str, path: str
) -> None:
    """A billing run must never change a subscription: one that tries is seen in the log."""
    box.control.forget_requests()

    answer = sherweb.call(path, method, json={})

    assert answer.status_code == 403
    assert box.control.requests()["writing"] == 1
    assert box.control.audit(by="all") == []


def test_reading_writes_nothing(box: SandboxServer, sherweb: SherwebClient) -> None:
    """Neither tokens nor reads count as writes."""
    sherweb.payable("2026-07-01")

    told = box.control.requests()
    assert told["writing"] == 0
    assert told["per_endpoint"][f"GET {PAYABLE}"] == 1


def test_a_read_with_a_body_is_refused(sherweb: SherwebClient) -> None:
    """Nothing reads it."""
    assert sherweb.call(PAYABLE, json={"date": "2026-07-01"}).status_code == 400


def test_a_language_may_be_asked_for(sherweb: SherwebClient) -> None:
    """The header is in the description; the answer stays as it is."""
    headers: dict[str, Any] = {"Accept-Language": "fr-CA"}
    sherweb.session.headers.update(headers)

    assert sherweb.call(PAYABLE).status_code == 200
