"""What a push leaves in the journal when its writes take long, or when the PSA does not show what it had taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import LedgerError, LockHeld, NoAnswer, Unreachable
from billing_providers.hooks.http.leaving import ask_before_leaving
from billing_providers.model.changes import LineChange
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.psa import ContractLine, WriteReceipt
from billing_providers.push.applier import apply_changes
from billing_providers.push.judge import WriteTraits
from billing_providers.push.ports import PushJob
from billing_providers.push.verifier import verify_changes
from tests.support.diffs import SCOPE, change, diff_of, line

RELATIVE = WriteTraits(settle_s=330, relative=True)
CHANGES = tuple(change(f"c{number}", line_id=str(number)) for number in range(1, 5))
STATES = JournalState


@dataclass
class Books:
    """A journal in memory, with the one lock under which it may be written."""

    entries: list[JournalEntry] = field(default_factory=list)
    lock: str = "ours"

    def append(self, entries: Sequence[JournalEntry], lock: Any = None) -> None:
        if lock != self.lock:
            raise LockHeld("the lock is held by another run")
        self.entries += entries

    def require_lock(self, lock: Any) -> None:
        if lock != self.lock:
            raise LockHeld("the lock is held by another run")

    def states(self, digest: str) -> dict[str, JournalEntry]:
        return {entry.change_id: entry for entry in self.entries if entry.digest == digest}

    def since(self, tenant: str, at: datetime) -> list[JournalEntry]:
        return [entry for entry in self.entries if entry.at >= at]

    def way(self, change_id: str) -> list[JournalState]:
        return [entry.state for entry in self.entries if entry.change_id == change_id]


@dataclass
class SlowPsa:
    """Holds four lines; a write waits for its turn and takes its time. It shows what it took, unless it ``hides``."""

    waits_s: float = 0.0
    takes_s: float = 0.0
    hides: bool = False
    unreadable: bool = False
    loses: set[str] = field(default_factory=set)  # lines whose answers are lost
    now: datetime = datetime(2026, 10, 26, 8, tzinfo=UTC)
    units: dict[str, int] = field(default_factory=lambda: {str(number): 3 for number in range(1, 5)})
    written: list[str] = field(default_factory=list)
    sent_at: dict[str, datetime] = field(default_factory=dict)
    on_wait: Any = None
    on_write: Any = None
    requests_in_flight_max: int = 1

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def reread_lines(self, wanted: Any, *, days: Any = None) -> list[ContractLine]:
        if self.unreadable:
            raise Unreachable("no connection could be made")
        return [line(line_id, quantity) for line_id, quantity in self.units.items()]

    def write_line(self, change: LineChange) -> WriteReceipt:
        self.now += timedelta(seconds=self.waits_s)
        if self.on_wait:
            self.on_wait()
        ask_before_leaving()
        self.written.append(change.line_id)
        self.sent_at[change.change_id] = self.now
        self.now += timedelta(seconds=self.takes_s)
        if self.on_write:
            self.on_write()
        if change.line_id in self.loses:
            raise NoAnswer("the connection was lost after sending")
        if not self.hides:
            self.units[change.line_id] = int(change.quantity_after)
        return WriteReceipt(observed=None, line_id=change.line_id)

    def last_edit(self, change: LineChange) -> str:
        return ""


def job_of(psa: SlowPsa, books: Books, traits: WriteTraits = RELATIVE) -> PushJob:
    diff = diff_of(*CHANGES)
    return PushJob(
        diff,
        CHANGES,
        SCOPE,
        psa,
        books,
        "ours",
        clock=lambda: psa.now,
        renew=lambda: None,
        traits=traits,  # type: ignore[arg-type]
        pause=psa.pause,
    )


def ages_at_sending(psa: SlowPsa, books: Books) -> Iterator[float]:
    for change_id, left in psa.sent_at.items():
        told = [entry.at for entry in books.entries if entry.change_id == change_id and entry.state is STATES.SENT]
        yield min((left - at).total_seconds() for at in told if at <= left)


def test_a_write_is_journalled_as_sent_when_it_leaves_and_not_long_before() -> None:
    """Law 7: how long a doubtful write may be at work is counted from the journal, so its row must be young."""
    psa, books = SlowPsa(takes_s=20), Books()

    apply_changes(job_of(psa, books))

    assert max(ages_at_sending(psa, books)) <= 15
    assert [len(books.way(each.change_id)) for each in CHANGES] == [3, 4, 5, 6]  # told anew while others had their turn


def test_a_write_that_waits_for_its_turn_is_journalled_anew_when_the_turn_has_come() -> None:
    """Law 7: an hour without budget may lie between a row and its request, and doubt is measured from the row."""
    psa, books = SlowPsa(waits_s=3600), Books()

    apply_changes(job_of(psa, books))

    assert max(ages_at_sending(psa, books)) == 0
    assert psa.written == ["1", "2", "3", "4"]
    assert books.way("c1") == [STATES.INTENDED, STATES.SENT, STATES.SENT, STATES.CONFIRMED]


def test_whoever_lost_the_lock_while_waiting_sends_nothing() -> None:
    """Law 9: another run took over while a write waited for its turn; both would send the same difference."""
    psa, books = SlowPsa(waits_s=1), Books()
    psa.on_wait = lambda: setattr(books, "lock", "another run's")

    with pytest.raises(LockHeld):
        apply_changes(job_of(psa, books))

    assert psa.written == []
    assert {tuple(books.way(each.change_id)) for each in CHANGES} == {(STATES.INTENDED, STATES.SENT)}


def test_a_ledger_that_is_away_when_the_turn_has_come_keeps_a_write_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the lock cannot be told then; the change was not sent, and a rerun takes it up."""
    psa, books = SlowPsa(waits_s=2), Books()
    asked = iter([LedgerError("the database is away"), None, None, None])

    def require(_: Any) -> None:
        if trouble := next(asked):
            raise trouble

    monkeypatch.setattr(books, "require_lock", require)
    states = apply_changes(job_of(psa, books))

    assert psa.written == ["2", "3", "4"]
    assert (states["c1"].state, states["c1"].detail) == (STATES.FAILED, "nothing was sent: the database is away")


