"""What the undo of a run makes of single lines: the kinds of changes, what cannot be restored, who stays managed."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.engine.digest import verify_digest
from billing_providers.engine.undo import undo
from billing_providers.engine.undo_days import LegalDay, legal_day
from billing_providers.engine.undone import undone_runs, undos_of
from billing_providers.model.changes import (
    ChangeKind,
    ContractDiff,
    FieldChange,
    LineField,
    ManagedLine,
    MatchedLine,
)
from billing_providers.model.journal import JournalState
from billing_providers.model.psa import Contract, UnitPeriod
from billing_providers.model.runs import RunResult
from tests.support.diffs import PERIOD, TENANT, change, diff_of, line
from tests.support.ledger_values import run_record
from tests.support.simulated_lines import RUN, WRITTEN, capabilities, journal_of, undo_inputs

INTENDED, SENT, CONFIRMED = JournalState.INTENDED, JournalState.SENT, JournalState.CONFIRMED
ENDED = FieldChange(LineField.LAST_DAY, None, "2026-10-25")


def managed(line_id: str = "100", quantity: int = 5, **changes: Any) -> ManagedLine:
    value = ManagedLine(TENANT, line_id, "10", "1", "5", "ASP", "MS365-BP", Decimal(quantity), PERIOD.start)
    return dataclasses.replace(value, **changes)


def told(diff: ContractDiff, number: int = 203) -> list[str]:
    return [finding.message for finding in diff.findings if finding.number == number]


def test_the_diff_is_one_like_any_other() -> None:
    """Bound by its digest, traced to the run's snapshot and charges, with counts and totals; it names the run."""
    diff = diff_of(change())

    undone = undo(undo_inputs(diff, [line(quantity=5)]))

    (back,) = undone.changes
    assert verify_digest(undone)
    assert (undone.snapshot_id, undone.charge_set_id, undone.applicable) == ("s" * 32, "c" * 32, True)
    assert dict(undone.totals)["quantity_delta"] == Decimal(-2)
    assert (dict(undone.counts)["changes"], dict(undone.counts)["not_undone"]) == (1, 0)
    assert back.reason == f"Run {RUN} had left 5; this restores what the line held before it."
    assert (back.quantity_before, back.quantity_after, back.effective_date) == (5, 3, date(2026, 10, 26))


def test_another_undo_of_the_same_lines_has_another_digest() -> None:
    """What was undone, taken up again and undone once more is pushed anew, and is not taken for done."""
    diff = diff_of(change())
    first = undo(undo_inputs(diff, [line(quantity=5)]))

    second = undo(undo_inputs(diff, [line(quantity=5)], undone_before=["dag/u1"]))

    assert first.changes == second.changes
    assert first.digest != second.digest


def test_a_guard_says_what_is_large() -> None:
    """As information: a person decides in any case, and approving writes the held ones as well."""
    diff = diff_of(change(quantity_before=Decimal(900), quantity_after=Decimal(5)))

    undone = undo(undo_inputs(diff, [line(quantity=5)]))

    assert undone.changes[0].held_by == ("KS114", "KS115")
    assert {finding.number for finding in undone.findings} == {114, 115}


def test_an_added_line_is_set_to_zero_and_keeps_what_was_sent_with_it() -> None:
    """Never deleted; found by the id that the PSA told."""
    added = change(
        kind=ChangeKind.ADD_LINE,
        line_id="",
        quantity_before=None,
        fields=(FieldChange(LineField.INVOICE_TEXT, None, "New"),),
    )

    undone = undo(undo_inputs(diff_of(added), [line("9105", 5, invoice_text="New")]))

    (back,) = undone.changes
    assert (back.kind, back.line_id, back.quantity_before, back.quantity_after) == (ChangeKind.ZERO, "9105", 5, 0)
    assert back.fields == ()
    assert undone.matched == ()


