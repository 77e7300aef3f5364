"""A small Autotask tenant for the sandbox, a generated large one, and a bare HTTP client. No hook is used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import requests

from billing_providers.sandbox.credentials import AT_INTEGRATION_CODE, AT_SECRET, AT_USER
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World, build_world
from billing_providers.sandbox.world.modules.records import (
    BLOCK_HOURS,
    CONTRACT_INACTIVE,
    QUARTERLY,
    AtBillingItem,
    AtCompany,
    AtConfigurationItem,
    AtContract,
    AtContractService,
    AtContractServiceBundle,
    AtService,
    AtServiceBundle,
    AtTenant,
    AtUnits,
)

TIMEOUT_S = 20
OPEN, SHORT, BLOCK, INACTIVE, BY_QUARTER = 7001, 7002, 7003, 7004, 7005  # contracts
SEAT, BACKUP, RETIRED, UNUSED = 31, 32, 33, 34  # services
KIT, SPARE_KIT = 61, 62  # bundles
# Lines: seats; backup, and its discount; the others are called after their contracts.
SEATS, BACKUPS, DISCOUNT, ON_SHORT, ON_QUARTER, ON_INACTIVE = 8001, 8002, 8003, 8004, 8005, 8006
KITS = 8001  # ids of bundles are counted apart
_JANUARY, _DECEMBER = date(2026, 1, 1), date(2026, 12, 31)
AFFIRMED = {"op": "exist", "field": "id"}  # the usual way to ask for everything


def small_tenant() -> AtTenant:
    """Two companies, five contracts, six lines and a bundle, each of them for a rule.

    ``SEATS``: 10 until June (posted), 12 from July on, 15 from October on.
    """
    return AtTenant(
        companies=(AtCompany(801, "Alpha & Söhne GmbH", "ALPHA"), AtCompany(802, "Beta Ltd", active=False)),
        contracts=(
            AtContract(OPEN, 801, "Alpha services", _JANUARY, _DECEMBER, number="EXT-1"),
            AtContract(SHORT, 801, "Alpha extra", date(2026, 3, 17), date(2026, 9, 20)),
            AtContract(BLOCK, 801, "Alpha hours", _JANUARY, _DECEMBER, contract_type=BLOCK_HOURS),
            AtContract(INACTIVE, 802, "Beta services", _JANUARY, _DECEMBER, status=CONTRACT_INACTIVE),
            AtContract(
                BY_QUARTER, 802, "Beta by quarter", date(2026, 2, 10), date(2027, 2, 9),
                period_type=QUARTERLY, anchor_day=None,
            ),
        ),
        services=(
            AtService(SEAT, "Seat", Decimal("10"), Decimal("4"), "A seat", "A seat with support", "SEAT-1"),
            AtService(BACKUP, "Backup", Decimal("2.5"), Decimal("1"), "Backup per device"),
            AtService(RETIRED, "Retired", Decimal("1"), Decimal("1"), active=False),
            AtService(UNUSED, "Unused", Decimal("7.25"), Decimal("3")),
        ),
        bundles=(
            AtServiceBundle(KIT, "Kit", Decimal("30"), Decimal("12"), "Several things"),
            AtServiceBundle(SPARE_KIT, "Spare kit", Decimal("20"), Decimal("8")),
        ),
        contract_services=(
            AtContractService(SEATS, OPEN, SEAT, Decimal("10"), Decimal("4")),
            AtContractService(BACKUPS, OPEN, BACKUP, Decimal("2.5"), Decimal("1"), "Backup, monthly"),
            AtContractService(DISCOUNT, OPEN, BACKUP, Decimal("-0.5"), Decimal("0")),
            AtContractService(ON_SHORT, SHORT, SEAT, Decimal("31"), Decimal("4")),
            AtContractService(ON_QUARTER, BY_QUARTER, SEAT, Decimal("27"), Decimal("12")),
            AtContractService(ON_INACTIVE, INACTIVE, SEAT, Decimal("10"), Decimal("4")),
        ),
        contract_bundles=(AtContractServiceBundle(KITS, OPEN, KIT, Decimal("30"), Decimal("12")),),
        units=(
            AtUnits(SEATS, _JANUARY, 10, date(2026, 6, 30), approved_on=date(2026, 7, 2)),
            AtUnits(SEATS, date(2026, 7, 1), 12),
            AtUnits(SEATS, date(2026, 10, 1), 15),
            AtUnits(BACKUPS, _JANUARY, 5),
            AtUnits(DISCOUNT, _JANUARY, 5),
            AtUnits(ON_SHORT, date(2026, 3, 17), 4),
            AtUnits(ON_QUARTER, date(2026, 2, 10), 2),
        ),
        bundle_units=(AtUnits(KITS, _JANUARY, 3),),
        configuration_items=(
            AtConfigurationItem(1, 801, "PC-1", OPEN, SEATS, device_uid="uid-1"),
            AtConfigurationItem(2, 801, "PC-2", OPEN, bundle_line_id=KITS, active=False),
        ),
        billing_items=(
            AtBillingItem(
                900_001, 801, OPEN, "On-site visit", Decimal("1.5"), Decimal("90"), date(2026, 6, 9), date(2026, 7, 2)
            ),
        ),
    )  # fmt: skip


def large_tenant(contracts: int, lines_each: int, *, end: date = date(2028, 12, 31)) -> AtTenant:
    """So many contracts of as many companies, each with so many lines of different services, from 2026 on."""
    numbers, places = range(1, contracts + 1), range(lines_each)
    return AtTenant(
        companies=tuple(AtCompany(number, f"Company {number}") for number in numbers),
        contracts=tuple(AtContract(number, number, f"Contract {number}", _JANUARY, end) for number in numbers),
        services=tuple(AtService(100 + place, f"S{place}", Decimal(2), Decimal(1)) for place in places),
        contract_services=tuple(
            AtContractService(number * 1000 + place, number, 100 + place, Decimal(2), Decimal(1))
            for number in numbers
            for place in places
        ),
        units=tuple(AtUnits(number * 1000 + place, _JANUARY, place + 1) for number in numbers for place in places),
    )


def world_with(tenant: AtTenant) -> World:
    """The default world, but for its Autotask tenant."""
    world = build_world()
    return replace(world, modules=replace(world.modules, tenant=tenant))


def condition(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """One condition of a filter."""
    return {"op": op, "field": field, "value": value}


class AtClient:
    """One kept-alive session with the simulated Autotask, in the tenant's zone."""

    def __init__(self, box: SandboxServer, user: str = AT_USER, zone: str = "webservices16") -> None:
        self.base_url = box.base_url("autotask")
        self.api_url = f"{self.base_url}/{zone}/ATServicesRest/V1.0"
        self.session = requests.Session()
        self.session.headers.update({"ApiIntegrationCode": AT_INTEGRATION_CODE, "UserName": user, "Secret": AT_SECRET})

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """Send one request to the API."""
        return self.session.request(method, self.api_url + path, **{"timeout": TIMEOUT_S, **request})

    def get(self, path: str, **query: Any) -> requests.Response:
        """Read."""
        return self.call("GET", path, params=query)

    def query(self, entity: str, *conditions: Any, **more: Any) -> requests.Response:
        """Ask for what the conditions let pass."""
        return self.call("POST", f"/{entity}/query", json={"filter": list(conditions), **more})

    def ids(self, entity: str, *conditions: Any) -> list[int]:
        """Return the ids of what the conditions let pass."""
        answer = self.query(entity, *conditions)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    def rows(self, line_id: int, *, bundle: bool = False, since: str = "2026-08-01") -> list[tuple[str, str, int]]:
        """Return start, end and units of a line's rows that end on a day or later, as month and day."""
        entity = "ContractServiceBundle" if bundle else "ContractService"
        items = self.query(
            f"{entity}Units",
            condition(f"{entity[0].lower()}{entity[1:]}ID", "eq", line_id),
            condition("endDate", "gte", since),
        ).json()["items"]
        items.sort(key=lambda item: item["startDate"])
        return [(item["startDate"][5:10], item["endDate"][5:10], item["units"]) for item in items]

    def adjust(self, contract_id: int, **body: Any) -> requests.Response:
        """Adjust a contract service."""
        return self.call("POST", f"/Contracts/{contract_id}/ServiceAdjustments", json=body)

    def adjust_bundle(self, contract_id: int, **body: Any) -> requests.Response:
        """Adjust a bundle on a contract."""
        return self.call("POST", f"/Contracts/{contract_id}/ServiceBundleAdjustments", json=body)


def errors(answer: requests.Response) -> list[str]:
    """Return the texts of a refusal, which must be a 500."""
    assert answer.status_code == 500, answer.text
    found: list[str] = answer.json()["errors"]
    return found
