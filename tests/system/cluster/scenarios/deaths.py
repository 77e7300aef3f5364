"""A worker and the scheduler die by SIGKILL in the middle of a push."""

from __future__ import annotations

import pytest

from tests.system.cluster.stage import DAG, PUSH, REVIEW, Stage

LINES = 30
HEALTHY_S = 120


@pytest.mark.parametrize("with_children", [False, True], ids=["alone", "with-everything-it-started"])
def test_a_worker_that_dies_in_the_middle_of_a_push_neither_loses_nor_doubles_a_line(stage, with_children):
    """The next try reads what is doubtful before it writes, whichever worker has it, and an old one writes no more."""
    run_id = pushing(stage)
    with stage.slow_psa():
        stage.wait_for_writes(4, run_id)
        worker = stage.api.instances(DAG, run_id)[PUSH]["hostname"]
        stage.account.fault()
        stage.cluster.kill(worker, with_children=with_children)
        stage.cluster.start(worker)
    clear_and_rerun(stage, run_id)


@pytest.mark.parametrize("with_children", [False, True], ids=["alone", "with-everything-it-started"])
def test_a_scheduler_that_dies_in_the_middle_of_a_push_neither_loses_nor_doubles_a_line(stage, with_children):
    """Whoever still pushes for a dead scheduler, and whoever takes the push up, write each line once between them."""
    run_id = pushing(stage)
    with stage.slow_psa():
        stage.wait_for_writes(4, run_id)
        stage.account.fault()
        stage.cluster.kill("scheduler", with_children=with_children)
        stage.cluster.start("scheduler")
        clear_and_rerun(stage, run_id)


def pushing(stage: Stage) -> str:
    """Return a run whose push was just approved."""
    run_id = stage.ask_for_review(LINES)
    stage.api.answer_review(DAG, run_id, REVIEW, "Approve")
    return run_id


def clear_and_rerun(stage: Stage, run_id: str) -> None:
    """Clear the push as a person does; when it has ended well, the PSA holds the approved diff, written once."""
    stage.api.clear(DAG, run_id, [PUSH])
    stage.cluster.wait_until_healthy(HEALTHY_S)
    assert stage.api.finish(DAG, run_id, review=REVIEW) == "success"
    assert stage.judge((DAG, run_id)) >= LINES

    stage.api.clear(DAG, run_id, [PUSH])
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    assert stage.api.finish(DAG, run_id, review=REVIEW) == "success"
    assert stage.judge() == 0
