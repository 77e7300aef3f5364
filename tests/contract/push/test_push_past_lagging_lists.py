"""The push where a list may miss for minutes what was just written: a second addition never happens."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from billing_providers.model.changes import ChangeKind
from billing_providers.model.journal import JournalState
from billing_providers.push.applier import apply_changes
from billing_providers.push.verifier import verify_changes
from tests.contract.push.conftest import Push, in_states
from tests.contract.push.planned import ADDED
from tests.support.psa_cases import needs

LAG_S = 240


@pytest.fixture
def lagging(push: Push) -> Push:
    """A push to a tenant whose lists are four minutes late."""
    push.box.control.change_settings(**{push.case.lag_setting: LAG_S})
    assert push.offered.lists_lag_s >= LAG_S
    return push


@needs("lagging lists")
def test_lists_that_lag_change_nothing_about_push_and_verify(lagging: Push) -> None:
    """Law 8: lines are read past the lag, new ones by the id that the PSA answered."""
    apply_changes(lagging.job())
    states = verify_changes(lagging.job())

    assert in_states(states) == {"verified": len(lagging.diff.changes)}
    assert lagging.written() == lagging.wanted()


@needs("lagging lists")
def test_a_lost_answer_to_a_change_of_a_line_is_resolved_at_once(lagging: Push) -> None:
    """Reading by id lags behind nothing, so only new lines have to wait."""
    lagging.fault("drop_after", nth=2, count=5)

    assert in_states(apply_changes(lagging.job())) == {"confirmed": len(lagging.diff.changes)}
    assert lagging.written() == lagging.wanted()


@needs("lagging lists")
@pytest.mark.parametrize(
    ("kind", "settings"), [("drop_after", {}), ("truncate", {}), ("status", {"status": 500, "applied": True})], ids=str
)
def test_a_new_line_whose_answer_was_lost_is_found_once_lists_show_it(
    kind: str, settings: dict[str, object], lagging: Push
) -> None:
    """Law 7: while nobody can tell, nothing is sent, however often it is tried; then the line is found, once."""
    lagging.fault(kind, lagging.case.add, count=0, **settings)
    first = apply_changes(lagging.job())
    lagging.box.control.clear_faults()
    lagging.wait(100)
    meanwhile = [apply_changes(lagging.job()), verify_changes(lagging.job())]
    lagging.wait(100)
    meanwhile.append(apply_changes(lagging.job()))
    lagging.wait(101)
    found = apply_changes(lagging.job())

    waiting = {"confirmed": len(lagging.diff.changes) - ADDED, "unknown": ADDED}
    done = len(lagging.diff.changes) - ADDED
    assert in_states(first) == in_states(meanwhile[0]) == waiting
    assert in_states(meanwhile[1]) == in_states(meanwhile[2]) == {"verified": done, "unknown": ADDED}
    assert in_states(found) == {"verified": done, "confirmed": ADDED}
    assert lagging.sent(lagging.case.add) == ADDED
    assert lagging.written() == lagging.wanted()
    assert all(found[change.change_id].line_id for change in lagging.of_kind(ChangeKind.ADD_LINE))


@needs("lagging lists")
def test_waiting_ends_however_often_a_try_comes_between(lagging: Push) -> None:
    """A new line that never reached the PSA is added once, when lists must have shown it, and not never."""
    lagging.fault("drop_before", lagging.case.add, count=0)
    apply_changes(lagging.job())
    lagging.box.control.clear_faults()
    counted = []
    for _ in range(7):
        lagging.wait(60)
        apply_changes(lagging.job())
        counted.append(lagging.sent(lagging.case.add) - ADDED)

    assert counted[3] == 0
    assert counted[-1] == ADDED
    assert lagging.written() == lagging.wanted()


@needs("lagging lists")
def test_another_run_does_not_add_what_lists_still_hide(lagging: Push) -> None:
    """A run that planned from a late list plans the same new lines; the journal knows that they are there."""
    apply_changes(lagging.job())
    additions = tuple(lagging.of_kind(ChangeKind.ADD_LINE))
    second = replace(lagging.diff, digest="e" * 64, changes=additions)

    states = apply_changes(lagging.job(second))

    assert in_states(states) == {"confirmed": ADDED}
    assert {entry.detail for entry in states.values()} == {"an earlier try had added the line"}
    assert lagging.sent(lagging.case.add) == ADDED
    assert lagging.written() == lagging.wanted()


@needs("lagging lists")
def test_another_run_waits_for_a_new_line_of_which_nobody_knows(lagging: Push) -> None:
    """The first run lost its answers, the second one with other numbers sends nothing until lists can tell."""
    lagging.fault("drop_after", lagging.case.add, count=0)
    apply_changes(lagging.job())
    lagging.box.control.clear_faults()
    additions = [replace(change, quantity_after=change.quantity_after + 1) for change in lagging.diff.changes]
    additions = [change for change in additions if change.kind is ChangeKind.ADD_LINE]
    second = replace(lagging.diff, digest="e" * 64, changes=tuple(additions))

    waiting = [in_states(apply_changes(lagging.job(second))) for _ in range(2)]
    lagging.wait_for_lists()
    found = apply_changes(lagging.job(second))

    assert waiting == [Counter(unknown=ADDED)] * 2
    assert in_states(found) == {"stale": ADDED}
    assert {entry.detail.partition(" (")[0] for entry in found.values()} == {
        "the contract has 1 lines for the service by now"
    }
    assert lagging.sent(lagging.case.add) == ADDED
    assert lagging.written() == lagging.wanted()


@needs("lagging lists")
def test_a_lying_answer_to_a_new_line_does_not_add_it_again(lagging: Push) -> None:
    """A mismatch has an id: the rerun reads that line instead of looking in a list that hides it."""
    lagging.fault("readback_lie", lagging.case.add, count=0, delta=2)
    first = apply_changes(lagging.job())
    lagging.box.control.clear_faults()
    again = apply_changes(lagging.job())

    assert in_states(first)["mismatch"] == ADDED
    assert in_states(again) == {"confirmed": len(lagging.diff.changes)}
    assert lagging.sent(lagging.case.add) == ADDED
    assert lagging.written() == lagging.wanted()


@needs("lagging lists", "lines that vanish")
def test_a_new_line_that_a_person_deleted_again_is_not_added_a_second_time(lagging: Push) -> None:
    """What a person took away meanwhile is theirs to decide."""
    lagging.fault("readback_lie", lagging.case.add, count=1, delta=2)
    states = apply_changes(lagging.job())
    (lied,) = [entry for entry in states.values() if entry.state is JournalState.MISMATCH]
    lagging.box.control.clear_faults()
    lagging.box.control.edit_line(lied.line_id, system=lagging.case.key, gone=True)

    again = apply_changes(lagging.job())

    assert again[lied.change_id].state is JournalState.STALE
    assert "is no longer on the contract" in again[lied.change_id].detail
    assert apply_changes(lagging.job())[lied.change_id].state is JournalState.STALE
    assert lagging.sent(lagging.case.add) == ADDED


@needs("lagging lists")
def test_a_read_that_fails_leaves_a_doubtful_new_line_doubtful(lagging: Push) -> None:
    """Not being able to look is no proof that nothing is there."""
    lagging.fault("drop_after", lagging.case.add, count=0)
    apply_changes(lagging.job())
    lagging.box.control.clear_faults()
    lagging.fault("status", "GET *", status=500, count=0)
    blind = apply_changes(lagging.job(attempts_max=1))
    lagging.box.control.clear_faults()
    apply_changes(lagging.job())
    lagging.wait_for_lists()

    assert in_states(blind)["unknown"] == ADDED
    assert in_states(apply_changes(lagging.job())) == {"confirmed": len(lagging.diff.changes)}
    assert lagging.sent(lagging.case.add) == ADDED
    assert lagging.written() == lagging.wanted()
