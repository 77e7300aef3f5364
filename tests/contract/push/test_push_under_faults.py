"""The push against a PSA that loses answers, refuses, lies and is edited meanwhile; judged by the PSA's audit log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from billing_providers.errors import LockHeld
from billing_providers.hooks.http.client import Clocks
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ChangeKind, LineField
from billing_providers.model.journal import DONE, JournalState
from billing_providers.push.applier import apply_changes
from billing_providers.push.verifier import verify_changes
from tests.contract.push.conftest import Push, in_states
from tests.support.diffs import SCOPE
from tests.support.psa_cases import PsaCase, needs
from tests.support.psa_tenant import PERIOD


def test_the_audit_log_equals_the_diff_and_a_second_push_adds_nothing(push: Push) -> None:
    """Running again after success writes nothing."""
    apply_changes(push.job())
    applied = push.written()
    apply_changes(push.job())

    assert applied == push.written() == push.wanted()
    assert in_states(verify_changes(push.job())) == {"verified": len(push.diff.changes)}


def test_a_diff_has_what_its_psa_offers(push: Push) -> None:
    """The cases below are as strong as the diff: quantities and new lines, fields and endings where offered."""
    kinds = {change.kind for change in push.diff.changes}

    assert {ChangeKind.SET_QUANTITY, ChangeKind.ADD_LINE} <= kinds
    assert (ChangeKind.SET_FIELDS in kinds) is bool(push.offered.sets)
    assert (ChangeKind.END_LINE in kinds) is (LineField.LAST_DAY in push.offered.sets)
    assert len({change.contract_id for change in push.diff.changes}) >= 3


def test_a_changed_line_costs_one_write_and_at_most_one_read_before_it(push: Push, case: PsaCase) -> None:
    """No look-ups of what is not changed: a contract is read once where the PSA lists it, else each changed line."""
    job = push.job()
    job.psa.capabilities()
    read, listed = push.sent(case.reread), push.sent(case.lines)
    apply_changes(job)

    added = len(push.of_kind(ChangeKind.ADD_LINE))
    contracts = {change.contract_id for change in push.diff.changes}
    assert push.writes_sent() == push.writes_of(push.diff.changes)
    assert case.write == case.add or push.sent(case.add) == added
    if case.reread == case.lines:
        assert push.sent(case.reread) - read == len(contracts)
    else:
        assert push.sent(case.reread) - read == len(push.diff.changes) - added
        assert push.sent(case.lines) - listed == added


ONCE = [
    ("drop_after", {}),
    ("drop_before", {}),
    ("truncate", {"how": "length"}),
    ("truncate", {"how": "json"}),
    ("html", {}),
    ("html", {"applied": True}),
    ("status", {"status": 500}),
    ("status", {"status": 502, "applied": True}),
    ("status", {"status": 429, "retry_after_s": 7}),
    ("status", {"status": 429, "retry_after_s": 7, "retry_after_as": "date"}),
    ("success_false", {}),
]


@pytest.mark.parametrize(
    ("kind", "settings"),
    ONCE,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_after_a_fault_and_reruns_each_change_was_applied_exactly_once(
    kind: str, settings: dict[str, Any], push: Push, case: PsaCase
) -> None:
    """Nothing is billed twice or lost, also when the answer was lost after the write, of old lines and new ones."""
    push.fault(kind, nth=3, count=4, **settings)
    push.fault(kind, case.add, nth=2, count=1, **settings)
    for _ in range(3):
        apply_changes(push.job(read_timeout_s=5))
        push.wait_for_lists()
    states = verify_changes(push.job())

    assert push.written() == push.wanted()
    assert in_states(states) == {"verified": len(push.diff.changes)}


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_psa_that_asks_for_time_gets_it(form: str, push: Push) -> None:
    """429 says that nothing was applied, so the write follows after the wait that was asked for, in the same try."""
    push.fault("status", nth=2, count=1, status=429, retry_after_s=17, retry_after_as=form)

    states = apply_changes(push.job())

    assert in_states(states) == {"confirmed": len(push.diff.changes)}
    assert push.written() == push.wanted()
    assert max(push.time.slept) == pytest.approx(17, abs=1.5)


def test_a_psa_that_is_away_for_a_moment_gets_everything_once(push: Push, case: PsaCase) -> None:
    """A write that met a closed door was never applied; a lost one is read before it is sent again."""
    push.fault("refuse_connection", nth=3, count=2, seconds=0.2)
    push.fault("refuse_connection", case.add, nth=2, count=1, seconds=0.2)
    push.clocks = Clocks()
    for _ in range(3):
        apply_changes(push.job(backoff_s=0.05))
        push.wait_for_lists()

    assert in_states(verify_changes(push.job())) == {"verified": len(push.diff.changes)}
    assert push.written() == push.wanted()


@needs("tokens")
@pytest.mark.parametrize("times", [1, 4])
def test_a_token_that_dies_in_the_middle_doubles_nothing(times: int, push: Push) -> None:
    """401 means not applied: a new sign-in, and the push goes on; where that one dies too, a rerun goes on."""
    push.fault("revoke_token", nth=3, count=times)
    first = apply_changes(push.job())
    again = apply_changes(push.job())

    assert times > 1 or in_states(first) == {"confirmed": len(push.diff.changes)}
    assert in_states(again) == {"confirmed": len(push.diff.changes)}
    assert push.written() == push.wanted()


def test_keys_revoked_in_the_middle_stop_the_rest_and_a_rerun_does_what_is_missing(push: Push, case: PsaCase) -> None:
    """What was applied stays once, the rest fails; after the repair only the rest is written."""
    apply_changes(push.job())
    calls = push.box.control.requests()["total"]
    push.start_over(push.diff.changes, "e" * 64)
    push.fault("status", "*", nth=calls * 3 // 4, count=0, status=401)
    states = apply_changes(push.job())
    counts = in_states(states)

    assert counts.keys() == {"confirmed", "failed"}
    assert 1 <= counts["confirmed"] < len(push.diff.changes)
    failed = [change for change in push.diff.changes if states[change.change_id].state is JournalState.FAILED]
    assert push.written(*failed) == push.wanted(*failed)
    assert any("refused" in states[change.change_id].detail for change in failed)

    push.box.control.clear_faults()
    push.box.control.forget_requests()
    assert in_states(apply_changes(push.job())) == {"confirmed": len(push.diff.changes)}
    assert push.written() == push.wanted()
    assert push.writes_sent() == push.writes_of(failed)


def test_an_answer_that_comes_too_late_is_read_back_instead_of_sent_again(push: Push, case: PsaCase) -> None:
    """After a timeout the line is unknown, and is resolved by reading the PSA."""
    push.fault("slow", nth=2, count=1, seconds=1.5)
    states = apply_changes(push.job(read_timeout_s=0.5))

    assert in_states(states) == {"confirmed": len(push.diff.changes)}
    assert push.written() == push.wanted()
    assert push.writes_sent() == push.writes_of(push.diff.changes)


def test_a_line_edited_between_diff_and_push_is_left_alone_and_the_others_are_written(push: Push) -> None:
    """A line changed by hand between review and push is left alone and reported with both values."""
    edited = push.of_kind(ChangeKind.SET_QUANTITY)[5]
    push.edit(edited, units="77")
    states = apply_changes(push.job())

    stale = states[edited.change_id]
    assert (stale.state, stale.observed) == (JournalState.STALE, 77)
    assert "the quantity was changed since the diff was made" in stale.detail
    assert push.written() == push.wanted(edited)
    assert in_states(states) == {"confirmed": len(push.diff.changes) - 1, "stale": 1}


@needs("fields", "edits")
def test_a_field_edited_by_hand_leaves_its_whole_line_alone_and_tells_who_it_was(push: Push) -> None:
    """A text, a price or a last day that a person gave a line is not overwritten, nor the quantity beside it."""
    worded = push.of_kind(ChangeKind.SET_QUANTITY)[2]
    priced = push.of_kind(ChangeKind.SET_FIELDS)[0]
    ended = push.of_kind(ChangeKind.END_LINE)[0]
    push.edit(worded, invoice_text="agreed by phone")
    push.edit(priced, unit_price="99")
    push.edit(ended, last_day="2027-05-31")

    states = apply_changes(push.job())

    details = [states[change.change_id].detail for change in (worded, priced, ended)]
    assert [detail.partition(" changed since")[0] for detail in details] == ["invoice_text", "unit_price", "last_day"]
    assert all("(last edited by AnnaClerk at 20" in detail for detail in details)
    assert push.written() == push.wanted(worded, priced, ended)
    assert in_states(states) == {"confirmed": len(push.diff.changes) - 3, "stale": 3}


@needs("lines that vanish")
def test_a_line_that_was_deleted_since_the_diff_is_stale(push: Push) -> None:
    """What is gone is neither written nor added again."""
    gone = push.of_kind(ChangeKind.SET_QUANTITY)[0]
    push.edit(gone, gone=True)

    states = apply_changes(push.job())

    assert states[gone.change_id].detail.startswith("the line is no longer on the contract")
    assert push.written() == push.wanted(gone)


def test_one_bad_line_never_stops_the_others(push: Push) -> None:
    """One bad customer never stops the others; one bad line never stops its customer."""
    push.fault("status", nth=4, count=1, status=400)
    states = apply_changes(push.job())

    (failed,) = [change for change in push.diff.changes if states[change.change_id].state is JournalState.FAILED]
    assert in_states(states) == {"confirmed": len(push.diff.changes) - 1, "failed": 1}
    assert push.written(failed) == push.wanted(failed)


def test_a_contract_that_cannot_be_read_is_not_written(push: Push, case: PsaCase) -> None:
    """Before each write the live line is read; without that nothing is written."""
    push.fault("status", case.reread, nth=1, count=0, status=500)
    push.fault("status", case.lines, nth=1, count=0, status=500)
    states = apply_changes(push.job(attempts_max=2))

    assert in_states(states) == {"failed": len(push.diff.changes)}
    assert push.written() == []


def test_a_psa_that_shows_another_number_is_a_mismatch(push: Push) -> None:
    """Every write is read back; a mismatch is an error with the observed value."""
    apply_changes(push.job())
    liar = push.of_kind(ChangeKind.SET_QUANTITY)[0]
    push.edit(liar, units="500")
    states = verify_changes(push.job())

    assert (states[liar.change_id].state, states[liar.change_id].observed) == (JournalState.MISMATCH, 500)
    assert in_states(states) == {"verified": len(push.diff.changes) - 1, "mismatch": 1}


@needs("answered values")
def test_an_answer_that_lies_is_told_and_the_line_is_never_written_again(push: Push, case: PsaCase) -> None:
    """The answer to a write is compared; a rerun believes what it reads, and a new line is not added twice."""
    push.fault("readback_lie", nth=2, count=1, delta=3)
    push.fault("readback_lie", case.add, nth=1, count=1, delta=3)

    lied = in_states(apply_changes(push.job()))
    push.box.control.clear_faults()
    again = apply_changes(push.job())

    assert lied == {"confirmed": len(push.diff.changes) - 2, "mismatch": 2}
    assert in_states(again) == {"confirmed": len(push.diff.changes)}
    assert push.written() == push.wanted()


def test_a_push_that_lost_its_lock_writes_no_more(push: Push, ledger: Ledger) -> None:
    """Two runs for one tenant and period cannot overlap: the late holder of a lock cannot write any more."""
    late = push.job()
    ledger.locks.acquire(push.diff.tenant, PERIOD.start, SCOPE.run_key, 600, datetime.now(UTC))  # a rerun takes over

    with pytest.raises(LockHeld):
        apply_changes(late)
    assert push.written() == []
    assert ledger.journal.entries(push.diff.tenant) == []


def test_a_lock_that_is_lost_while_a_write_waits_for_its_turn_lets_nothing_leave(push: Push, ledger: Ledger) -> None:
    """Two tries must not send the same difference: the lock is looked at after every wait of a second."""

    @contextmanager
    def slot(_: str) -> Iterator[None]:
        if in_states(ledger.journal.states(push.diff.digest))["sent"]:
            push.wait(2)
            push.job()  # another try takes the lock meanwhile
        yield

    late = push.job()
    late.psa.capabilities()
    late.psa.client.gate = SimpleNamespace(slot=slot)

    with pytest.raises(LockHeld):
        apply_changes(late)
    assert push.writes_sent() == 0
    assert push.written() == []


def test_nothing_is_sent_that_is_not_journalled(push: Push, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intent is durable before the request leaves: a ledger that fails in the middle stops the writes."""
    job = push.job()
    append, calls = ledger.journal.append, []

    def failing(entries: Any, lock: Any = None) -> None:
        calls.append(entries)
        if len(calls) > 3:
            raise LockHeld("the ledger went away")
        append(entries, lock=lock)

    monkeypatch.setattr(ledger.journal, "append", failing)
    with pytest.raises(LockHeld):
        apply_changes(job)

    sent = Counter(entry.state.value for entry in ledger.journal.entries(push.diff.tenant))["sent"]
    assert push.writes_sent() <= sent < len(push.diff.changes)


def test_the_journal_tells_the_whole_way_of_every_change(push: Push, ledger: Ledger) -> None:
    """Every number pushed can be traced: intended, sent, confirmed, verified, in this order."""
    apply_changes(push.job())
    verify_changes(push.job())

    ways: dict[str, list[str]] = {}
    for entry in ledger.journal.entries(push.diff.tenant):
        ways.setdefault(entry.change_id, []).append(entry.state.value)
    assert ways.keys() == {change.change_id for change in push.diff.changes}
    assert {tuple(way) for way in ways.values()} == {("intended", "sent", "confirmed", "verified")}
    assert ledger.journal.verify(push.diff.tenant) == []
    last = ledger.journal.states(push.diff.digest).values()
    assert {entry.state for entry in last} <= DONE
    assert all(entry.line_id for entry in last)  # a new line is known by its id from then on
