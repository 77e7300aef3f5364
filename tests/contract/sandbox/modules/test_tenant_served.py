"""The simulated Autotask takes what the world calls right, and refuses where a case says that a day is not taken."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import requests

from billing_providers.model.periods import BillingCalendar
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.modules.expected import ExpectedUnits, Wanted
from billing_providers.sandbox.world.records import Outcome
from tests.support.at_sandbox import AtClient

JULY = BillingCalendar(1).period_containing(date(2026, 7, 10))


@pytest.fixture
def at(box: SandboxServer) -> AtClient:
    box.control.move_clock("2026-08-01T06:00:00Z")
    return AtClient(box)


def _adjust(at: AtClient, contract_id: str, line: str, change: int, day: date) -> requests.Response:
    """Post one adjustment of a line or, with a ``b`` before its id, of a bundle line."""
    kind, field = (
        ("ServiceBundle", "contractServiceBundleID") if line.startswith("b") else ("Service", "contractServiceID")
    )
    body = {field: int(line.removeprefix("b")), "unitChange": change, "effectiveDate": day.isoformat()}
    return at.call("POST", f"/Contracts/{contract_id}/{kind}Adjustments", json=body)


def _told(box: SandboxServer) -> dict[str, dict[str, Any]]:
    return {row["line_id"]: row for row in box.control.lines(system="autotask")}


def _units_on(line: dict[str, Any], day: date) -> int:
    return int([step for step in line["schedule"] if step["since"] <= day.isoformat()][-1]["units"])


def _all_right(world: World) -> dict[str, ExpectedUnits]:
    every = Wanted(holds_service=True, bundles=True)
    guarded = world.modules.expected(JULY, outcome=Outcome.GUARDED, wanted=every)
    return world.modules.expected(JULY, wanted=every) | guarded


def test_what_is_in_force_before_the_first_run_is_what_the_world_says(box: SandboxServer, world: World) -> None:
    """The units before, on the day from which each line is expected to change."""
    lines = _told(box)

    right = _all_right(world)

    assert {line: _units_on(lines[line], entry.from_day) for line, entry in right.items()} == {
        line: entry.before for line, entry in right.items()
    }


def test_everything_that_is_right_can_be_adjusted(box: SandboxServer, world: World, at: AtClient) -> None:
    """Each change is taken on its day, later scheduled numbers move along, and no other line changes."""
    before = _told(box)
    right = _all_right(world)

    for line, entry in right.items():
        if entry.change:
            answer = _adjust(at, before[line]["contract_id"], line, entry.change, entry.from_day)
            assert (answer.status_code, line, answer.text) == (200, line, '{"itemId":null}')

    after = _told(box)
    assert {line: _units_on(after[line], entry.from_day) for line, entry in right.items()} == {
        line: entry.units for line, entry in right.items()
    }
    for line, entry in right.items():
        assert [(line, day, _units_on(after[line], day)) for day, _ in entry.later] == [
            (line, day, units) for day, units in entry.later
        ]
    untouched = after.keys() - {line for line, entry in right.items() if entry.change}
    assert {line: after[line] for line in untouched} == {line: before[line] for line in untouched}
    written = box.control.audit(system="autotask")
    assert len(written) == sum(entry.change != 0 for entry in right.values()) > 90
    assert {entry["line_id"] for entry in written} <= right.keys()


def test_the_tenant_is_served_whole(world: World, at: AtClient) -> None:
    """Companies, contracts, lines and services are those of the world."""
    tenant = world.modules.tenant
    everything = {"op": "exist", "field": "id"}

    assert at.ids("Companies", everything) == sorted(company.company_id for company in tenant.companies)
    assert at.ids("Contracts", everything) == sorted(contract.contract_id for contract in tenant.contracts)
    assert at.ids("Services", everything) == sorted(service.service_id for service in tenant.services)
    assert at.ids("ConfigurationItems", {"op": "exist", "field": "contractServiceID"}) == [
        item.item_id for item in tenant.configuration_items if item.line_id
    ]
    items = at.ids("BillingItems", {"op": "notExist", "field": "contractServiceID"})
    assert {item.item_id for item in tenant.billing_items} <= set(items)


@pytest.mark.parametrize(
    ("code", "day", "words"),
    [
        ("POST", date(2026, 7, 1), "already approved and posted"),
        ("PMID", date(2026, 7, 14), "already approved and posted"),
        ("STRT", date(2026, 7, 14), "must be between the start date and end date"),
        ("ENDS", date(2026, 9, 21), "must be between the start date and end date"),
        ("ENDD", date(2026, 1, 1), "must be between the start date and end date"),
    ],
)
def test_days_that_are_not_taken(
    box: SandboxServer, world: World, at: AtClient, code: str, day: date, words: str
) -> None:
    """Posted days, and days outside the contract."""
    line = next(stem.lines[0] for stem in world.modules.stems if stem.customer_code == code and stem.lines)

    answer = _adjust(at, _told(box)[line]["contract_id"], line, 1, day)

    assert answer.status_code == 500
    assert words in answer.text


def test_a_missing_line_can_be_put_on(box: SandboxServer, world: World, at: AtClient) -> None:
    """Where only the line is missing, the PSA takes it with the first adjustment."""
    company = next(entry for entry in world.modules.tenant.companies if entry.name == "Nolan & Nye Accountants")
    contract = next(entry for entry in world.modules.tenant.contracts if entry.company_id == company.company_id)
    service = next(entry for entry in world.modules.tenant.services if entry.name.startswith("SaaS Protection - Micro"))

    answer = at.call(
        "POST",
        f"/Contracts/{contract.contract_id}/ServiceAdjustments",
        json={
            "contractID": contract.contract_id,
            "serviceID": service.service_id,
            "unitChange": 12,
            "effectiveDate": "2026-07-01",
        },
    )

    assert answer.status_code == 200, answer.text
    (added,) = [row for row in box.control.audit(system="autotask") if row["before"] is None]
    assert (added["contract_id"], added["after"]) == (str(contract.contract_id), "12")
