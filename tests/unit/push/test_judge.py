from __future__ import annotations

from decimal import Decimal

import pytest

from billing_providers.model.changes import ChangeKind
from billing_providers.model.journal import JournalState
from billing_providers.push.judge import Verdict, judge
from tests.support.diffs import change, line


def live(*lines):
    return {each.line_id: each for each in lines}


def test_a_line_that_is_as_the_diff_says_is_written():
    """Before each write the live line is read; only what still is what the diff says it was is written."""
    assert judge(change(), live(line(quantity=3)), None).verdict is Verdict.WRITE


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "no longer on the contract"),
        ([line(open=False)], "has ended"),
        ([line(quantity=4)], "quantity was changed"),
        ([line(version="v2")], "edited since"),
    ],
)
def test_a_line_that_changed_since_the_diff_is_stale(lines, why):
    """A line changed by hand between review and push is left alone."""
    judgement = judge(change(line_version="v1"), live(*lines), None)

    assert judgement.verdict is Verdict.STALE
    assert why in judgement.why


def test_a_stale_line_reports_the_value_that_was_seen():
    """A stale line is reported with both values."""
    assert judge(change(), live(line(quantity=4)), None).observed == Decimal(4)


def test_a_write_whose_answer_was_lost_but_was_applied_is_not_repeated():
    """After a lost response the line is resolved by reading the PSA."""
    judgement = judge(change(line_version="v1"), live(line(quantity=5, version="v2")), JournalState.UNKNOWN)

    assert judgement.verdict is Verdict.ALREADY


def test_a_write_whose_answer_was_lost_and_was_not_applied_is_written_again():
    """What reading shows as not applied is still wanted."""
    assert judge(change(), live(line(quantity=3)), JournalState.SENT).verdict is Verdict.WRITE


ADD = change(kind=ChangeKind.ADD_LINE, line_id="", quantity_before=None)


def test_a_line_is_added_only_where_none_exists():
    """Nothing is ever billed twice: a second line for a service is never added."""
    assert judge(ADD, live(line(service_id="9")), None).verdict is Verdict.WRITE
    assert judge(ADD, live(line(quantity=5)), None).verdict is Verdict.STALE


def test_an_added_line_whose_answer_was_lost_is_found_instead_of_added_again():
    """A lost answer to an addition is resolved by reading."""
    judgement = judge(ADD, live(line("777", quantity=5)), JournalState.UNKNOWN)

    assert (judgement.verdict, judgement.line_id) == (Verdict.ALREADY, "777")
    assert judge(ADD, live(line("777", quantity=6)), JournalState.UNKNOWN).verdict is Verdict.STALE
