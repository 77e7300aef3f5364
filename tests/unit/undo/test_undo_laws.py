"""Laws that every undo keeps: what a run changed goes back, planning again finds the same, nobody is overwritten."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_providers.engine.planner import PlanInputs, plan
from billing_providers.engine.undo import undo
from billing_providers.model.changes import (
    ChangeKind,
    ContractDiff,
    FieldChange,
    LineChange,
    LineField,
    ManagedLine,
)
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.psa import Contract, ContractLine, UnitPeriod
from billing_providers.steps.registered_lines import registered_lines
from tests.support.diffs import PERIOD, TENANT, change, diff_of, line
from tests.support.simulated_lines import (
    NOON,
    UNDO,
    WRITTEN,
    Lines,
    capabilities,
    journal_of,
    took,
    took_differences,
    undo_inputs,
)
from tests.unit.engine_plan.test_plan_laws import tenants

laws = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

amounts = st.sampled_from(["0", "0.25", "1", "7", "12.5", "300"])
texts = st.sampled_from(["", "Backup", "Backup October", "Zürich – 7"])
ENDS = (
    (JournalState.INTENDED, JournalState.SENT, JournalState.FAILED),
    (JournalState.INTENDED, JournalState.STALE),
    (JournalState.INTENDED,),
    (JournalState.INTENDED, JournalState.SENT, JournalState.UNKNOWN),
    (JournalState.INTENDED, JournalState.SENT, JournalState.MISMATCH),
    (JournalState.INTENDED, JournalState.CONFIRMED),
)
UNTOUCHED, DOUBTFUL = ENDS[:3], ENDS[3:5]


@st.composite
def pushes(draw: Any) -> tuple[Lines, ContractDiff]:
    """Lines, and changes of some of them: quantities, fields, both, or several dated steps."""
    lines: Lines = {}
    changes: list[LineChange] = []
    for number in range(draw(st.integers(1, 6))):
        held = line(
            str(100 + number),
            draw(st.integers(0, 40)),
            unit_price=Decimal(draw(amounts)),
            unit_cost=Decimal(draw(amounts)),
            invoice_text=draw(texts),
            included=Decimal(draw(amounts)),
        )
        lines[held.line_id] = held
        changes += draw(changes_of(held))
    return lines, diff_of(*changes)


@st.composite
def changes_of(draw: Any, held: ContractLine) -> list[LineChange]:
    wanted = {
        LineField.UNIT_PRICE: draw(st.none() | amounts),
        LineField.UNIT_COST: draw(st.none() | amounts),
        LineField.INVOICE_TEXT: draw(st.none() | texts.filter(bool)),
        LineField.INCLUDED: draw(st.none() | amounts),
    }
    fields = tuple(
        FieldChange(name, held.field(name), after)
        for name, after in sorted(wanted.items())
        if after is not None and after != (held.field(name) or "")
    )
    quantities = draw(st.lists(st.integers(0, 40), max_size=3))
    steps = [] if len(quantities) < 2 else list(range(1, len(quantities) + 1))
    made, before = [], held.quantity
    for step, after in zip(steps or [0], quantities or [held.quantity], strict=False):
        kind = ChangeKind.SET_FIELDS if not quantities else ChangeKind.SET_QUANTITY
        day = PERIOD.start + timedelta(days=step)
        made.append(
            change(
                f"{held.line_id}-{step}", line_id=held.line_id, kind=kind, quantity_before=before,
                quantity_after=Decimal(after), step=step, effective_date=day,
            )
        )  # fmt: skip
        before = Decimal(after)
    made[-1] = dataclasses.replace(made[-1], fields=fields)
    return [one for one in made if one.step or one.fields or one.quantity_before != one.quantity_after]


@laws
@given(pushes())
def test_applying_the_undo_gives_the_lines_before(push: tuple[Lines, ContractDiff]) -> None:
    """Quantity and every field of every line, whatever the run had set, in however many steps."""
    before, diff = push
    after = took(before, diff.changes)

    undone = undo(undo_inputs(diff, after.values()))

    assert took(after, undone.changes) == before
    assert all(after[one.line_id].quantity == one.quantity_before or one.step > 1 for one in undone.changes)


@laws
@given(pushes())
def test_undoing_twice_changes_nothing_and_undoing_the_undo_gives_back_what_the_run_had_set(
    push: tuple[Lines, ContractDiff],
) -> None:
    """A second undo finds every line as it was before; the undo of the undo finds its own diff."""
    before, diff = push
    after = took(before, diff.changes)
    undone = undo(undo_inputs(diff, after.values()))
    restored = took(after, undone.changes)

    twice = undo(undo_inputs(diff, restored.values()))
    back = undo(undo_inputs(undone, restored.values(), entries=journal_of(undone, run_key=UNDO)))

    assert twice.changes == ()
    assert took(restored, back.changes) == after


@laws
@given(pushes(), st.data())
def test_a_line_that_was_changed_since_or_is_in_doubt_is_left_alone_and_told(
    push: tuple[Lines, ContractDiff], data: st.DataObject
) -> None:
    """Every line either goes back, or is as it was before, or has a finding; none is overwritten."""
    before, diff = push
    after = took(before, diff.changes)
    edited = {key: data.draw(st.sampled_from([0, 0, 1])) for key in after}
    now = {key: dataclasses.replace(one, quantity=one.quantity + edited[key]) for key, one in after.items()}
    ends = {
        one.change_id: data.draw(st.sampled_from([WRITTEN, WRITTEN, *ENDS])) for one in diff.changes if not one.step
    }

    undone = undo(undo_inputs(diff, now.values(), entries=journal_of(diff, ends)))

    told = {finding.about("line") for finding in undone.findings if finding.number == 203}
    restored = took(now, undone.changes)
    for one in diff.changes:
        end = ends.get(one.change_id, WRITTEN)
        if edited[one.line_id] or end in ENDS:
            assert (
                restored[one.line_id] == now[one.line_id] or now[one.line_id].quantity == before[one.line_id].quantity
            )
        if end in DOUBTFUL:
            assert one.line_id in told
        if end in UNTOUCHED:
            assert one.line_id not in {entry.line_id for entry in undone.changes}
        if end == WRITTEN and not edited[one.line_id]:
            assert restored[one.line_id] == before[one.line_id]


@laws
@given(tenants())
def test_planning_again_after_an_undo_reproduces_the_diff(inputs: PlanInputs) -> None:
    """The same lines, quantities and fields; a line that was added is there, and is set instead."""
    before = {one.line_id: one for one in inputs.lines}
    diff = plan(inputs)
    after, register = pushed(before, inputs.managed, diff)
    undone = undo(
        undo_inputs(
            diff, after.values(), managed=register, capabilities=inputs.capabilities,
            managed_before=frozenset(one.line_id for one in inputs.managed),
        )
    )  # fmt: skip
    restored, register = pushed(after, register, undone, run_key=UNDO)

    again = plan(dataclasses.replace(inputs, lines=list(restored.values()), managed=register))

    assert {key: one for key, one in restored.items() if key in before} == before
    assert what(again.changes) == what(diff.changes)


def what(changes: Sequence[LineChange]) -> list[tuple[Any, ...]]:
    return sorted(
        (one.contract_id, one.service_id, str(one.quantity_before or 0), str(one.quantity_after), str(one.fields))
        for one in changes
    )


def pushed(
    lines: Lines, register: Sequence[ManagedLine], diff: ContractDiff, *, run_key: str = ""
) -> tuple[Lines, list[ManagedLine]]:
    """Return lines and register after a push and its read-back."""
    states: dict[str, JournalEntry] = {entry.change_id: entry for entry in journal_of(diff)}
    rows = registered_lines(diff, states, register, undoes=run_key == UNDO)
    kept = {one.line_id: one for one in register} | {
        one.line_id: ManagedLine(
            TENANT, one.line_id, one.contract_id, one.account_id, one.service_id, one.customer_code, one.sku,
            one.quantity, PERIOD.start, one.billing_cycle, one.holds_from, one.last_day, run_key, NOON,
        )
        for one in rows.kept
    }  # fmt: skip
    return took(lines, diff.changes), [one for key, one in kept.items() if key not in rows.forgotten]


HORIZON = date(2026, 12, 31)
CONTRACT = Contract("10", "1", "", "Aspen services", "", True, "Monthly", None, None)


@st.composite
def dated(draw: Any) -> tuple[ContractLine, ContractDiff, date]:
    """A line whose units hold from days on, differences of one run, and until when rows are posted by now."""
    first = draw(st.integers(5, 40))
    schedule = (UnitPeriod(date(2026, 9, 1), HORIZON, Decimal(first)),)
    days = draw(st.lists(st.integers(0, 40), min_size=1, max_size=4, unique=True))
    held, changes = line("100", first, schedule=schedule), []
    now = held
    for step, offset in enumerate(sorted(days), start=1):
        day = PERIOD.start + timedelta(days=offset)
        before = now.quantity_on(day)
        assert before is not None
        after = draw(st.integers(0, 60).map(Decimal).filter(lambda units, held=before: units != held))
        one = change(
            f"s{step}", quantity_before=before, quantity_after=after, effective_date=day,
            step=step if len(days) > 1 else 0,
        )  # fmt: skip
        changes.append(one)
        now = took_differences(now, [one])
    return held, diff_of(*changes), PERIOD.start + timedelta(days=draw(st.integers(-10, 30)))


@laws
@given(dated())
def test_differences_are_taken_back_each_on_a_free_day_and_nothing_before_it_moves(
    case: tuple[ContractLine, ContractDiff, date],
) -> None:
    """From the last of these days on the line holds what it held; no day is changed twice, none that is posted."""
    before, diff, posted_until = case
    after = took_differences(before, diff.changes)
    after = dataclasses.replace(
        after, schedule=tuple(dataclasses.replace(row, posted=row.end <= posted_until) for row in after.schedule)
    )
    offered = capabilities(dates_quantities=True)

    undone = undo(undo_inputs(diff, [after], contracts={"10": CONTRACT}, capabilities=offered))

    told = [finding for finding in undone.findings if finding.number in {203, 204}]
    if not undone.changes:
        assert told or all(row.units == before.schedule[0].units for row in after.schedule[-1:])
        return
    restored = took_differences(after, undone.changes)
    own = {one.effective_date for one in diff.changes}
    last = max(one.effective_date for one in undone.changes)
    assert restored.quantity_on(last) == restored.quantity_on(HORIZON) == before.quantity_on(HORIZON)
    assert own.isdisjoint(one.effective_date for one in undone.changes)
    first = min(one.effective_date for one in undone.changes)
    assert [restored.quantity_on(first - timedelta(days=ago)) for ago in range(1, 20)] == [
        after.quantity_on(first - timedelta(days=ago)) for ago in range(1, 20)
    ]
    assert not any(
        row.posted and row.start <= one.effective_date <= row.end for row in after.schedule for one in undone.changes
    )
    assert len([one for one in told if one.number == 204]) == len(undone.changes)


@laws
@given(dated(), st.integers(0, 40), st.integers(1, 5))
def test_dated_units_that_somebody_moved_since_are_left_alone(
    case: tuple[ContractLine, ContractDiff, date], offset: int, more: int
) -> None:
    """From whichever day on, the run's own days or later: nothing is written, and both values are told."""
    before, diff, _ = case
    day = max(one.effective_date for one in diff.changes) + timedelta(days=offset)
    after = took_differences(before, diff.changes)
    held = after.quantity_on(day)
    assert held is not None
    hand = change(quantity_before=held, quantity_after=held + more, effective_date=day)
    moved = took_differences(after, [hand])
    if moved.quantity_on(HORIZON) == before.quantity_on(HORIZON):
        return  # the hand had set what stood before the run

    undone = undo(
        undo_inputs(diff, [moved], contracts={"10": CONTRACT}, capabilities=capabilities(dates_quantities=True))
    )

    assert undone.changes == ()
    (told,) = [finding.message for finding in undone.findings]
    assert f"it holds {held + more} now on {day}, and the run had left {held}" in told
