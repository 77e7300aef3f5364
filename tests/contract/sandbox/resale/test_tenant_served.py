"""The simulated ConnectWise takes what the world calls right, and refuses where a case says that nothing is right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_providers.model.periods import BillingCalendar
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.records import Outcome
from tests.support.cw_sandbox import CwClient

JULY = BillingCalendar(1).period_containing(date(2026, 7, 10))


@pytest.fixture
def cw(box: SandboxServer) -> CwClient:
    return CwClient(box)


def _stem(world: World, code: str, metric: str) -> tuple[int, int]:
    """Return agreement and addition of a customer's metric."""
    addition_id = next(
        stem.addition_id for stem in world.resale.stems if (stem.customer_code, stem.metric) == (code, metric)
    )
    addition = next(entry for entry in world.resale.tenant.additions if entry.addition_id == addition_id)
    return addition.agreement_id, addition.addition_id


def _agreement(world: World, code: str) -> int:
    tenant = world.resale.tenant
    company = next(entry for entry in tenant.companies if entry.identifier == code)
    return next(entry.agreement_id for entry in tenant.agreements if entry.company_id == company.company_id)


def test_everything_that_is_right_can_be_written(box: SandboxServer, world: World, cw: CwClient) -> None:
    """Each expected number is taken as it is and read back as it is; no rule of the PSA stands against it."""
    agreements = {entry.addition_id: entry.agreement_id for entry in world.resale.tenant.additions}
    right = {**world.resale.expected(JULY), **world.resale.expected(JULY, outcome=Outcome.GUARDED)}

    for addition_id, entry in right.items():
        answer = cw.set(
            agreements[addition_id],
            addition_id,
            quantity=float(entry.quantity),
            unitCost=float(entry.unit_cost),
            unitPrice=float(entry.unit_price),
            lessIncluded=float(entry.included),
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert [Decimal(str(told[name])) for name in ("quantity", "unitCost", "unitPrice", "lessIncluded")] == [
            entry.quantity, entry.unit_cost, entry.unit_price, entry.included,
        ]  # fmt: skip

    written = {entry["line_id"] for entry in box.control.audit(system="connectwise")}
    assert written <= {str(addition_id) for addition_id in right}
    assert len(written) > 60  # those that a run of July changes


def test_the_tenant_is_served_whole(world: World, cw: CwClient) -> None:
    """Companies and agreements come in several pages; their counts are the world's."""
    companies = cw.get("/company/companies", pageSize=100).json()
    more = cw.get("/company/companies", pageSize=100, page=2).json()
    agreements = cw.get("/finance/agreements", pageSize=1000).json()

    assert len(companies) == 100
    assert len(agreements) == 134
    names = [entry["name"] for entry in companies + more]
    assert {entry.name for entry in world.resale.tenant.companies if not entry.deleted} <= set(names)


def test_additions_before_the_billing_start_cannot_be_changed(world: World, cw: CwClient) -> None:
    """The case says that its additions start too early: the PSA refuses even the quantity."""
    answer = cw.set(*_stem(world, "BFOR", "used_space"), quantity=12)

    assert answer.status_code == 400
    assert "cannot precede the Billing Start Date: 03/01/2025" in answer.text


@pytest.mark.parametrize(
    ("code", "product", "words"),
    [
        ("INVD", "OnlineBackup-Computer", "this period has already been invoiced"),
        ("CLSS", "OnlineBackup-SQL", ""),
        ("CLSS", "OnlineBackup-VM", ""),
        ("CANC", "OnlineBackup", ""),
        ("EXPI", "OnlineBackup", ""),
    ],
)
def test_what_cannot_be_added_is_refused(world: World, cw: CwClient, code: str, product: str, words: str) -> None:
    """Invoiced without proration, bundle class, inactive product, cancelled and expired agreement."""
    answer = cw.add(
        _agreement(world, code),
        product={"identifier": product},
        billCustomer="Billable",
        quantity=1,
        effectiveDate="2026-07-01T00:00:00Z",
    )

    assert answer.status_code == 400, answer.text
    assert words in answer.text


def test_a_missing_addition_can_be_added(world: World, cw: CwClient) -> None:
    """Where only the addition is missing, the PSA takes it."""
    answer = cw.add(
        _agreement(world, "NOAD"),
        product={"identifier": "OnlineBackup-Computer"},
        billCustomer="Billable",
        quantity=4,
        effectiveDate="2026-07-01T00:00:00Z",
    )

    assert answer.status_code == 201, answer.text
