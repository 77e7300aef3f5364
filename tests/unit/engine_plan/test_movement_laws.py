"""What does not move in a run is outside of it, for tenants that nobody would write down."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_providers.engine.movement import MovementTable, load_movement
from billing_providers.engine.planner import PlanInputs, lines_wanted, plan
from billing_providers.engine.seen_usage import YoungUsage
from billing_providers.model.changes import parts_of
from billing_providers.model.settings import Guards
from tests.unit.engine_plan.test_plan_laws import CODES, SKUS, tenants

DAY = date(2026, 10, 5)
tables = st.lists(st.sampled_from(["AV", "BKP", "MS365", "OLD", "X"]), unique=True)


def with_table(inputs: PlanInputs, waiting: list[str]) -> PlanInputs:
    """Return the inputs on a day of the open period, with some SKUs on the billing date."""
    rows = "".join(f"{sku},billing_date\n" for sku in waiting)
    table = load_movement(f"sku,moves\n{rows}*,at_once\n", "m.csv")
    return dataclasses.replace(inputs, movement=table, scope=dataclasses.replace(inputs.scope, as_of=DAY))


def as_if_not_there(inputs: PlanInputs, waiting: list[str]) -> PlanInputs:
    """Return the inputs without these SKUs' usage and lines, and with nothing on the billing date."""
    there = np.array([sku.strip() not in waiting for sku in inputs.charges["sku"]], dtype=bool)
    managed = [line for line in inputs.managed if set(waiting).isdisjoint(parts_of(line.sku))]
    alone = dataclasses.replace(inputs, charges=inputs.charges[there], managed=managed)
    return with_table(alone, [])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tenants(), tables)
def test_a_run_is_as_if_what_does_not_move_were_not_there(inputs: PlanInputs, waiting: list[str]) -> None:
    """Changes, zeroings, holds, what is registered, what is said and which lines are read: all the same."""
    bounded, alone = with_table(inputs, waiting), as_if_not_there(inputs, waiting)
    got, wanted = plan(bounded), plan(alone)

    assert got.changes == wanted.changes
    assert got.matched == wanted.matched
    assert (got.unchanged_count, got.complete, got.counts) == (wanted.unchanged_count, wanted.complete, wanted.counts)
    assert [finding for finding in got.findings if finding.number != 210] == list(wanted.findings)
    assert lines_wanted(bounded) == lines_wanted(alone)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tenants(), tables)
def test_the_kinds_of_one_table_share_the_work_without_overlap_or_gap(inputs: PlanInputs, waiting: list[str]) -> None:
    """A run in the period and the close of the rest together do what one close does: nothing twice, nothing lost."""
    off = Guards(None, customer_share=None, run_lines=None, run_amount=None, record_share=None)
    inputs = dataclasses.replace(inputs, settings=dataclasses.replace(inputs.settings, guards=off))
    part = dataclasses.replace(
        inputs.settings, movement="m.csv", moves=("billing_date",), policy=inputs.settings.policy
    )
    table = with_table(inputs, waiting).movement
    at_once = plan(with_table(inputs, waiting)).changes
    rest = plan(dataclasses.replace(inputs, movement=table, settings=part)).changes
    whole = plan(dataclasses.replace(inputs, movement=MovementTable.empty())).changes

    lines = [change.change_id for change in (*at_once, *rest)]
    assert len(lines) == len(set(lines))
    mixed = {line.line_id for line in inputs.managed if len(parts_of(line.sku)) > 1}
    if inputs.settings.policy.zeroing_limit >= len(whole):
        assert {change.change_id for change in whole if change.line_id not in mixed} <= set(lines)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tenants(), st.frozensets(st.tuples(st.sampled_from(CODES), st.sampled_from(SKUS))))
def test_what_is_young_waits_and_nothing_else_does(inputs: PlanInputs, pairs: frozenset[tuple[str, str]]) -> None:
    """The debounce takes whole changes away; it never makes another number of one."""
    off = Guards(None, customer_share=None, run_lines=None, run_amount=None, record_share=None)
    inputs = with_table(dataclasses.replace(inputs, settings=dataclasses.replace(inputs.settings, guards=off)), [])
    every, young = plan(inputs), YoungUsage(pairs)
    some = plan(dataclasses.replace(inputs, young=young))

    assert list(some.changes) == [change for change in every.changes if not young.holds(change)]
    left = {change.line_id for change in every.changes} - {change.line_id for change in some.changes}
    assert left.isdisjoint(line.line_id for line in some.matched)
