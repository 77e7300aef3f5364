"""What a person clicks in a running Airflow: approve, reject, clear, look ahead, undo. Each looks at what it added."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tests.system.cluster.stage import ASKED, DAG, REVIEW


def test_the_scheduled_run_of_the_closed_period_asks_and_writes_exactly_the_approved_diff(opened):
    """The period runs on schedule; what is written is exactly the reviewed number."""
    run_id = opened.scheduled(DAG)
    assert opened.api.wait(DAG, run_id, until=ASKED) == "awaiting_input"
    assert opened.audit() == []

    assert opened.first == run_id
    assert sorted(opened.audit()) == sorted(opened.wanted(run_id))
    assert len(opened.audit()) > 100
    assert opened.ledger.diffs.approval(opened.digest(opened.first)).decided_by == "admin"


def test_a_second_run_for_the_period_writes_nothing(stage):
    """Running again after success plans nothing and writes nothing."""
    before = stage.audit()
    again = stage.run_again()

    assert stage.api.run(DAG, again)["state"] == "success"
    assert stage.wanted(again) == []
    assert stage.audit() == before
    assert stage.judge((DAG, again)) == 0


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("tasks", "downstream"),
    [
        (["push_contract_lines"], True),
        (["verify_contract_lines"], False),
        (["report_run"], False),
        (["extract_usage"], False),
        (["apply_billing_rules", "push_contract_lines"], False),
        (["resolve_period"], True),
    ],
    ids=["push", "verify", "report", "extract", "rules-and-push", "everything"],
)
def test_clearing_tasks_of_a_finished_run_writes_nothing_more(stage, tasks, downstream):
    """A rerun of any single task, and of any set of tasks, is safe."""
    before = stage.audit()
    stage.api.clear(DAG, stage.first, tasks, downstream=downstream)
    time.sleep(1)

    assert stage.api.wait(DAG, stage.first) == "success"
    assert stage.audit() == before
    assert stage.judge() == 0
    if not downstream:  # a task that is cleared alone takes the lock; the last task gives it back
        stage.api.clear(DAG, stage.first, ["report_run"])
        time.sleep(1)
        assert stage.api.wait(DAG, stage.first) == "success"


@pytest.mark.sampled
def test_a_diff_made_anew_after_its_review_is_refused_until_it_is_reviewed(stage):
    """A diff changed after review is refused."""
    line = stage.control("lines")[0]
    stage.control("edit-line", line_id=line["line_id"], units=str(int(Decimal(line["units"])) + 3))
    run_id = stage.run_again()
    assert stage.judge((DAG, run_id)) == 1
    before = stage.audit()
    stage.control("edit-line", line_id=line["line_id"], units=str(int(Decimal(line["units"])) + 5))

    stage.api.clear(DAG, run_id, ["map_and_diff"], downstream=False)
    time.sleep(1)
    stage.api.wait(DAG, run_id)
    stage.api.clear(DAG, run_id, ["push_contract_lines"], downstream=False)
    time.sleep(1)
    stage.api.wait(DAG, run_id)
    assert stage.api.tasks(DAG, run_id)["push_contract_lines"] == "failed"
    assert stage.audit() == before

    stage.api.clear(DAG, run_id, ["review_diff"])
    time.sleep(1)
    stage.finish(run_id)
    assert stage.audit()[len(before) :] == [(line["line_id"], Decimal(line["units"]))]
    assert stage.judge((DAG, run_id)) == 1


@pytest.mark.sampled
def test_an_approval_on_the_text_of_an_older_diff_writes_nothing_of_a_newer_one(stage):
    """Airflow shows the first question again when a run is cleared; its form names the diff that was read."""
    run_id = stage.ask_for_review(2)
    first = stage.digest(run_id)
    stage.edit(4)
    stage.api.clear(DAG, run_id, ["map_and_diff"])
    stage.wait_for(lambda: stage.api.tasks(DAG, run_id)[REVIEW] != "awaiting_input", "the question to go")
    assert stage.api.wait(DAG, run_id, until=ASKED) == "awaiting_input"
    assert stage.digest(run_id) != first

    stage.api.answer_review(DAG, run_id, REVIEW, "Approve")
    assert stage.api.wait(DAG, run_id) == "failed"
    assert stage.judge() == 0
    assert any(first[:12] in told and "KS144" in told for told in stage.findings(run_id))

    stage.api.clear(DAG, run_id, [REVIEW])
    stage.wait_for(lambda: stage.api.run(DAG, run_id)["state"] in ("queued", "running"), "the run to begin again")
    stage.finish(run_id)
    assert stage.judge((DAG, run_id)) >= 4


@pytest.mark.sampled
def test_a_dry_run_makes_no_writing_request(stage):
    """Extracting, mapping, planning, previewing and a dry run never write."""
    line = stage.control("lines")[0]
    stage.control("edit-line", line_id=line["line_id"], units=str(int(Decimal(line["units"])) + 2))
    before = stage.control("requests")["writing"]
    run_id = stage.run_again(dry_run=True)

    assert stage.wanted(run_id) != []
    assert stage.control("requests")["writing"] == before
    assert stage.api.tasks(DAG, run_id)["push_contract_lines"] == "skipped"
    assert stage.api.run(DAG, run_id)["state"] == "success"
    assert stage.judge() == 0


@pytest.mark.sampled
def test_a_rejected_diff_is_not_written_and_a_push_cleared_afterwards_is_skipped_again(stage):
    """A rejection is a decision: the run is cancelled, not failed."""
    before = stage.audit()
    run_id = stage.ask_for_review()

    stage.finish(run_id, "Reject")
    assert stage.api.tasks(DAG, run_id)["push_contract_lines"] == "skipped"
    assert stage.result(run_id) == "Cancelled"
    assert stage.audit() == before
    assert stage.judge() == 0


@pytest.mark.sampled
def test_a_run_is_undone_by_a_diff_that_a_person_approves(stage):
    """Named by its run id; what it had written goes back, and the run that undid it says so."""
    line = next(line for line in stage.control("lines") if Decimal(line["units"]) > 20)
    edited = str(int(Decimal(line["units"])) + 4)
    stage.control("edit-line", line_id=line["line_id"], units=edited)
    run_id = stage.run_again()
    assert (line["line_id"], Decimal(line["units"])) in stage.wanted(run_id)
    stage.judge((DAG, run_id))
    before = stage.audit()

    stage.api.unpause(f"{DAG}_undo")
    undo = stage.api.trigger(f"{DAG}_undo", run=run_id)
    assert stage.api.wait(f"{DAG}_undo", undo, until=ASKED) == "awaiting_input"
    assert stage.audit() == before
    assert stage.api.finish(f"{DAG}_undo", undo, review=REVIEW) == "success"

    assert (line["line_id"], Decimal(edited)) in stage.audit()[len(before) :]
    assert len(stage.audit()) == len(before) + len(stage.wanted(run_id))
    assert stage.ledger.runs.find(f"{DAG}_undo/{undo}").undoes == f"{DAG}/{run_id}"
    stage.judge((f"{DAG}_undo", undo))


@pytest.mark.sampled
def test_the_watch_tells_drift_whatever_the_setup_came_to(stage):
    """Its tasks run in a real Airflow, each in its own pool; a fault of the setup is not hidden by what comes after."""
    line = next(line for line in stage.control("lines") if Decimal(line["units"]) > 20)
    stage.control("edit-line", line_id=line["line_id"], units="1")
    stage.api.unpause(f"{DAG}_watch")
    run_id = stage.api.trigger(f"{DAG}_watch")

    ended, tasks = stage.api.wait(f"{DAG}_watch", run_id), stage.api.tasks(f"{DAG}_watch", run_id)

    assert tasks["report_drift"] == "success"
    assert ended == ("success" if tasks["check_setup"] == "success" else "failed")
    told = stage.api.xcom(f"{DAG}_watch", run_id, "report_drift")
    assert line["line_id"] in {entry["line"] for entry in told["lines"]}
    assert stage.judge() == 0
