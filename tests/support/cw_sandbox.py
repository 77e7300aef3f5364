"""A small ConnectWise tenant for the sandbox, a generated large one, and a bare HTTP client. No hook is used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import requests

from billing_providers.sandbox.credentials import CW_CLIENT_ID, CW_COMPANY_ID, CW_PRIVATE_KEY, CW_PUBLIC_KEY
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World, build_world
from billing_providers.sandbox.world.resale.records import (
    CwAddition,
    CwAgreement,
    CwAgreementType,
    CwBillingCycle,
    CwCompany,
    CwCompanyStatus,
    CwProduct,
    CwTenant,
)

TIMEOUT_S = 20
OPEN, NO_PRORATION, CANCELLED, EXPIRED, NO_CYCLE, LATE_START = 901, 902, 903, 904, 905, 906
STORAGE, SEAT, KIT, RETIRED = 21, 22, 23, 24
_START = date(2026, 1, 1)


def small_tenant() -> CwTenant:
    """Three companies, six agreements and eight additions, each of them for a rule."""
    return CwTenant(
        statuses=(CwCompanyStatus(1, "Active"), CwCompanyStatus(2, "Not-Approved", inactive=True)),
        companies=(
            CwCompany(501, "ALPHA", "Alpha & Söhne GmbH", 1),
            CwCompany(502, "ONEILL", 'O\'Neill "Best" 100%', 1),
            CwCompany(503, "GONE", "Gone Ltd", 2, deleted=True),
        ),
        cycles=(CwBillingCycle(1, "MON", "Monthly", "Monthly"), CwBillingCycle(2, "QTR", "Quarterly", "Quarterly")),
        types=(CwAgreementType(11, "Managed Services"), CwAgreementType(12, "Block Time")),
        agreements=(
            CwAgreement(OPEN, 501, "Alpha services", 11, _START, None, _START, 1),
            CwAgreement(
                NO_PRORATION, 502, "O'Neill services", 11, _START, None, _START, 1,
                next_invoice=date(2026, 7, 1), prorates=False,
            ),
            CwAgreement(
                CANCELLED, 501, "Alpha old", 11, _START, None, _START, 1, "Cancelled", cancelled=date(2026, 3, 1)
            ),
            CwAgreement(EXPIRED, 501, "Alpha older", 12, _START, date(2026, 2, 28), _START, 1, "Expired"),
            CwAgreement(NO_CYCLE, 502, "O'Neill free", 11, _START, date(2027, 12, 31), _START, None, parent_id=902),
            CwAgreement(LATE_START, 501, "Alpha late", 11, _START, None, date(2026, 3, 1), 2),
        ),
        products=(
            CwProduct(STORAGE, "Storage", "Stored data", "Data", "Service", Decimal("0.02"), Decimal("0.05"), "GB"),
            CwProduct(SEAT, "Seat", "A seat", "A seat with support", "Agreement", Decimal("3.5"), Decimal("5.25")),
            CwProduct(KIT, "Kit", "Several things", "A kit", "Bundle", Decimal(9), Decimal(12)),
            CwProduct(RETIRED, "Retired", "Not sold", "No more", "Service", Decimal(1), Decimal(2), active=False),
        ),
        additions=(
            _addition(7001, OPEN, STORAGE, "10", "0.02", "0.05", included="2", invoice_text="Backup storage"),
            _addition(7002, OPEN, SEAT, "3", "3.5", "5.25", last_day=date(2026, 12, 31)),
            _addition(7003, NO_PRORATION, SEAT, "4", "3.5", "5.25"),
            _addition(7004, CANCELLED, SEAT, "1", "3.5", "5.25"),
            _addition(7005, EXPIRED, SEAT, "1", "3.5", "5.25"),
            _addition(7006, LATE_START, SEAT, "2", "3.5", "5.25"),
            _addition(7007, OPEN, SEAT, "1", "3.5", "0", bill_customer="NoCharge"),
            _addition(7008, OPEN, STORAGE, "5", "0.02", "0.05", last_day=date(2026, 2, 28)),
        ),
    )  # fmt: skip


def large_tenant(agreements: int, additions_each: int) -> CwTenant:
    """So many agreements of as many companies, each with so many open additions of different products."""
    products = tuple(
        CwProduct(100 + place, f"P{place}", f"Product {place}", f"Product {place}", "Service", Decimal(1), Decimal(2))
        for place in range(additions_each)
    )
    numbers = range(1, agreements + 1)
    return CwTenant(
        statuses=(CwCompanyStatus(1, "Active"),),
        companies=tuple(CwCompany(number, f"C{number}", f"Company {number}", 1) for number in numbers),
        cycles=(CwBillingCycle(1, "MON", "Monthly", "Monthly"),),
        types=(CwAgreementType(11, "Managed Services"),),
        agreements=tuple(
            CwAgreement(number, number, f"Agreement {number}", 11, _START, None, _START, 1) for number in numbers
        ),
        products=products,
        additions=tuple(
            _addition(number * 1000 + place, number, product.product_id, str(place + 1), "1", "2")
            for number in numbers
            for place, product in enumerate(products)
        ),
    )


def world_with(tenant: CwTenant) -> World:
    """The default world, but for its ConnectWise tenant."""
    world = build_world()
    return replace(world, resale=replace(world.resale, tenant=tenant))


def _addition(
    addition_id: int, agreement_id: int, product_id: int, quantity: str, cost: str, price: str, **facts: Any
) -> CwAddition:
    return CwAddition(
        addition_id=addition_id,
        agreement_id=agreement_id,
        product_id=product_id,
        quantity=Decimal(quantity),
        included=Decimal(facts.pop("included", "0")),
        unit_cost=Decimal(cost),
        unit_price=Decimal(price),
        starts_on=_START,
        **facts,
    )


class CwClient:
    """One kept-alive session with the simulated ConnectWise."""

    def __init__(self, box: SandboxServer, public_key: str = CW_PUBLIC_KEY, codebase: str = "v2026_4") -> None:
        self.base_url = box.base_url("connectwise")
        self.api_url = f"{self.base_url}/{codebase}/apis/3.0"
        self.session = requests.Session()
        self.session.auth = (f"{CW_COMPANY_ID}+{public_key}", CW_PRIVATE_KEY)
        self.session.headers["clientId"] = CW_CLIENT_ID

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """Send one request to the API."""
        return self.session.request(method, self.api_url + path, **{"timeout": TIMEOUT_S, **request})

    def get(self, path: str, forward_only: bool = False, **query: Any) -> requests.Response:
        """Read."""
        headers = {"pagination-type": "forward-only"} if forward_only else {}
        return self.call("GET", path, params=query, headers=headers)

    def additions(self, agreement_id: int, **query: Any) -> Any:
        """Read the additions of an agreement."""
        return self.get(f"/finance/agreements/{agreement_id}/additions", **query).json()

    def addition(self, agreement_id: int, addition_id: int) -> Any:
        """Read one addition."""
        return self.get(f"/finance/agreements/{agreement_id}/additions/{addition_id}").json()

    def patch(self, agreement_id: int, addition_id: int, *operations: Any) -> requests.Response:
        """Send patch operations."""
        return self.call("PATCH", f"/finance/agreements/{agreement_id}/additions/{addition_id}", json=list(operations))

    def set(self, agreement_id: int, addition_id: int, **values: Any) -> requests.Response:
        """Replace fields by a patch."""
        operations = [{"op": "replace", "path": name, "value": value} for name, value in values.items()]
        return self.patch(agreement_id, addition_id, *operations)

    def add(self, agreement_id: int, **body: Any) -> requests.Response:
        """Add an addition."""
        return self.call("POST", f"/finance/agreements/{agreement_id}/additions", json=body)

    def bundle(self, *requests_: Any) -> requests.Response:
        """Send a bundle."""
        return self.call("POST", "/system/bundles", json={"requests": list(requests_)})
