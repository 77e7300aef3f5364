"""A worker and the scheduler die by SIGKILL in the middle of a push."""

from __future__ import annotations

import pytest

from tests.system.cluster.stage import DAG, PUSH, REVIEW, Stage

LINES = 30
HEALTHY_S = 120


@pytest.mark.parametrize("with_children", [False, True], ids=["alone", "with-everything-it-started"])
def test_a_worker_that_dies_in_the_middle_of_a_push_neither_loses_nor_doubles_a_line(stage, with_children):
    """The next try reads what is doubtful before it writes, whichever worker has it, and an old one writes no more."""
    run_id = stage.ask_for_review(LINES)
    with stage.slow_psa():
        push_begins(stage, run_id)
        worker = stage.api.instances(DAG, run_id)[PUSH]["hostname"]
        stage.account.fault()
        stage.cluster.kill(worker, with_children=with_children)
        stage.cluster.start(worker)
        clear(stage, run_id)
    assert finished_once(stage, run_id) >= LINES


@pytest.mark.parametrize(
    "with_children",
    [
        pytest.param(False, id="alone", marks=pytest.mark.sampled("test_on_one_machine")),
        pytest.param(True, id="with-everything-it-started", marks=pytest.mark.sampled("test_on_celery")),
    ],
)
def test_a_scheduler_that_dies_in_the_middle_of_a_push_neither_loses_nor_doubles_a_line(stage, with_children):
    """Whoever still pushes for a dead scheduler, and whoever takes the push up, write each line once between them."""
    run_id = stage.ask_for_review(LINES)
    with stage.slow_psa():
        push_begins(stage, run_id)
        stage.account.fault()
        stage.cluster.kill("scheduler", with_children=with_children)
        stage.cluster.start("scheduler")
        clear(stage, run_id)
    assert finished_once(stage, run_id) >= LINES


def push_begins(stage: Stage, run_id: str) -> None:
    """Approve a run, and return when it has written a few of its lines and is at work on the others."""
    stage.api.answer_review(DAG, run_id, REVIEW, "Approve")
    stage.wait_for_writes(4, run_id)


def clear(stage: Stage, run_id: str) -> None:
    """Clear the push as a person does who sees that something has died."""
    stage.api.clear(DAG, run_id, [PUSH])
    stage.cluster.wait_until_healthy(HEALTHY_S)


def finished_once(stage: Stage, run_id: str) -> int:
    """Return how many lines the run has written, each once; clearing its push once more writes none."""
    stage.finish(run_id)
    written = stage.judge((DAG, run_id))

    stage.api.clear(DAG, run_id, [PUSH])
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    stage.finish(run_id)
    assert stage.judge() == 0
    return written