def test_a_row_that_takes_long_itself_lets_nothing_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow ledger must not make rows that are old already when they are written."""
    psa, books = SlowPsa(waits_s=16), Books()
    append = books.append

    def slowly(entries: Sequence[JournalEntry], lock: Any = None) -> None:
        append(entries, lock)
        psa.now += timedelta(seconds=16)

    monkeypatch.setattr(books, "append", slowly)
    states = apply_changes(job_of(psa, books))

    assert psa.written == []
    assert states["c1"].detail == "nothing was sent: the ledger takes more than 15 s to write a row"


def test_quick_writes_of_a_contract_share_two_rows_each() -> None:
    """Intent, sent, confirmed: nothing more is written while nothing waits."""
    psa, books = SlowPsa(takes_s=1), Books()

    apply_changes(job_of(psa, books))

    assert {tuple(books.way(each.change_id)) for each in CHANGES} == {(STATES.INTENDED, STATES.SENT, STATES.CONFIRMED)}


def test_a_lock_that_is_lost_in_the_middle_of_a_contract_ends_its_writes() -> None:
    """Law 9: a holder that was slow enough to lose its lock does not go on beside the next one."""
    psa, books = SlowPsa(takes_s=31), Books()
    psa.on_write = lambda: setattr(books, "lock", "another run's")

    with pytest.raises(LockHeld):
        apply_changes(job_of(psa, books))

    assert psa.written == ["1"]


@pytest.mark.parametrize("between", ["nothing", "a failed read", "an edit by hand"])
def test_a_difference_that_was_answered_and_is_not_seen_is_never_sent_again(between: str) -> None:
    """Law 7: however often the push runs again, and whatever is read in between, it stays a mismatch."""
    psa, books = SlowPsa(hides=True), Books()
    apply_changes(job_of(psa, books))
    verify_changes(job_of(psa, books))
    psa.now += timedelta(hours=1)
    if between == "a failed read":
        psa.unreadable = True
    if between == "an edit by hand":
        psa.units["1"] = 9
    apply_changes(job_of(psa, books))
    psa.unreadable, psa.units["1"] = False, 3

    for _ in range(3):
        psa.now += timedelta(hours=1)
        apply_changes(job_of(psa, books))

    assert psa.written == ["1", "2", "3", "4"]
    assert {entry.state for entry in books.states(diff_of().digest).values()} == {STATES.MISMATCH}


def test_a_difference_that_shows_late_is_done_after_all() -> None:
    """A mismatch is judged by what is read, each time: once the PSA shows it there is nothing left to look at."""
    psa, books = SlowPsa(hides=True), Books()
    apply_changes(job_of(psa, books))
    verify_changes(job_of(psa, books))
    apply_changes(job_of(psa, books))
    psa.units = dict.fromkeys(psa.units, 5)

    states = verify_changes(job_of(psa, books))

    assert {(entry.state, entry.observed) for entry in states.values()} == {(STATES.VERIFIED, Decimal(5))}


def test_reading_back_again_what_reads_the_same_adds_nothing() -> None:
    """Each entry would make the try look younger, and a doubtful change would wait for ever to be sent again."""
    psa, books = SlowPsa(hides=True), Books()
    psa.loses = {"1"}
    apply_changes(job_of(psa, books))
    verify_changes(job_of(psa, books))
    told = list(books.entries)

    for _ in range(2):
        psa.now += timedelta(seconds=100)
        states = verify_changes(job_of(psa, books))

    assert books.entries == told
    assert (states["c1"].state, states["c2"].state) == (STATES.UNKNOWN, STATES.MISMATCH)
    assert states["c1"].detail.count("read back as not applied") == 1


def test_what_reads_otherwise_than_before_is_told() -> None:
    """A mismatch keeps up with the PSA: the last entry holds what it shows now."""
    psa, books = SlowPsa(hides=True), Books()
    apply_changes(job_of(psa, books))
    verify_changes(job_of(psa, books))
    psa.units["2"] = 9

    states = verify_changes(job_of(psa, books))

    assert (states["c2"].state, states["c2"].observed) == (STATES.MISMATCH, 9)
    assert [entry.observed for entry in books.entries if entry.change_id == "c1"][-1] == 3
