"""A person marks tasks and runs as failed or as done, over what they really did."""

from __future__ import annotations

import pytest

from tests.system.cluster.stage import ASKED, DAG, PUSH, REVIEW

LINES = 30


@pytest.mark.sampled
def test_a_review_marked_as_success_carries_no_decision_and_leads_to_no_push(stage):
    """Only an answer of a person clears what a guard holds: green is no approval."""
    run_id = stage.ask_for_review()
    stage.api.mark_task(DAG, run_id, REVIEW, "success")

    stage.wait_for(lambda: stage.api.tasks(DAG, run_id)[PUSH] == "failed", "the push to refuse")
    assert stage.api.wait(DAG, run_id) == "failed"
    assert stage.result(run_id) == "Failed"
    assert stage.judge() == 0

    stage.api.clear(DAG, run_id, [REVIEW])
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    stage.finish(run_id)
    assert stage.judge((DAG, run_id)) >= 1


@pytest.mark.sampled
def test_a_push_marked_as_success_writes_nothing_and_the_run_says_so(stage):
    """What was marked is not what was done: the result counts what the PSA holds, and clearing the push writes it."""
    run_id = stage.ask_for_review(3)
    stage.api.mark_task(DAG, run_id, PUSH, "success")

    assert stage.api.finish(DAG, run_id, review=REVIEW) == "failed"
    assert stage.result(run_id) in ("Failed", "Partly failed")
    assert stage.judge() == 0

    stage.api.clear(DAG, run_id, [PUSH])
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    stage.finish(run_id)
    assert stage.judge((DAG, run_id)) >= 3


@pytest.mark.sampled
@pytest.mark.parametrize("what", ["task", "run"])
def test_what_is_marked_as_failed_in_the_middle_of_a_push_is_taken_up_by_clearing(stage, what):
    """A push that was stopped halfway continues where the PSA stands: no line is written twice, none is left out."""
    run_id = stage.ask_for_review(LINES)
    with stage.slow_psa():
        stage.api.answer_review(DAG, run_id, REVIEW, "Approve")
        stage.wait_for_writes(4, run_id)
        stage.account.fault()
        if what == "task":
            stage.api.mark_task(DAG, run_id, PUSH, "failed")
        else:
            stage.api.mark_run(DAG, run_id, "failed")
        stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] == "failed", "the run to fail")
    assert 4 <= stage.new_writes() < LINES

    stage.api.clear(DAG, run_id, [PUSH])
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    assert stage.api.wait(DAG, run_id, until=ASKED) == "success", stage.story(run_id)
    assert stage.judge((DAG, run_id)) >= LINES


@pytest.mark.sampled
def test_a_whole_run_that_is_cleared_plans_anew_and_writes_nothing_more(stage):
    """A second go through all tasks finds the PSA as the first one left it."""
    run_id = stage.run_again()
    stage.judge((DAG, run_id))

    stage.api.clear_run(DAG, run_id)
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    stage.finish(run_id)
    assert stage.wanted(run_id) == []
    assert stage.judge((DAG, run_id)) == 0
