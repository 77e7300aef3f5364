"""The push against a PSA that loses answers, refuses, lies and is edited meanwhile; judged by the PSA's audit log."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from billing_providers.errors import LockHeld
from billing_providers.model.journal import DONE, JournalState
from billing_providers.push.applier import apply_changes
from billing_providers.push.verifier import verify_changes
from tests.contract.push.conftest import LINES, wanted, written
from tests.support.diffs import SCOPE, TENANT

WRITE = "PUT /v2/finance/contracts/*/services/*"
READ = "GET /v2/finance/contracts/*/services"


def in_states(states) -> Counter:
    return Counter(entry.state.value for entry in states.values())


def test_the_audit_log_equals_the_diff_and_a_second_push_adds_nothing(box, push, diff):
    """Running again after success writes nothing."""
    apply_changes(push.job())
    apply_changes(push.job())

    assert sorted(written(box)) == sorted(wanted(diff))
    assert in_states(verify_changes(push.job())) == {"verified": LINES}


def test_unchanged_contracts_cost_nothing_and_a_contract_is_read_once(box, push, diff):
    """No per-line look-ups: one read per contract, one write per changed line."""
    apply_changes(push.job())

    calls = Counter(entry["method"] for entry in box.control.requests()["requests"] if "/services" in entry["path"])
    assert calls["PUT"] == LINES
    assert calls["GET"] <= len({change.contract_id for change in diff.changes}) + 1  # and one probe of the line API


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("drop_after", {}),
        ("drop_before", {}),
        ("truncate", {}),
        ("html", {}),
        ("html", {"applied": True}),
        ("status", {"status": 500}),
        ("status", {"status": 502, "applied": True}),
        ("status", {"status": 429, "retry_after_s": 1}),
        ("success_false", {}),
        ("revoke_token", {}),
        ("refuse_connection", {"seconds": 0.2}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_after_a_fault_and_reruns_each_line_was_written_exactly_once(box, push, diff, kind, settings):
    """Nothing is billed twice or lost, also when the answer was lost after the write."""
    box.control.add_fault(kind, system="kaseya_bms", endpoint=WRITE, nth=3, count=4, **settings)
    for _ in range(3):
        apply_changes(push.job(backoff_s=0.01, read_timeout_s=5))
    states = verify_changes(push.job())

    assert sorted(written(box)) == sorted(wanted(diff))
    assert in_states(states) == {"verified": LINES}


def test_an_answer_that_comes_too_late_is_read_back_instead_of_sent_again(box, push, diff):
    """After a timeout the line is unknown, and is resolved by reading the PSA."""
    box.control.add_fault("slow", system="kaseya_bms", endpoint=WRITE, nth=2, count=1, seconds=1.5)
    states = apply_changes(push.job(read_timeout_s=0.5))

    assert in_states(states) == {"confirmed": LINES}
    assert sorted(written(box)) == sorted(wanted(diff))


def test_a_line_edited_between_diff_and_push_is_left_alone_and_the_others_are_written(box, push, diff):
    """A line changed by hand between review and push is left alone and reported with both values."""
    edited = diff.changes[5]
    box.control.edit_line(edited.line_id, units="77")
    states = apply_changes(push.job())

    stale = states[edited.change_id]
    assert (stale.state, stale.observed) == (JournalState.STALE, 77)
    assert edited.line_id not in dict(written(box))
    assert in_states(states) == {"confirmed": LINES - 1, "stale": 1}


def test_one_bad_line_never_stops_the_others(box, push, diff):
    """One bad customer never stops the others; one bad line never stops its customer."""
    box.control.add_fault("success_false", system="kaseya_bms", endpoint=WRITE, nth=4, count=1)
    states = apply_changes(push.job())

    assert in_states(states) == {"confirmed": LINES - 1, "failed": 1}
    assert len(written(box)) == LINES - 1


def test_a_contract_that_cannot_be_read_is_not_written(box, push, diff):
    """Before each write the live line is read; without that nothing is written."""
    box.control.add_fault("status", system="kaseya_bms", endpoint=READ, nth=1, count=0, status=500)
    states = apply_changes(push.job(backoff_s=0.01, attempts_max=2))

    assert in_states(states) == {"failed": LINES}
    assert written(box) == []


def test_a_psa_that_shows_another_number_is_a_mismatch(box, push, diff):
    """Every write is read back; a mismatch is an error with the observed value."""
    apply_changes(push.job())
    liar = diff.changes[0]
    box.control.edit_line(liar.line_id, units="500")
    states = verify_changes(push.job())

    assert (states[liar.change_id].state, states[liar.change_id].observed) == (JournalState.MISMATCH, 500)
    assert in_states(states) == {"verified": LINES - 1, "mismatch": 1}


def test_a_push_that_lost_its_lock_writes_no_more(box, push, ledger, diff):
    """Two runs for one tenant and period cannot overlap: the late holder of a lock cannot write any more."""
    late = push.job()
    ledger.locks.acquire(TENANT, SCOPE.period.start, SCOPE.run_key, 600, datetime.now(UTC))  # a rerun takes over

    with pytest.raises(LockHeld):
        apply_changes(late)
    assert written(box) == []
    assert ledger.journal.entries(TENANT) == []


def test_nothing_is_sent_that_is_not_journalled(box, push, ledger, diff, monkeypatch):
    """The intent is durable before the request leaves: a ledger that fails in the middle stops the writes."""
    job = push.job()
    append, calls = ledger.journal.append, []

    def failing(entries, lock=None):
        calls.append(entries)
        if len(calls) > 3:
            raise LockHeld("the ledger went away")
        append(entries, lock=lock)

    monkeypatch.setattr(ledger.journal, "append", failing)
    with pytest.raises(LockHeld):
        apply_changes(job)

    sent = {entry.line_id for entry in ledger.journal.entries(TENANT) if entry.state is JournalState.SENT}
    assert {line for line, _ in written(box)} <= sent
    assert len(sent) < LINES


def test_the_journal_tells_the_whole_way_of_every_line(box, push, ledger, diff):
    """Every number pushed can be traced: intended, sent, confirmed, verified, in this order."""
    apply_changes(push.job())
    verify_changes(push.job())

    way = [entry.state.value for entry in ledger.journal.entries(TENANT) if entry.line_id == diff.changes[0].line_id]
    assert way == ["intended", "sent", "confirmed", "verified"]
    assert ledger.journal.verify(TENANT) == []
    assert {entry.state for entry in ledger.journal.states(diff.digest).values()} <= DONE
