"""Sherweb to Kaseya BMS, whole: charges become units and costs of lines, by the simulated world's own word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.sandbox.world.records import Outcome
from billing_providers.sandbox.world.sherweb.expected import ExpectedLine
from billing_providers.sandbox.world.sherweb.quantities import Step
from tests.support.closing import Closing
from tests.support.pipeline import Pipeline
from tests.support.sherweb_closing import BILLED_AT, JULY, SHERWEB, sherweb_closing

Opened = Callable[..., Closing]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Open closings that end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(sherweb_closing(tmp_path, **settings))


def close(msp: Closing, run_id: str = "r1", **params: Any) -> Pipeline:
    return msp.close(run_id, billing_period=str(JULY.start), run_after=BILLED_AT, **params)


def lines(msp: Closing) -> dict[int, dict[str, Any]]:
    return {int(line["line_id"]): line for line in msp.box.control.lines()}


def expected() -> dict[int, ExpectedLine]:
    """Return every line that a right run reaches, those included that default guards would hold.

    1374.4999999999998 is what a double makes of 1374.5, and what the hook takes it for; the world takes each digit. A
    customer that is charged in dollars as well is held whole.
    """
    reached = {**SHERWEB.expected(JULY), **SHERWEB.expected(JULY, outcome=Outcome.GUARDED)}
    found = {line_id: line for line_id, line in reached.items() if line.customer_code != "CURR"}
    (azure,) = (line for line in found.values() if (line.customer_code, line.offer_key) == ("AZUR", "azure"))
    assert azure.units == 1374
    return {**found, azure.line_id: replace(azure, units=Decimal(1375), steps=(Step(JULY.start, Decimal(1375)),))}


def to_four_places(cost: Decimal) -> Decimal:
    return cost.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def without_a_cost(line: ExpectedLine) -> bool:
    """Whether subscriptions of several prices leave the line without one unit cost."""
    return line.quantity > 0 and line.costs is None


def test_a_month_of_charges_is_what_the_lines_hold_to_the_unit_and_the_cost(opened: Opened) -> None:
    """Purchases, credits, years, usage: units at the end of the month, and what a unit costs without the tier."""
    msp = opened()
    run = close(msp)

    live, wanted = lines(msp), expected()
    alone = {line_id for line_id, line in wanted.items() if without_a_cost(line)}
    wrong = {
        line_id: (live[line_id]["units"], str(line.units))
        for line_id, line in wanted.items()
        if line_id not in alone and Decimal(live[line_id]["units"]) != line.units
    }
    assert wrong == {}
    costs = {
        line_id: (line.costs.spread() if line.cycle == "Yearly" else line.costs).net_without_tier
        for line_id, line in wanted.items()
        if line.costs is not None and line.units
    }
    assert {line_id: Decimal(live[line_id]["unit_cost"]) for line_id in costs} == {
        line_id: to_four_places(cost) for line_id, cost in costs.items()
    }
    assert len(wanted) > 120
    assert run.ledger.runs.find(run.run_key).result == "Succeeded with warnings"


def test_what_is_held_back_is_named_and_left_as_it_is(opened: Opened) -> None:
    """Another currency, a sum below zero, an offer without a service: nothing of it moves, and each has its code."""
    msp = opened()
    before = lines(msp)
    run = close(msp)

    unmatched = SHERWEB.expected(JULY, outcome=Outcome.UNMATCHED)
    assert {line_id: lines(msp)[line_id]["units"] for line_id in unmatched} == {
        line_id: before[line_id]["units"] for line_id in unmatched
    }
    reasons = {held.why for held in SHERWEB.held(JULY)}
    codes = {
        "no_account": "KS164", "contract_not_monthly": "KS124", "offer_unmapped": "KS14", "line_missing": "KS06",
        "other_currency": "KS198", "negative_sum": "KS106",
    }  # fmt: skip
    assert reasons <= set(codes)
    assert {codes[why] for why in reasons} <= run.codes()
    assert "KS168" in run.codes()  # several prices on one line


def test_the_audit_log_equals_the_diff_and_a_second_run_writes_nothing(opened: Opened) -> None:
    """Law 9, with costs beside quantities; prices are never touched."""
    msp = opened()
    run = close(msp)
    log = msp.box.control.audit()

    entries = sorted((int(row["line_id"]), row["field"], str(+Decimal(row["after"]))) for row in log)
    changes = run.ledger.diffs.load(run.diff["digest"]).changes
    wanted = [(int(one.line_id), "units", str(+one.quantity_after)) for one in changes if one.kind != "set_fields"]
    wanted += [
        (int(one.line_id), each.field.value, str(+Decimal(each.after))) for one in changes for each in one.fields
    ]
    assert entries == sorted(wanted)
    assert {field for _, field, _ in entries} == {"units", "unit_cost"}
    assert len(changes) > 50

    close(msp, "r2")
    assert len(msp.box.control.audit()) == len(log)


@pytest.mark.parametrize("basis", ["net", "list"])
def test_the_cost_basis_is_chosen_by_name(opened: Opened, basis: str) -> None:
    """With the performance tier, or before all deductions."""
    msp = opened(options={"cost_basis": basis})
    close(msp)

    live = lines(msp)
    name = {"net": "net", "list": "list_price"}[basis]
    told = {line_id: line for line_id, line in expected().items() if line.costs is not None and line.units}
    costs = {
        key: getattr(line.costs.spread() if line.cycle == "Yearly" else line.costs, name) for key, line in told.items()
    }
    assert {key: Decimal(live[key]["unit_cost"]) for key in costs} == {
        key: to_four_places(cost) for key, cost in costs.items()
    }


def test_prorate_on_sends_every_change_with_its_own_day_and_off_one_with_the_periods_first(opened: Opened) -> None:
    """The same events, both ways: by day, merged, in order; or what is held at the end, from the period's start."""
    msp = opened(policy={"prorate": True})
    run = close(msp)

    quotas = {key: line for key, line in expected().items() if line.cycle == "Monthly" and not without_a_cost(line)}
    steps: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in msp.box.control.audit():
        if row["field"] == "units":
            steps[int(row["line_id"])].append((row["effective_date"], Decimal(row["after"])))
    several = 0
    for line_id, line in quotas.items():
        told = [(step.day.isoformat(), step.units) for step in line.steps]
        held_before = told[1:] if told[0][1] == line.units_before else told
        assert steps.get(line_id, []) == held_before, line
        several += len(held_before) > 1
    assert several >= 3
    assert {change.step for change in run.ledger.diffs.load(run.diff["digest"]).changes} >= {1, 2}

    done = len(msp.box.control.audit())
    close(msp, "r2")
    assert len(msp.box.control.audit()) == done


@pytest.mark.parametrize("policy", [{}, {"prorate": True, "prorate_from": JULY.end}])
def test_prorate_off_dates_everything_with_the_periods_first_day(opened: Opened, policy: dict[str, Any]) -> None:
    """The start date of the billing period, whenever in it the change was; also while proration has yet to begin."""
    msp = opened(policy=policy)
    close(msp)

    days = {row["effective_date"] for row in msp.box.control.audit() if row["field"] == "units"}
    assert days == {str(JULY.start)}
