"""Kaseya's modules to Autotask, whole: the shipped settings against the simulated tenant, by its own audit log.

What is right is stated by the simulated world itself, apart from the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.modules.expected import ExpectedUnits, Wanted
from billing_providers.sandbox.world.records import Outcome
from tests.support.closing import Closing, closing
from tests.support.module_files import put_grid, put_metrics_file
from tests.support.pipeline import Pipeline

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
NOVEMBER = BillingPeriod(date(2026, 11, 1), date(2026, 12, 1), "Europe/London")
MODULES = build_world().modules
DAG_ID = "kaseya_modules_to_autotask"


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Closing]:
    """An MSP on the morning on which October is closed; a person has mapped what names do not tell."""
    for period in (OCTOBER, NOVEMBER):
        put_metrics_file(tmp_path, MODULES, period)
    with closing(tmp_path, DAG_ID) as opened:
        opened.box.control.move_clock("2026-11-01T00:30:00+00:00")
        opened.change(customer_map=str(put_grid(tmp_path / "grid.csv", MODULES)))
        yield opened


def close(msp: Closing, run_id: str, period: BillingPeriod = OCTOBER) -> Pipeline:
    return msp.close(run_id, billing_period=period.start.isoformat())


def lines(msp: Closing) -> dict[str, dict[str, Any]]:
    return {str(line["line_id"]): line for line in msp.box.control.lines(system="autotask")}


def units_on(line: dict[str, Any], day: date) -> int:
    """Return the units in force on a day, by the tenant's own rows."""
    held = [int(step["units"]) for step in line["schedule"] if step["since"] <= day.isoformat()]
    return held[-1] if held else 0


def deltas(msp: Closing) -> list[tuple[str, str, str]]:
    """What the PSA really took: line, day, difference."""
    rows = msp.box.control.audit(system="autotask")
    return sorted((str(row["line_id"]), str(row["effective_date"]), str(row["delta"])) for row in rows)


def planned(run: Pipeline) -> list[tuple[str, str, str]]:
    """What the approved diff says, in the same form."""
    changes = run.ledger.diffs.load(run.diff["digest"]).changes
    return sorted(
        (change.line_id, change.effective_date.isoformat(), str(change.quantity_after - (change.quantity_before or 0)))
        for change in changes
    )


def right(period: BillingPeriod) -> dict[str, ExpectedUnits]:
    """What each line must hold: an increase from the closed period's start on, a decrease from the next one's.

    But for the customer with a count that cannot be read: its whole account is left alone.
    """
    held = {line for stem in MODULES.stems for line in stem.lines if stem.customer_code == "FRAC"}
    up = MODULES.expected(period, wanted=Wanted(on=period.start, holds_service=True))
    down = MODULES.expected(period, wanted=Wanted(on=period.end, holds_service=True))
    rising = {line for line, units in up.items() if units.change > 0}
    either = {line: up[line] if line in rising else units for line, units in {**up, **down}.items()}
    return {line: units for line, units in either.items() if line not in held}


def may_move(period: BillingPeriod) -> set[str]:
    """Lines that a guard or a date may hold back, and that nothing else is said of."""
    return {
        line
        for on in (period.start, period.end)
        for line in MODULES.expected(period, outcome=Outcome.GUARDED, wanted=Wanted(on=on, holds_service=True))
    }


def test_a_close_leaves_what_the_world_calls_right_and_touches_nothing_else(msp: Closing) -> None:
    """Every line that usage reaches holds its units from its own day on, by one difference, and no other line moved."""
    before = lines(msp)
    run = close(msp, "r1")

    after, wanted = lines(msp), right(OCTOBER)
    wrong = {
        line: (units_on(after[line], units.from_day), units)
        for line, units in wanted.items()
        if units_on(after[line], units.from_day) != units.units
    }
    assert wrong == {}
    assert len(wanted) > 150
    assert {line for line in after if after[line] != before[line]} <= set(wanted) | may_move(OCTOBER)
    assert deltas(msp) == planned(run)
    assert max(Counter((line, day) for line, day, _ in deltas(msp)).values()) == 1
    assert msp.box.control.ignored_by_autotask() == []


def test_closing_again_plans_and_writes_nothing(msp: Closing) -> None:
    """A second run, by hand, changes nothing and doubles nothing, though decreases only hold from the next month on."""
    close(msp, "scheduled")
    applied = deltas(msp)

    again = close(msp, "by-hand")

    assert planned(again) == []
    assert deltas(msp) == applied


def test_the_next_month_goes_on_from_what_the_first_one_left(msp: Closing) -> None:
    """Increases of November meet the decreases that October had dated there; the difference is from what is held."""
    close(msp, "october")
    applied = deltas(msp)
    msp.box.control.move_clock("2026-12-01T00:30:00+00:00")

    run = close(msp, "november", NOVEMBER)

    assert sorted(set(deltas(msp)) - set(applied)) == planned(run) != []
    after = lines(msp)
    held = {line: (units_on(after[line], NOVEMBER.end), units.units) for line, units in at_the_end(NOVEMBER).items()}
    taken = {finding.about("line") for finding in run.findings() if finding.number == 188}
    assert {line: both for line, both in held.items() if both[0] != both[1] and line not in taken} == {}
    assert len(held) > 150


def at_the_end(period: BillingPeriod) -> dict[str, ExpectedUnits]:
    """Return what lines must hold once the period is over, whatever day they changed on."""
    kept = set(right(period))
    over = MODULES.expected(period, wanted=Wanted(on=period.end, holds_service=True))
    return {line: units for line, units in over.items() if line in kept}


def test_what_cannot_be_billed_is_named_and_never_stops_the_others(msp: Closing) -> None:
    """Each awkward customer of the world is held back under its own code."""
    run = close(msp, "r1")
    told = {f"{found.code} {found.about('customer_name') or found.about('customer')}" for found in run.findings()}
    expected = {
        "AT05 Northcote Conveyancing", "AT05 Typhoon Sailing Club", "AT05 Newmonk Abbey Trust", "AT05 Stopford Haulage",
        "AT05 Enderby Drums", "AT101 Twinflower Care Homes", "AT164 Unwin Knitwear", "AT164 Harlow and Sons Ltd",
        "AT164 LOWER WHARF PRINTING", "AT06 Nolan & Nye Accountants", "AT14 Graphus: Severn Inns",
        "AT114 Jumpers Trampoline Parks", "AT185 Postbridge Hotels", "AT186 Assynt Salmon", "AT190 Wrenfield Nurseries",
    }  # fmt: skip
    assert expected - told == set()
    record = run.ledger.runs.find(run.run_key)
    assert record is not None
    assert record.result == "Succeeded with warnings"
