"""Several dated changes of one line: in order, each once, whatever is lost on the way; by the PSA's audit log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.push.applier import apply_changes
from billing_providers.push.verifier import lines_now_managed, verify_changes
from tests.contract.push.conftest import Push, in_states
from tests.support.psa_cases import needs


@pytest.fixture
def steps(push: Push) -> tuple[LineChange, ...]:
    """Three steps of each of two lines: two more, one less, two more."""
    if not push.offered.takes_dates:
        pytest.skip(f"{push.case.key} takes no days")
    made = []
    for change in push.of_kind(ChangeKind.SET_QUANTITY)[:2]:
        held = change.quantity_before or Decimal(0)
        for number, after in enumerate((held + 2, held + 1, held + 3), start=1):
            before = made[-1].quantity_after if number > 1 else held
            day = change.effective_date + timedelta(days=3 * number)
            made.append(
                replace(
                    change,
                    change_id=f"{change.line_id}-{number}",
                    quantity_before=before,
                    quantity_after=after,
                    effective_date=day,
                    step=number,
                    fields=(),
                    kind=ChangeKind.SET_QUANTITY,
                )
            )
    push.start_over(tuple(made), "5" * 64)
    return tuple(made)


def applied(push: Push) -> list[tuple[str, str, str]]:
    """What the PSA applied: line, from when on, and the quantity or difference."""
    rows = push.box.control.audit(system=push.case.key)
    return [(str(row["line_id"]), str(row["effective_date"]), str(row["after"])) for row in rows]


def in_order(push: Push, steps: tuple[LineChange, ...]) -> None:
    """Each step is there once, those of a line by day."""
    rows = applied(push)
    assert len(rows) == len(steps)
    for line_id in {change.line_id for change in steps}:
        days = [day for line, day, _ in rows if line == line_id]
        assert days == sorted(str(change.effective_date) for change in steps if change.line_id == line_id)


@needs("dated quantities")
def test_steps_are_written_by_day_each_once(push: Push, steps: tuple[LineChange, ...]) -> None:
    """The first run writes them all, a second one nothing, and the line counts as managed with what it holds last."""
    apply_changes(push.job())
    in_order(push, steps)
    apply_changes(push.job())
    in_order(push, steps)

    states = verify_changes(push.job())
    assert set(in_states(states)) <= {"confirmed", "verified"}
    assert not lines_now_managed(push.diff, states)  # this diff matched no lines; nothing is left undone either


@needs("dated quantities")
@pytest.mark.parametrize("lost", range(1, 7))
def test_a_lost_answer_of_any_step_keeps_the_order_and_doubles_nothing(
    lost: int, push: Push, steps: tuple[LineChange, ...]
) -> None:
    """What follows a doubtful step waits for it; reruns take up where it is decided."""
    push.fault("drop_after", nth=lost, count=1)
    for _ in range(3):
        apply_changes(push.job())
        verify_changes(push.job())
        push.wait_for_lists()

    in_order(push, steps)


@needs("dated quantities")
def test_a_refused_step_stops_those_that_follow_it(push: Push, steps: tuple[LineChange, ...]) -> None:
    """What counts on a missing step is stale; the other line goes on."""
    push.fault("status", status=400, count=1)
    apply_changes(push.job(requests_in_flight_max=1))

    states = in_states(push.ledger.journal.states(push.diff.digest))
    assert states == {"failed": 1, "stale": 2, "confirmed": 3}


@needs("dated quantities")
def test_an_edit_between_two_steps_is_noticed(push: Push, steps: tuple[LineChange, ...]) -> None:
    """Each step reads anew: a person's number is never written over."""
    first = next(change for change in steps if change.step == 1)
    push.edit(first, units=str((first.quantity_before or 0) + 40))
    apply_changes(push.job())

    states = push.ledger.journal.states(push.diff.digest)
    of_line = {states[change.change_id].state.value for change in steps if change.line_id == first.line_id}
    assert of_line == {"stale"}
