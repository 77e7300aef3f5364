"""What the ledger tells of single lines: what was set last, by whom, and who had matched them before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.journal import JournalState
from billing_providers.model.runs import Approval
from tests.support.ledger_values import (
    NOON,
    NOVEMBER,
    OCTOBER,
    TENANT,
    contract_diff,
    journal_entry,
    line_change,
    matched_line,
    run_record,
)

INTEGRATION = "atria_to_kaseya_bms"
STATES = JournalState


def pushed(ledger: Ledger, digest: str, *states: JournalState, minutes: int = 0, **changes: object) -> None:
    """Store a diff of one change, and its way through the journal."""
    change = line_change(**changes)
    ledger.diffs.save(contract_diff(digest=digest * 64, changes=(change,)), f"run-{digest}")
    ledger.journal.append(
        [
            journal_entry(
                state=state, digest=digest * 64, run_key=f"run-{digest}", quantity_before=change.quantity_before,
                quantity_after=change.quantity_after, at=NOON + timedelta(minutes=minutes),
            )
            for state in states
        ]
    )  # fmt: skip


def test_what_every_change_set_on_a_line_comes_in_the_order_of_the_journal(ledger: Ledger) -> None:
    """With days and fields as the diff had them; what was refused or never sent set nothing."""
    pushed(ledger, "1", STATES.INTENDED, STATES.SENT, STATES.CONFIRMED, STATES.VERIFIED)
    pushed(ledger, "2", STATES.INTENDED, STATES.SENT, STATES.FAILED)
    pushed(ledger, "3", STATES.INTENDED)
    pushed(ledger, "4", STATES.INTENDED, STATES.SENT, quantity_after=Decimal(3), effective_date=OCTOBER, minutes=5)

    first, second = ledger.journal.line_writes(TENANT)

    assert (first.line_id, first.run_key, first.state, first.stands) == ("line-1", "run-1", STATES.VERIFIED, True)
    assert (first.quantity_after, first.effective_date) == (Decimal(12), NOVEMBER)
    assert first.fields == line_change().fields
    assert (second.run_key, second.stands, second.quantity_after) == ("run-4", False, Decimal(3))
    assert (second.effective_date, second.at) == (OCTOBER, NOON + timedelta(minutes=5))
    assert ledger.journal.line_writes("another") == []


def test_dated_writes_of_one_line_stay_apart_by_their_diffs(ledger: Ledger) -> None:
    """Set, taken back and set again: three writes in that order, though the first and the last say the same."""
    done = (STATES.SENT, STATES.VERIFIED)
    pushed(ledger, "1", *done)
    pushed(ledger, "2", *done, quantity_before=Decimal(12), quantity_after=Decimal(10))
    pushed(ledger, "3", *done)

    writes = ledger.journal.dated_writes(TENANT, OCTOBER)

    assert [write.quantity_after for write in writes] == [Decimal(12), Decimal(10), Decimal(12)]
    assert {write.effective_date for write in writes} == {NOVEMBER}


def test_a_line_is_registered_with_the_run_that_confirmed_it(ledger: Ledger) -> None:
    """For which day, by which run, when, and which last day it had then."""
    line = matched_line(holds_from=OCTOBER, last_day=NOVEMBER)

    ledger.register.record(TENANT, INTEGRATION, OCTOBER, [line], run_key="dag/r1", at=NOON)

    (held,) = ledger.register.lines(TENANT, INTEGRATION)
    assert (held.holds_from, held.last_day, held.run_key, held.confirmed_at) == (OCTOBER, NOVEMBER, "dag/r1", NOON)


def test_a_run_that_undoes_another_one_names_it(ledger: Ledger) -> None:
    """The name is in the history from the start, and stays when the run ends."""
    run = run_record(run_key="dag_undo/u1", undoes="dag/r1")
    ledger.runs.start(run)
    ledger.runs.finish(replace(run, finished_at=NOON))

    assert [one.undoes for one in ledger.runs.history(INTEGRATION)] == ["dag/r1"]


def test_which_diffs_had_matched_the_lines_of_a_run_before_it(ledger: Ledger) -> None:
    """Cleared ones that were decided earlier, with these lines alone; a rejected or a later one says nothing."""
    lines = (matched_line(), matched_line(line_id="line-9"))
    for digest, decision, hours in (
        ("1", "approved", -3),
        ("2", "not_needed", -2),
        ("3", "rejected", -1),
        ("4", "approved", 1),
    ):
        ledger.diffs.save(contract_diff(digest=digest * 64, matched=lines), f"run-{digest}")
        at = NOON + timedelta(hours=hours)
        ledger.diffs.approve(Approval(digest * 64, f"run-{digest}", decision, "ada", at, ""))
    ledger.journal.append([journal_entry(run_key="dag/r1")])

    found = ledger.diffs.that_matched(TENANT, INTEGRATION, OCTOBER, "dag/r1", before=NOON)

    assert found == {"1" * 64: {"line-1"}, "2" * 64: {"line-1"}}
    assert ledger.diffs.that_matched(TENANT, "another", OCTOBER, "dag/r1", before=NOON) == {}
