"""The journal is append-only, durable, and its chain shows what was changed behind its back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy

from billing_providers.errors import LedgerError, LockHeld
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.journal import JournalState
from tests.support.ledger_processes import appends, at_once, killed_while_appending
from tests.support.ledger_rows import tampered
from tests.support.ledger_values import LONG, NASTY, NOON, NOVEMBER, OCTOBER, TENANT, journal_entry

INTEGRATION = "atria_to_kaseya_bms"


def test_entries_come_back_exactly_and_in_order(ledger: Ledger) -> None:
    """Law 15: the journal keeps every step with the diff's numbers and what the PSA showed."""
    entries = [
        journal_entry("change-1", detail=NASTY),
        journal_entry("change-2", JournalState.SENT, quantity_before=None, quantity_after=LONG, line_id=""),
        journal_entry("change-1", JournalState.VERIFIED, observed=Decimal("-12.5"), request_id="req 1", at=NOON),
    ]

    ledger.journal.append(entries[:2])
    ledger.journal.append([])
    ledger.journal.append(entries[2:])

    assert ledger.journal.entries(TENANT) == entries
    assert ledger.journal.entries(TENANT, OCTOBER) == entries
    assert ledger.journal.entries(TENANT, NOVEMBER) == []
    assert ledger.journal.entries("another") == []
    assert ledger.journal.verify(TENANT) == []


def test_states_are_the_last_entries_of_a_diff(ledger: Ledger) -> None:
    """Where a change stands is its last entry, whatever came before and in other diffs."""
    first, last = journal_entry("change-1"), journal_entry("change-1", JournalState.UNKNOWN)
    other = journal_entry("change-2", JournalState.STALE)
    ledger.journal.append([first, other, last, journal_entry("change-1", JournalState.CONFIRMED, digest="e" * 64)])

    assert ledger.journal.states("d" * 64) == {"change-1": last, "change-2": other}
    assert ledger.journal.states("f" * 64) == {}


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (JournalState.INTENDED, True),
        (JournalState.SENT, True),
        (JournalState.FAILED, True),
        (JournalState.UNKNOWN, True),
        (JournalState.STALE, True),
        (JournalState.MISMATCH, True),
        (JournalState.CONFIRMED, False),
        (JournalState.VERIFIED, False),
    ],
)
def test_open_lines_are_those_that_are_not_done(ledger: Ledger, state: JournalState, is_open: bool) -> None:
    """``failed_only`` takes up exactly the lines whose last step is not a good end."""
    ledger.journal.append([journal_entry("change-1"), journal_entry("change-1", state)])

    assert ledger.journal.open_lines(TENANT, INTEGRATION, OCTOBER) == ({"change-1", "line-1"} if is_open else set())
    assert ledger.journal.open_lines(TENANT, INTEGRATION, NOVEMBER) == set()
    assert ledger.journal.open_lines(TENANT, "another", OCTOBER) == set()


def test_line_that_a_later_change_settled_is_not_open(ledger: Ledger) -> None:
    """A failed set of a line that was then set to zero needs nothing more; an added line counts as its change."""
    ledger.journal.append(
        [
            journal_entry("set of line-1", JournalState.FAILED),
            journal_entry("zero of line-1", JournalState.VERIFIED, digest="e" * 64),
            journal_entry("add", JournalState.UNKNOWN, line_id=""),
            journal_entry("other add", JournalState.SENT, line_id=""),
            journal_entry("other add", JournalState.CONFIRMED, line_id="line-9"),
        ]
    )

    assert ledger.journal.open_lines(TENANT, INTEGRATION, OCTOBER) == {"add"}


