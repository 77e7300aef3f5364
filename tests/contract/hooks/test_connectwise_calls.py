"""How many calls ConnectWise costs: the network is what people wait for, so the number is pinned for a large tenant.

500 agreements with 30 additions each, one of them with 2,500: the size of the largest MSP that is documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.hooks.connectwise import ConnectWiseHook
from billing_providers.model.psa import Contract
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.resale.records import (
    SERVICE,
    CwAddition,
    CwAgreement,
    CwAgreementType,
    CwBillingCycle,
    CwCompany,
    CwCompanyStatus,
    CwProduct,
    CwTenant,
)
from tests.support.connections import set_connection

START = date(2024, 1, 1)
AGREEMENTS, EACH, LARGE = 500, 30, 2500
ADDITIONS = (AGREEMENTS - 1) * EACH + LARGE
LIST = "GET /finance/agreements/{parentId}/additions"
BUNDLE = "POST /system/bundles"


def large_tenant() -> CwTenant:
    numbers = range(1, AGREEMENTS + 1)
    owners = [number for number in numbers for _ in range(LARGE if number == AGREEMENTS else EACH)]
    return CwTenant(
        statuses=(CwCompanyStatus(1, "Active"),),
        companies=tuple(CwCompany(number, f"C{number}", f"Company {number}", 1) for number in numbers),
        cycles=(CwBillingCycle(1, "MON", "Monthly", "Monthly"),),
        types=(CwAgreementType(1, "Managed Services"),),
        agreements=tuple(
            CwAgreement(1000 + number, number, f"Agreement {number}", 1, START, None, START, 1) for number in numbers
        ),
        products=tuple(
            CwProduct(number, f"P{number}", f"Product {number}", "Text", SERVICE, Decimal(1), Decimal(2))
            for number in range(1, EACH + 1)
        ),
        additions=tuple(
            CwAddition(
                addition_id=place,
                agreement_id=1000 + owner,
                product_id=place % EACH + 1,
                quantity=Decimal(place % 97),
                included=Decimal(0),
                unit_cost=Decimal(1),
                unit_price=Decimal(2),
                starts_on=START,
            )
            for place, owner in enumerate(owners, start=1)
        ),
    )


@pytest.fixture(scope="module")
def large_box() -> Iterator[SandboxServer]:
    """A sandbox whose ConnectWise is that of a large MSP."""
    world = build_world()
    with SandboxServer(world=replace(world, resale=replace(world.resale, tenant=large_tenant()))) as box:
        yield box


HookOf = Callable[..., ConnectWiseHook]


@pytest.fixture
def hook_of(large_box: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HookOf]:
    """Return a maker of hooks; keyword arguments are settings of the sandbox."""
    made: list[ConnectWiseHook] = []

    def make(**settings: Any) -> ConnectWiseHook:
        large_box.control.reset(**settings)
        fields = large_box.connections()["connectwise_default"]
        hook = ConnectWiseHook(set_connection(monkeypatch, "cw_calls", **fields))
        made.append(hook)
        return hook

    yield make
    for hook in made:
        hook.client.close()


def read_all(hook: ConnectWiseHook, box: SandboxServer) -> tuple[list[Contract], dict[str, int]]:
    """Read directory and lines; check that nothing is missing; return the calls that the lines cost."""
    directory = hook.read_directory(contract_type="Managed Services")
    box.control.forget_requests()

    lines = hook.read_lines(directory.contracts, directory.services)

    assert len({line.line_id for line in lines}) == len(lines) == ADDITIONS == 17470
    assert sum((line.quantity or Decimal(0) for line in lines), Decimal(0)) == 838135
    calls: dict[str, int] = box.control.requests()["per_endpoint"]
    return list(directory.contracts), calls


def test_the_directory_takes_a_dozen_calls(large_box: SandboxServer, hook_of: HookOf) -> None:
    """500 companies and 500 agreements are one page each; setup tables and the catalogue one more."""
    directory = hook_of().read_directory(contract_type="Managed Services")

    assert (len(directory.accounts), len(directory.contracts), len(directory.services)) == (500, 500, 30)
    assert large_box.control.requests()["total"] <= 12


def test_additions_of_500_agreements_take_ten_bundles(large_box: SandboxServer, hook_of: HookOf) -> None:
    """One list more to compare the first bundle with, and the pages of the one agreement that fills more than one."""
    _, calls = read_all(hook_of(), large_box)

    assert calls == {BUNDLE: 10, LIST: 1 + 3}


def test_small_bundles_still_save_calls(large_box: SandboxServer, hook_of: HookOf) -> None:
    """A tenant that takes twenty at once: two refusals to find the size, then bundles of twelve."""
    _, calls = read_all(hook_of(cw_bundle_max=20), large_box)

    assert calls[BUNDLE] < 50
    assert calls[LIST] == 1 + 3


def test_without_bundles_an_agreement_is_one_call_and_its_further_pages(
    large_box: SandboxServer, hook_of: HookOf
) -> None:
    """One refused bundle and one question for the path of the release tell that there are none."""
    contracts, calls = read_all(hook_of(cw_bundles="off"), large_box)

    assert calls.pop("GET /login/companyinfo/{companyId}", 0) <= 1
    assert sum(count for call, count in calls.items() if call != LIST) == 1
    assert calls[LIST] == len(contracts) + 2


def test_a_changed_line_costs_a_read_and_a_write(large_box: SandboxServer, hook_of: HookOf) -> None:
    """Nothing else of the tenant is read again for it."""
    from billing_providers.model.psa import LinesAgain

    hook = hook_of()
    directory = hook.read_directory(contract_type="Managed Services")
    large_box.control.forget_requests()

    lines = hook.reread_lines([LinesAgain(directory.contracts[0], ("1", "2", "3"), ())])

    assert [line.quantity for line in lines] == [Decimal(1), Decimal(2), Decimal(3)]
    assert large_box.control.requests()["per_endpoint"] == {
        "GET /finance/agreements/{parentId}/additions/{id}": 3,
    }
