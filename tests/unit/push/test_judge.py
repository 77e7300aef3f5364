from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_providers.model.changes import ChangeKind, FieldChange, LineField
from billing_providers.model.journal import JournalState
from billing_providers.model.psa import UnitPeriod
from billing_providers.push.judge import Judgement, Standing, Verdict, WriteTraits
from billing_providers.push.judge import judge as judged
from tests.support.diffs import change, line

LAST_DAY = date(2026, 10, 25)


def judge(change, live, state, age_s=0.0, lists_lag_s=0.0) -> Judgement:
    return judged(change, live, Standing(state, age_s), billed_on=LAST_DAY, traits=WriteTraits(lists_lag_s))


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


def test_an_addition_that_lists_may_not_show_yet_is_not_sent_again():
    """After a lost answer an addition is repeated only when no list can be too old to show it."""
    young = judge(ADD, live(), JournalState.UNKNOWN, age_s=299, lists_lag_s=300)
    old = judge(ADD, live(), JournalState.UNKNOWN, age_s=300, lists_lag_s=300)

    assert (young.verdict, old.verdict) == (Verdict.WAIT, Verdict.WRITE)
    assert judge(ADD, live(), JournalState.INTENDED, age_s=1, lists_lag_s=300).verdict is Verdict.WRITE


COSTED = change(fields=(FieldChange(LineField.UNIT_COST, "0.05", "0.06"),))


def test_a_line_is_as_planned_only_when_every_field_is():
    """Quantity alone does not make a change done: cost, price and text count as well."""
    half_done = line(quantity=5, unit_cost=Decimal("0.05"))

    assert judge(COSTED, live(half_done), JournalState.UNKNOWN).verdict is Verdict.STALE
    assert judge(COSTED, live(line(quantity=5, unit_cost=Decimal("0.0600"))), None).verdict is Verdict.ALREADY
    assert judge(COSTED, live(line(quantity=3, unit_cost=Decimal("0.05"))), None).verdict is Verdict.WRITE


def test_a_field_that_was_edited_since_the_review_makes_the_line_stale():
    """A cost changed by hand between review and push is left alone, and named."""
    judgement = judge(COSTED, live(line(quantity=3, unit_cost=Decimal("0.07"))), None)

    assert (judgement.verdict, judgement.why) == (Verdict.STALE, "unit_cost changed since the diff was made")


def test_a_line_that_ends_in_the_future_is_billed_until_then():
    """A line cancelled for a later day is still open; one whose last day is over is not."""
    assert judge(change(), live(line(quantity=3, last_day=LAST_DAY)), None).verdict is Verdict.WRITE
    assert judge(change(), live(line(quantity=3, last_day=date(2026, 10, 24))), None).verdict is Verdict.STALE


def test_ending_a_line_is_done_once_it_has_the_last_day():
    """Ending is judged by the day; the quantity stays for the days before."""
    ending = change(
        kind=ChangeKind.END_LINE,
        quantity_after=Decimal(0),
        fields=(FieldChange(LineField.LAST_DAY, None, "2026-10-25"),),
    )

    assert judge(ending, live(line(quantity=3)), None).verdict is Verdict.WRITE
    assert judge(ending, live(line(quantity=3, last_day=date(2026, 10, 25))), None).verdict is Verdict.ALREADY
    assert judge(ending, live(line(quantity=3, last_day=date(2026, 9, 25))), None).verdict is Verdict.STALE


RELATIVE = WriteTraits(settle_s=330, relative=True)


@pytest.mark.parametrize("state", [JournalState.SENT, JournalState.UNKNOWN])
def test_a_difference_without_an_answer_is_not_sent_again_while_it_may_still_be_at_work(state):
    """A difference that is sent twice counts twice: until the server must have ended, what reads as undone waits."""
    change_seen = live(line(quantity=3))
    young = judged(change(), change_seen, Standing(state, 329), billed_on=LAST_DAY, traits=RELATIVE)
    old = judged(change(), change_seen, Standing(state, 330), billed_on=LAST_DAY, traits=RELATIVE)
    seen = judged(change(), live(line(quantity=5)), Standing(state, 1), billed_on=LAST_DAY, traits=RELATIVE)

    assert (young.verdict, old.verdict, seen.verdict) == (Verdict.WAIT, Verdict.WRITE, Verdict.ALREADY)


def test_a_difference_that_was_answered_is_never_sent_again_whatever_reading_shows():
    """The PSA said that it was done; that it does not show it is for a person to look at."""
    mismatch = Standing(JournalState.MISMATCH, 100_000)

    judgement = judged(change(), live(line(quantity=3)), mismatch, billed_on=LAST_DAY, traits=RELATIVE)
    absolute = judged(change(), live(line(quantity=3)), mismatch, billed_on=LAST_DAY)

    assert (judgement.verdict, absolute.verdict) == (Verdict.STALE, Verdict.WRITE)
    assert judgement.why == "the PSA had taken the change and does not show it; never sent twice"


def test_a_field_that_is_as_wanted_already_does_not_count_as_edited():
    """Text and quantity may be two requests; a write that came as far as the text is taken up where it stopped."""
    texted = change(fields=(FieldChange(LineField.INVOICE_TEXT, "old", "new"),))

    assert judge(texted, live(line(quantity=3, invoice_text="new")), JournalState.UNKNOWN).verdict is Verdict.WRITE
    assert judge(texted, live(line(quantity=3, invoice_text="hers")), JournalState.UNKNOWN).verdict is Verdict.STALE


def test_a_quantity_is_that_of_the_change_s_own_day():
    """Where the PSA dates quantities, what holds before the day is neither compared nor changed."""
    days = (
        UnitPeriod(date(2026, 10, 1), date(2026, 10, 25), Decimal(9)),
        UnitPeriod(date(2026, 10, 26), date(2026, 10, 31), Decimal(3)),
    )
    judgement = judge(change(), live(line(quantity=9, schedule=days)), None)

    assert (judgement.verdict, judgement.observed) == (Verdict.WRITE, Decimal(3))