def test_what_stands_is_told_by_its_last_step_from_a_period_on(ledger: Ledger) -> None:
    """What a line was changed to, when and by which run; a change that failed or is doubtful does not stand."""
    stands = journal_entry("change-1", JournalState.VERIFIED, quantity_before=None)
    later = journal_entry("change-1", JournalState.CONFIRMED, digest="e" * 64, period_start=NOVEMBER)
    ledger.journal.append(
        [
            journal_entry("change-1", JournalState.CONFIRMED),
            journal_entry("change-2", JournalState.CONFIRMED),
            stands,
            journal_entry("change-2", JournalState.MISMATCH),
            journal_entry("change-3", JournalState.FAILED),
            later,
        ]
    )

    assert ledger.journal.standing(TENANT, INTEGRATION, OCTOBER) == [stands, later]
    assert ledger.journal.standing(TENANT, INTEGRATION, NOVEMBER) == [later]
    assert ledger.journal.standing(TENANT, "another", OCTOBER) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_journal SET state = 'verified'",
        "DELETE FROM billing_journal",
        "DELETE FROM billing_journal_heads",
        "UPDATE billing_journal_heads SET seq = 0",
    ],
)
def test_database_itself_refuses_to_change_the_journal(ledger: Ledger, url: str, statement: str) -> None:
    """Law 7: nobody who merely writes SQL can change or remove a journal row."""
    ledger.journal.append([journal_entry()])
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    with pytest.raises(sqlalchemy.exc.SQLAlchemyError, match=r"append-only|never shortened"), engine.begin() as raw:
        raw.exec_driver_sql(statement)

    engine.dispose()
    assert ledger.journal.entries(TENANT) == [journal_entry()]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE billing_journal SET quantity_after = '13' WHERE seq = 2", ["row 2 was changed"]),
        ("UPDATE billing_journal SET request_id = ' ' WHERE seq = 2", ["row 2 was changed"]),
        ("DELETE FROM billing_journal WHERE seq = 2", ["row 2 is missing"]),
        ("DELETE FROM billing_journal WHERE seq IN (1, 2)", ["rows 1 to 2 are missing"]),
        (
            "DELETE FROM billing_journal WHERE seq = 4",
            ["the chain does not end where its head says, at row 4"],
        ),
        ("DELETE FROM billing_journal", ["the chain does not end where its head says, at row 4"]),
        (
            "UPDATE billing_journal SET hash = REPLACE(hash, 'a', 'b') WHERE seq = 2",
            ["row 2 was changed", "row 3 does not follow row 2"],
        ),
    ],
)
def test_chain_shows_what_was_changed(ledger: Ledger, url: str, statement: str, told: list[str]) -> None:
    """A flipped byte, a removed row and a cut end are each found and named."""
    ledger.journal.append([journal_entry(f"change-{number}") for number in range(4)])
    assert ledger.journal.verify(TENANT) == []

    tampered(url, statement)

    assert ledger.journal.verify(TENANT) == told


def test_chains_of_tenants_are_apart(ledger: Ledger, url: str) -> None:
    """One append may touch several tenants; a fault in one chain says nothing about another."""
    ledger.journal.append([journal_entry(tenant="b"), journal_entry(tenant="a"), journal_entry(tenant="b")])

    tampered(url, "UPDATE billing_journal SET detail = 'x' WHERE tenant = 'b' AND seq = 1")

    assert ledger.journal.verify("a") == []
    assert ledger.journal.verify("b") == ["row 1 was changed"]
    assert ledger.journal.verify("unknown") == []


def test_processes_and_threads_append_one_chain(ledger: Ledger, url: str) -> None:
    """Appends of two processes and of a push's worker threads follow one another without a gap or a loss."""
    at_once(appends, (url, "left", 20), (url, "right", 20))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: ledger.journal.append([journal_entry(f"thread-{number}")]), range(40)))

    changes = [entry.change_id for entry in ledger.journal.entries(TENANT)]
    assert len(changes) == len(set(changes)) == 160
    assert ledger.journal.verify(TENANT) == []


def test_killed_process_loses_nothing_that_it_was_told_is_stored(ledger: Ledger, url: str) -> None:
    """Law 7: once an append has returned its rows are there, whatever happens; a half append never is."""
    done = killed_while_appending(url, after=25)

    entries = ledger.journal.entries(TENANT)
    assert done >= 25
    assert len(entries) in {3 * done, 3 * done + 3}
    assert ledger.journal.verify(TENANT) == []
    ledger.journal.append([journal_entry("after the crash")])
    assert ledger.journal.verify(TENANT) == []


def test_failed_append_appends_nothing(ledger: Ledger) -> None:
    """An append is one transaction: entries before a bad one are not kept."""
    with pytest.raises(LedgerError, match="cannot write the journal"):
        ledger.journal.append([journal_entry("good"), journal_entry("bad", state="no such state")])

    assert ledger.journal.entries(TENANT) == []
    ledger.journal.append([journal_entry("next")])
    assert ledger.journal.verify(TENANT) == []


def test_append_under_a_lost_lock_is_refused(ledger: Ledger, url: str) -> None:
    """A run that lost its lock, or was started again, can write no more: its token is an older one."""
    lost = ledger.locks.acquire(TENANT, OCTOBER, "run-1", 60, NOON)
    ledger.journal.append([journal_entry("while held")], lost)
    with Ledger.at(url) as other:
        taken = other.locks.acquire(TENANT, OCTOBER, "run-2", 60, NOON + timedelta(seconds=61))

        with pytest.raises(LockHeld, match=r"run-1 lost its lock .* held by run-2 now"):
            ledger.journal.append([journal_entry("too late")], lost)
        other.journal.append([journal_entry("by the new holder")], taken)
        other.locks.release(taken)

        with pytest.raises(LockHeld, match="free now"):
            other.journal.append([journal_entry("after release")], taken)

    assert [entry.change_id for entry in ledger.journal.entries(TENANT)] == ["while held", "by the new holder"]
