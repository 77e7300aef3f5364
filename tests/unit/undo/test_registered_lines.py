"""What the register holds after a push: what the lines hold, so that zeroing and drift start from the truth."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from billing_providers.model.changes import ChangeKind, ManagedLine, MatchedLine
from billing_providers.model.journal import JournalState
from billing_providers.steps.registered_lines import registered_lines
from tests.support.diffs import PERIOD, TENANT, change, diff_of
from tests.support.simulated_lines import journal_of

MATCHED = MatchedLine("100", "10", "1", "5", "ASP", "MS365-BP", Decimal(5), "monthly", date(2026, 10, 1))
MANAGED = ManagedLine(TENANT, "200", "10", "1", "5", "BRK\nCED", "BKP", Decimal(7), PERIOD.start, "", date(2026, 9, 1))
ZEROED = change("c2", line_id="200", kind=ChangeKind.ZERO, quantity_before=Decimal(7), quantity_after=Decimal(0))


def registered(*changes, undoes=False, ends=None):
    diff = dataclasses.replace(diff_of(*changes), matched=(MATCHED,))
    states = {entry.change_id: entry for entry in journal_of(diff, ends)}
    return registered_lines(diff, states, [MANAGED], undoes=undoes)


def test_a_changed_line_holds_its_quantity_from_the_day_of_its_last_step() -> None:
    """Which need not be the day that the plan had compared."""
    steps = [change(f"c{step}", step=step, effective_date=date(2026, 10, 3 * step)) for step in (1, 2)]

    assert registered(*steps).kept == (dataclasses.replace(MATCHED, holds_from=date(2026, 10, 6)),)


def test_a_line_that_was_set_to_zero_is_registered_with_zero() -> None:
    """For the customers and SKUs that it stood for; a zeroing that failed leaves the register as it was."""
    (_, emptied) = registered(change(), ZEROED).kept

    assert (emptied.line_id, emptied.quantity, emptied.customer_code) == ("200", 0, "BRK\nCED")
    assert emptied.holds_from == ZEROED.effective_date
    assert len(registered(change(), ZEROED, ends={"c2": (JournalState.FAILED,)}).kept) == 1


def test_an_undo_forgets_what_it_restored_and_does_not_match() -> None:
    """Such a line was nobody's before the run that is undone; an ordinary run forgets none."""
    back = change("c3", line_id="300")

    assert registered(back, undoes=True).forgotten == ("300",)
    assert registered(change(), undoes=True).forgotten == ()
    assert registered(ZEROED, undoes=True).forgotten == ()
    assert registered(back).forgotten == ()
