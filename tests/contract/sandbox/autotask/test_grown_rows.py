"""Rows of units that the simulated Autotask makes of what the world describes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world.modules.records import (
    AtCompany,
    AtContract,
    AtContractService,
    AtService,
    AtTenant,
    AtUnits,
)
from tests.support.at_sandbox import AtClient, condition, world_with

_START, _END = date(2026, 1, 31), date(2026, 6, 29)


def rows_of(*units: AtUnits, **contract: Any) -> list[tuple[str, str, int, Any]]:
    """Start, end, units and price of the rows of a line, at 31.00 a unit, that the world describes by these rows."""
    with SandboxServer(world=world_with(tenant_of(*units, **contract))) as box:
        return shown(AtClient(box))


def tenant_of(*units: AtUnits, **contract: Any) -> AtTenant:
    return AtTenant(
        companies=(AtCompany(1, "One"),),
        contracts=(AtContract(1, 1, "Services", **{"start": _START, "end": _END, "anchor_day": None, **contract}),),
        services=(AtService(1, "Seat", Decimal(31), Decimal(1)),),
        contract_services=(AtContractService(1, 1, 1, Decimal(31), Decimal(1)),),
        units=units,
    )


def shown(at: AtClient) -> list[tuple[str, str, int, Any]]:
    items = at.query("ContractServiceUnits", condition("contractServiceID", "eq", 1)).json()["items"]
    items.sort(key=lambda item: item["startDate"])
    return [(item["startDate"][5:10], item["endDate"][5:10], item["units"], item["price"]) for item in items]


def test_periods_from_the_31st_start_on_the_last_day_of_shorter_months() -> None:
    """And come back to the 31st; the day of the contract's start stays the anchor."""
    assert rows_of(AtUnits(1, _START, 2)) == [
        ("01-31", "02-27", 2, 62), ("02-28", "03-30", 2, 62), ("03-31", "04-29", 2, 62), ("04-30", "05-30", 2, 62),
        ("05-31", "06-29", 2, 62),
    ]  # fmt: skip


def test_an_anchor_day_after_the_first_day_makes_a_short_first_period() -> None:
    """From the 3rd to the 14th, prorated over the whole period before the 15th: 12 of 31 days."""
    start = date(2026, 2, 3)

    assert rows_of(AtUnits(1, start, 1), start=start, end=date(2026, 3, 31), anchor_day=15) == [
        ("02-03", "02-14", 1, 12), ("02-15", "03-14", 1, 31), ("03-15", "03-31", 1, 17),
    ]  # fmt: skip


def test_an_amount_that_the_world_states_is_shown() -> None:
    """A leftover of proration, say; the rows after it are computed."""
    leftover = AtUnits(1, _START, 2, date(2026, 2, 27), price=Decimal("9.99"))

    assert rows_of(leftover, AtUnits(1, date(2026, 2, 28), 1))[:2] == [
        ("01-31", "02-27", 2, 9.99), ("02-28", "03-30", 1, 31),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "amounts"),
    [
        ("2026-02-28", [9.99, 93, 93]),  # the row after it begins there
        ("2026-01-31", [93, 93, 93]),  # its own first day
        ("2026-02-14", [31, 46.5, 93]),  # inside of it: 14 days of 28 each
    ],
)
def test_a_stated_amount_falls_away_where_its_row_changes(day: str, amounts: list[Any]) -> None:
    """Both parts of a split row are computed anew; rows before the day stay as they are."""
    tenant = tenant_of(
        AtUnits(1, _START, 2, date(2026, 2, 27), price=Decimal("9.99")), AtUnits(1, date(2026, 2, 28), 2)
    )
    with SandboxServer(world=world_with(tenant)) as box:
        at = AtClient(box)
        at.adjust(1, contractServiceID=1, unitChange=1, effectiveDate=day)
        assert [price for _, _, _, price in shown(at)][:3] == amounts


def test_changes_on_a_day_that_has_one_make_one_step(box: SandboxServer, at: AtClient) -> None:
    """The schedule tells each day once."""
    at.adjust(7001, contractServiceID=8001, unitChange=1, effectiveDate="2026-10-01")

    line = next(line for line in box.control.lines(system="autotask") if line["line_id"] == "8001")
    assert [step["since"] for step in line["schedule"]] == ["2026-01-01", "2026-07-01", "2026-10-01"]


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ([AtUnits(1, date(2026, 1, 30), 1)], "do not fit into its contract"),
        ([AtUnits(1, _START, 1, date(2026, 6, 30))], "do not fit into its contract"),
        ([AtUnits(1, _START, 1, date(2026, 3, 1)), AtUnits(1, date(2026, 3, 3), 1)], "do not fit into its contract"),
        ([AtUnits(1, _START, 1, date(2026, 3, 3)), AtUnits(1, date(2026, 3, 3), 1)], "do not fit into its contract"),
        ([AtUnits(1, _START, 1, price=Decimal(9))], "state an amount for several periods"),
    ],
)
def test_a_world_that_makes_no_sense_is_refused(units: list[AtUnits], why: str) -> None:
    """Rows that leave the contract, leave a gap, overlap, or state one amount for several periods."""
    with pytest.raises(ValueError, match=why):
        SandboxServer(world=world_with(tenant_of(*units)))