def test_a_last_day_is_taken_away_where_the_psa_can_and_told_where_it_cannot() -> None:
    """A line that the run ended."""
    ends = diff_of(
        change(kind=ChangeKind.END_LINE, quantity_before=Decimal(4), quantity_after=Decimal(0), fields=(ENDED,))
    )
    live = [line(quantity=4, last_day=date(2026, 10, 25))]

    can = undo(undo_inputs(ends, live, capabilities=capabilities(clears=frozenset({LineField.LAST_DAY}))))
    cannot = undo(undo_inputs(ends, live))

    (back,) = can.changes
    assert (back.kind, back.quantity_before, back.quantity_after) == (ChangeKind.SET_FIELDS, 4, 4)
    assert back.fields == (FieldChange(LineField.LAST_DAY, "2026-10-25", ""),)
    assert cannot.changes == ()
    assert told(cannot) == [
        "Aspen Ltd: MS365-BP on contract Aspen services is not restored: its last day 2026-10-25 cannot be taken away."
    ]


def test_a_field_that_was_not_told_before_stays_and_the_rest_goes_back() -> None:
    """An empty text is written back as empty; an amount that nobody knew is no zero."""
    fields = (FieldChange(LineField.INVOICE_TEXT, None, "October"), FieldChange(LineField.UNIT_COST, None, "4"))
    live = [line(quantity=5, invoice_text="October", unit_cost=Decimal(4))]

    undone = undo(undo_inputs(diff_of(change(fields=fields)), live))

    (back,) = undone.changes
    assert (back.quantity_after, back.fields) == (3, (FieldChange(LineField.INVOICE_TEXT, "October", ""),))
    assert "its unit cost was not told before the run, and stays 4" in told(undone)[0]


def test_a_run_that_pushed_two_diffs_goes_back_to_what_was_before_the_first() -> None:
    """Planned again and reviewed anew within one run: its changes of a line are one way."""
    first = dataclasses.replace(diff_of(change("c1")), digest="1" * 64)
    second = dataclasses.replace(
        diff_of(change("c2", quantity_before=Decimal(5), quantity_after=Decimal(9))), digest="2" * 64
    )
    entries = [*journal_of(first), *journal_of(second)]

    undone = undo(undo_inputs(second, [line(quantity=9)], diffs=[first, second], entries=entries))

    assert [(one.quantity_before, one.quantity_after) for one in undone.changes] == [(9, 3)]


@pytest.mark.parametrize(
    ("states", "live", "why"),
    [
        ((INTENDED, SENT, JournalState.UNKNOWN), {}, "nobody knows whether the run's change was applied"),
        ((INTENDED, SENT), {}, "nobody knows whether the run's change was applied"),
        ((INTENDED, SENT, JournalState.MISMATCH), {}, "Kaseya did not show what the run had written"),
        ((INTENDED, CONFIRMED), {}, "the line was as planned already, and the run wrote nothing"),
        (WRITTEN, {"quantity": 8}, "it holds 8 now, and the run had left 5 (last written by run other/r9)"),
        (WRITTEN, {"open": False}, "the line has ended"),
        (WRITTEN, {"owned_by": "3 configuration items"}, "the line is driven by 3 configuration items now"),
        (WRITTEN, {"invoice_text": "by hand"}, "invoice text is by hand now, and the run had left October"),
        (WRITTEN, None, "the line is no longer on the contract"),
    ],
)  # fmt: skip
def test_why_a_line_is_left_alone(states: tuple[JournalState, ...], live: dict[str, Any] | None, why: str) -> None:
    """Each with its own reason; nothing is written to it."""
    diff = diff_of(change(fields=(FieldChange(LineField.INVOICE_TEXT, None, "October"),)))
    shown = [line(**{"quantity": 5, "invoice_text": "October", **live})] if live is not None else []
    writer = type("Write", (), {"line_id": "100", "run_key": "other/r9"})()

    undone = undo(undo_inputs(diff, shown, entries=journal_of(diff, {"c1": states}), writes=[writer]))

    assert undone.changes == ()
    assert len(told(undone)) == 1 and why in told(undone)[0]


