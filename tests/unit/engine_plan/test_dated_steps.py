"""Prorate: each change inside the period is written from its own day on, in order, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.planner import PlanInputs, plan
from billing_providers.errors import SettingsError
from billing_providers.model.journal import DatedWrite
from tests.support.plan_scenario import TWO_ACCOUNTS, check, inputs_of

# The period is 2026-09-26 to 2026-10-25.
PRORATED = (
    TWO_ACCOUNTS
    + """
    # run
    takes_dates = yes
    # policy
    prorate = yes
    # guards
    line_factor = off
    customer_share = off
"""
)
BOUGHT = "2026-09-26 = 10; 2026-10-05 = 12; 2026-10-15 = 11"


def usage(steps: str, quantity: int) -> str:
    return f"# usage\ncustomer | identifier | sku | quantity | steps\nASP | A100 | MS365-BP | {quantity} | {steps}\n"


def line(quantity: int) -> str:
    return f"# lines\nid | contract | service | quantity\n100 | 11 | 5 | {quantity}\n"


def test_every_day_on_which_the_quantity_changed_is_a_change_of_its_own():
    """Each counts on the one before it; the guard sees all of them."""
    diff = check(
        PRORATED
        + line(10)
        + usage(BOUGHT, 11)
        + """
    # changes
    line | before | after | from       | reason
    100  | 10     | 12    | 2026-10-05 | step 1 inside the period
    100  | 12     | 11    | 2026-10-15 | step 2 inside the period
    # findings
    """
    )
    assert [change.step for change in diff.changes] == [1, 2]
    assert len({change.change_id for change in diff.changes}) == 2


def test_what_changes_inside_the_period_alone_is_billed_as_well():
    """Two more seats for ten days are money, also where the end is as the beginning."""
    diff = check(
        PRORATED
        + line(10)
        + usage("2026-09-26 = 10; 2026-10-05 = 12; 2026-10-15 = 10", 10)
        + """
    # changes
    line | before | after | from
    100  | 10     | 12    | 2026-10-05
    100  | 12     | 10    | 2026-10-15
    # findings
    """
    )
    assert diff.unchanged_count == 0


def test_without_prorate_there_is_one_change():
    """Off: what is held at the end, from the day that the policy says."""
    check(
        PRORATED.replace("prorate = yes", "effective_date = period_start")
        + line(10)
        + usage(BOUGHT, 11)
        + """
    # changes
    line | before | after | from
    100  | 10     | 11    | 2026-09-26
    # findings
    """
    )


@pytest.mark.parametrize(
    ("written", "live", "left"),
    [
        ("", 10, ["12 from 2026-10-05", "11 from 2026-10-15"]),
        ("2026-10-05 | 10 | 12", 12, ["11 from 2026-10-15"]),
        ("2026-10-05 | 10 | 12 / 2026-10-15 | 12 | 11", 11, []),
        ("2026-10-05 | 10 | 12 / 2026-10-15 | 12 | 11", 40, ["11 from 2026-10-15"]),
        ("2026-10-05 | 10 | 14", 14, ["12 from 2026-10-05", "11 from 2026-10-15"]),
        ("2026-10-05 | 10 | 14 / 2026-10-05 | 14 | 12", 12, ["11 from 2026-10-15"]),
        ("2026-10-05 | 9 | 12", 12, ["10 from 2026-09-26", "12 from 2026-10-05", "11 from 2026-10-15"]),
        ("2026-10-02 | 10 | 15", 15, ["10 from 2026-10-02", "12 from 2026-10-05", "11 from 2026-10-15"]),
        ("2026-09-05 | 9 | 10", 10, ["12 from 2026-10-05", "11 from 2026-10-15"]),
    ],
    ids=["nothing", "the first", "all", "all, then by hand", "another number", "put right", "another beginning",
         "a day that is no more", "before the period"],
)  # fmt: skip
def test_what_was_written_is_not_written_again(written: str, live: int, left: list[str]):
    """A line shows its latest quantity alone; the journal knows what stands before it, and where the two part."""
    rows = "\n".join(f"100 | {row}" for row in filter(None, written.split(" / ")))
    told = f"# written\nline | from | before | after\n{rows}\n# changes\n# findings\n"

    changes = plan(inputs_of(PRORATED + line(live) + usage(BOUGHT, 11) + told)).changes

    assert [f"{change.quantity_after} from {change.effective_date}" for change in changes] == left
    if changes:
        assert changes[0].quantity_before == live


def test_a_write_that_nobody_saw_applied_is_planned_again():
    """What is doubtful is decided by the push, which reads before it writes."""
    told = "# written\nline | from | before | after | certain\n100 | 2026-10-05 | 10 | 12 | no\n# changes\n# findings\n"

    changes = plan(inputs_of(PRORATED + line(10) + usage(BOUGHT, 11) + told)).changes

    assert [change.quantity_after for change in changes] == [12, 11]


def test_a_new_line_begins_with_its_first_quantity_and_the_rest_follows():
    """What follows needs the id of the line; a person is told to run again."""
    text = PRORATED.replace("takes_dates = yes", "takes_dates = yes\nadds = yes")
    check(
        text.replace("prorate = yes", "prorate = yes\nadd_lines = yes")
        + usage(BOUGHT, 11)
        + """
    # changes
    line | kind     | before | after | from
         | add_line |        | 10    | 2026-09-26
    # findings
    code  | says
    KS197 | Run again once this run is through.
    """
    )


def test_minimum_and_included_volume_hold_on_every_day():
    """Line terms are applied to what is held from each day on, not to its last day alone."""
    check(
        PRORATED
        + line(5)
        + usage("2026-09-26 = 3; 2026-10-05 = 12; 2026-10-15 = 4", 4)
        + """
    # terms
    service;mode;minimum
    MS365-BP;quantity_only;5
    # changes
    line | before | after | from
    100  | 5      | 12    | 2026-10-05
    100  | 12     | 5     | 2026-10-15
    # findings
    """
    )


def test_customers_that_share_a_line_are_merged_by_day():
    """One line, one dated history: the sum of all who reach it."""
    both = usage(BOUGHT, 11) + "BRK | A100 | MS365-BP | 2 | 2026-09-26 = 1; 2026-10-15 = 2\n"
    check(
        PRORATED
        + line(11)
        + both
        + """
    # changes
    line | before | after | from
    100  | 11     | 13    | 2026-10-05
    # findings
    """
    )


def test_a_split_by_shares_keeps_no_days_and_says_so():
    """Thirds of three steps would be guessed; the sum is billed from one day on."""
    check(
        PRORATED.replace("6  | BKP-WS", "6  | BKP-WS\n7 | AV")
        + "# lines\nid | contract | service | quantity\n100 | 11 | 5 | 1\n101 | 11 | 6 | 1\n"
        + usage(BOUGHT, 11)
        + """
    # skus
    sku;service;share
    MS365-BP;MS365-BP;1/3
    MS365-BP;BKP-WS;2/3
    # changes
    line | before | after | service
    101  | 1      | 7     | BKP-WS
    100  | 1      | 4     | MS365-BP
    # findings
    code  | says
    KS196 | Map what is prorated without shares
    KS196 | Map what is prorated without shares
    """
    )


def test_one_held_step_holds_the_others():
    """A part of the steps would be another history than the reviewed one."""
    diff = check(
        PRORATED.replace("line_factor = off", "line_factor = 5\nline_floor = 5")
        + line(10)
        + usage("2026-09-26 = 10; 2026-10-05 = 400; 2026-10-15 = 410", 410)
        + """
    # changes
    line | before | after | held
    100  | 10     | 400   | KS114
    100  | 400    | 410   | KS114
    # findings
    code  | says
    KS114 | Held for review
    """
    )
    assert len(diff.held) == 2


def test_a_psa_that_takes_no_days_cannot_prorate():
    """Said before anything is planned."""
    with pytest.raises(SettingsError, match="policy: prorate: cannot be set in Kaseya"):
        check(
            PRORATED.replace("takes_dates = yes", "takes_dates = no")
            + line(10)
            + usage(BOUGHT, 11)
            + "# changes\n# findings\n"
        )


def test_where_quantities_have_days_each_step_counts_on_the_days_after_it():
    """A difference from a day on moves every later day; what is right already is not touched."""
    dated = PRORATED.replace("takes_dates = yes", "dates = yes\nwrites = delta")
    days = "2026-09-26..2026-10-25 = 10; 2026-10-26..2026-11-25 = 10"
    check(
        dated
        + f"# lines\nid | contract | service | quantity | days\n100 | 11 | 5 | 10 | {days}\n"
        + usage(BOUGHT, 11)
        + """
    # changes
    line | before | after | from
    100  | 10     | 12    | 2026-10-05
    100  | 12     | 11    | 2026-10-15
    # findings
    """
    )
    partly = "2026-09-26..2026-10-04 = 10; 2026-10-05..2026-10-25 = 12; 2026-10-26..2026-11-25 = 12"
    check(
        dated
        + f"# lines\nid | contract | service | quantity | days\n100 | 11 | 5 | 10 | {partly}\n"
        + usage(BOUGHT, 11)
        + """
    # changes
    line | before | after | from
    100  | 12     | 11    | 2026-10-15
    # findings
    """
    )


START = date(2026, 9, 26)
HISTORY = st.dictionaries(st.integers(1, 29), st.integers(0, 30), max_size=5)


@given(HISTORY, HISTORY, st.integers(0, 30), st.integers(0, 6))
def test_histories_written_one_after_the_other_lead_to_the_last_one_and_then_to_nothing(
    wrong: dict[int, int], right: dict[int, int], first: int, stopped_after: int
):
    """However far a push comes, and whatever the source corrects: what is written in the end is what is right."""
    written: list[DatedWrite] = []
    live = Decimal(first)
    for history, pushed in ((wrong, stopped_after), (right, 99)):
        days = {START: first} | {START + timedelta(days=day): units for day, units in sorted(history.items())}
        steps = "; ".join(f"{day} = {units}" for day, units in days.items())
        text = PRORATED + line(first) + usage(steps, list(days.values())[-1]) + "# changes\n# findings\n"
        inputs = inputs_of(text)
        for change in plan(_now(inputs, live, written)).changes[:pushed]:
            assert change.quantity_before == live
            day, before, live = change.effective_date, change.quantity_before, change.quantity_after
            written.append(DatedWrite(change.line_id, day, live, True, before))

    told = {write.effective_date: write.quantity_after for write in written}
    for day in (START + timedelta(days=number) for number in range(30)):
        assert _held(told, day, first) == _held(days, day, first)
    assert plan(_now(inputs, live, written)).changes == ()


def _now(inputs: PlanInputs, live: Decimal, written: list[DatedWrite]) -> PlanInputs:
    (held,) = inputs.lines
    return replace(inputs, lines=[replace(held, quantity=live)], dated_writes=list(written))


def _held(told: dict[date, Any], day: date, first: int) -> Decimal:
    return Decimal([first, *(units for begins, units in sorted(told.items()) if begins <= day)][-1])
