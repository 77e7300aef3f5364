"""Two runs may come to the same diff. What one of them did counts for the other only once the line was read again."""

from __future__ import annotations

from dataclasses import replace

from billing_providers.push.applier import apply_changes
from billing_providers.push.judge import WriteTraits
from tests.support.diffs import SCOPE
from tests.unit.push.test_applier import Books, SlowPsa, job_of

SETS = WriteTraits()


def test_what_was_taken_back_since_another_run_wrote_it_is_written_again() -> None:
    """The line stands as it did before the first run, by a hand or by an undo: the second one may not call it done."""
    psa, books = SlowPsa(), Books()
    apply_changes(job_of(psa, books, SETS))
    psa.units["2"], psa.units["3"] = 3, 4
    psa.written.clear()

    states = apply_changes(replace(job_of(psa, books, SETS), scope=replace(SCOPE, run_key="dag/another")))

    assert psa.written == ["2"]
    assert {entry.line_id: entry.state.value for entry in states.values()} == {
        "1": "confirmed", "2": "confirmed", "3": "stale", "4": "confirmed",
    }  # fmt: skip
    assert {entry.run_key for entry in states.values()} == {"dag/another"}


def test_the_same_run_never_looks_at_what_it_did() -> None:
    """Clearing a push takes up what is open, and costs no call for what is done."""
    psa, books = SlowPsa(), Books()
    apply_changes(job_of(psa, books, SETS))
    psa.unreadable = True

    apply_changes(job_of(psa, books, SETS))

    assert len(books.way("c1")) == 3