@pytest.mark.parametrize(
    "states", [(), (INTENDED,), (INTENDED, JournalState.STALE), (INTENDED, SENT, JournalState.FAILED)]
)
def test_what_the_run_never_wrote_needs_no_undo(states: tuple[JournalState, ...]) -> None:
    """Held, refused and stale changes are no concern of an undo."""
    diff = diff_of(change())

    undone = undo(undo_inputs(diff, [line()], entries=journal_of(diff, {"c1": states})))

    assert (undone.changes, undone.findings) == ((), ())


def test_a_line_that_a_later_period_confirmed_is_left_alone() -> None:
    """Though it still holds the same: the later period was billed on it."""
    later = managed(period_start=PERIOD.end, run_key="dag/november")

    undone = undo(undo_inputs(diff_of(change()), [line(quantity=5)], managed=[later]))

    assert undone.changes == ()
    assert "it was confirmed at 5 by run dag/november for the later period from 2026-10-26" in told(undone)[0]


def test_the_register_goes_on_with_lines_that_were_managed_before_the_run() -> None:
    """With the quantity that they hold then, for whom the run had matched them."""
    diff = diff_of(change("c1"), change("c2", line_id="200"))
    matched = MatchedLine("100", "10", "1", "5", "ASP\nBRK", "MS365-BP", Decimal(5), "monthly")

    undone = undo(
        undo_inputs(
            diff, [line(quantity=5), line("200", 5)], matched={"100": matched}, managed_before=frozenset({"100"})
        )
    )

    assert undone.matched == (dataclasses.replace(matched, quantity=Decimal(3)),)


ROWS = (
    UnitPeriod(date(2026, 10, 1), date(2026, 10, 31), Decimal(5), posted=True),
    UnitPeriod(date(2026, 11, 1), date(2026, 11, 30), Decimal(5)),
)
SHORT = Contract("10", "1", "", "Aspen services", "", True, "Monthly", None, date(2026, 11, 2))


@pytest.mark.parametrize(
    ("wanted", "contract", "taken", "found"),
    [
        (date(2026, 11, 3), None, (), LegalDay(date(2026, 11, 3))),
        (date(2026, 11, 3), None, (date(2026, 11, 3),),
         LegalDay(date(2026, 11, 4), "the line was changed for 2026-11-03 already")),
        (date(2026, 10, 5), None, (), LegalDay(date(2026, 11, 1), "the days until 2026-10-31 are approved and posted")),
        (date(2026, 11, 2), SHORT, (date(2026, 11, 2),),
         LegalDay(None, "the line was changed for 2026-11-02 already, and contract Aspen services ends on 2026-11-02")),
        (date(2026, 12, 1), None, (), LegalDay(None, "no units are told, and no later day is known to be free")),
    ],
)  # fmt: skip
def test_the_earliest_legal_day(wanted: date, contract: Contract | None, taken: Any, found: LegalDay) -> None:
    """Inside the contract, not posted, not taken; never before the wanted one."""
    assert legal_day(wanted, ROWS, contract, taken) == found


def undoing(key: str, undoes: str, **changes: Any) -> Any:
    values = {"run_key": key, "undoes": undoes, "counts": (("push_verified", 3),), "result": RunResult.SUCCEEDED}
    return run_record(**{**values, **changes})


def test_a_run_is_undone_until_its_undo_is_undone() -> None:
    """Over any number of turns; an undo that restored nothing, or was a dry run, does not count."""
    run = run_record(run_key="dag/r1")
    first, back, again = undoing("u/1", "dag/r1"), undoing("u/2", "u/1"), undoing("u/3", "u/2")

    assert undone_runs([run]) == {}
    assert undone_runs([run, first]) == {"dag/r1": "u/1"}
    assert undone_runs([run, first, back]) == {"u/1": "u/2"}
    assert undone_runs([run, first, back, again]) == {"dag/r1": "u/1", "u/2": "u/3"}
    assert undone_runs([run, undoing("u/1", "dag/r1", counts=())]) == {}
    assert undone_runs([run, undoing("u/1", "dag/r1", dry_run=True)]) == {}
    assert undos_of([run, first, back], run.period_start) == ["u/1", "u/2"]
