"""How many calls Autotask costs: all integrations of a tenant share 10,000 an hour, so the number is pinned.

500 contracts with 30 lines each: the size of the largest MSP that is documented.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing_providers.model.psa import Days, LinesAgain
from tests.support.autotask_tenant import AtServer, company, contract, hook_of, line, units

CONTRACTS, EACH = 500, 30
PERIOD = Days(date(2026, 11, 1), date(2026, 12, 1))  # a period and the day on which the next one begins


def large_tenant() -> AtServer:
    numbers = range(1, CONTRACTS + 1)
    lines = [line(number * 100 + place, place, number) for number in numbers for place in range(EACH)]
    months = (("2026-11-01", "2026-11-30"), ("2026-12-01", "2026-12-31"))
    rows = [
        units(
            entry["id"] * 10 + place, entry["id"], *month, place + 3,
            contractID=entry["contractID"], serviceID=entry["serviceID"],
        )
        for entry in lines
        for place, month in enumerate(months)
    ]  # fmt: skip
    return AtServer(
        {
            "Companies": [company(number) for number in numbers],
            "Contracts": [contract(number, companyID=number) for number in numbers],
            "Services": [{"id": number, "name": f"S{number}"} for number in range(EACH)],
            "ContractServices": lines,
            "ContractServiceUnits": rows,
        }
    )


def test_a_large_tenant_is_read_in_at_most_120_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """15,000 lines with their units of two periods: pages of 500, lists counted once, entities described once."""
    tenant = large_tenant()
    hook = hook_of(monkeypatch, tenant)

    directory = hook.read_directory(contract_type="Recurring Service")
    lines = hook.read_lines(directory.contracts, directory.services, days=PERIOD)

    assert (len(directory.contracts), len(lines)) == (500, 15_000)
    assert {(found.quantity, len(found.schedule)) for found in lines} == {(Decimal(3), 2)}
    kinds = Counter(_kind(call) for call in hook.client.calls.elements())
    assert kinds == {"pages": 98, "counts": 8, "fields": 9, "ThresholdInformation": 1, "zoneInformation": 1}
    assert len(tenant.requests) == sum(kinds.values()) == 117 <= 120


def test_a_contract_is_read_anew_in_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its lines are written: lines, units and devices; nothing of bundles. Look-ups alone are counted."""
    tenant = large_tenant()
    hook = hook_of(monkeypatch, tenant)
    directory = hook.read_directory(contract_type="Recurring Service")
    hook.read_lines(directory.contracts[:1], directory.services, days=PERIOD)
    sent, counted = len(tenant.requests), sum("/count" in call for call in hook.client.calls.elements())

    wanted = LinesAgain(directory.contracts[7], ("800", "829"), directory.services)
    lines = hook.reread_lines([wanted], days=Days(PERIOD.last, PERIOD.last))

    assert [(found.line_id, found.quantity) for found in lines] == [("800", Decimal(4)), ("829", Decimal(4))]
    assert len(tenant.requests) - sent == 3

    hook.reread_lines([replace(wanted, look_up=True)], days=Days(PERIOD.last, PERIOD.last))
    kinds = Counter(_kind(call) for call in hook.client.calls.elements())
    assert kinds["counts"] - counted == 2  # of lines and units: not finding a line lets another one be added


def _kind(call: str) -> str:
    path = call.partition(" ")[2]
    for ending, kind in (("/count", "counts"), ("/fields", "fields"), ("/query", "pages"), ("/query/next", "pages")):
        if path.endswith(ending):
            return kind
    return path.rpartition("/")[2]
