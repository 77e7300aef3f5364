"""Decisions told twice, late or against the clock, and plans made under a wrong clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from billing_providers.model.settings import ReviewMode
from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.world import build_world
from tests.support.closing import Closing, closing
from tests.support.kill_bench import integration_of
from tests.support.module_files import put_metrics_file
from tests.support.push_process import Wish, run_task
from tests.support.rcloud_files import put_rcloud_file
from tests.survival.test_push_is_killed import MORNING, OCTOBER

HOURS = timedelta(hours=3)
DAYS_S = 40 * 86400.0


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Closing]:
    """An MSP whose every diff is reviewed."""
    with closing(tmp_path) as found:
        found.change(review=ReviewMode.ALWAYS)
        yield found


def test_an_approval_given_twice_is_pushed_once(msp: Closing) -> None:
    """A second click, or an answer that Airflow delivers again, is the same decision; pushing again writes nothing."""
    run = msp.run()
    run.plan()
    run.review()
    run.answer("Approve", "ann")
    run.push()
    run.answer("Approve", "bob")
    run.push()

    assert msp.written() == msp.wanted(run)
    assert len(msp.written()) > 10


def test_an_approval_of_an_older_diff_clears_no_newer_one(msp: Closing) -> None:
    """Law 2: what is written is the reviewed number; a decision counts for the digest that was shown."""
    from airflow.sdk.exceptions import AirflowException

    run = msp.run()
    older = run.plan()["digest"]
    run.review()
    line_id = run.ledger.diffs.load(older).changes[0].line_id
    msp.box.control.edit_line(line_id, system=msp.settings.psa, units=77)
    newer = run.map_and_diff()["digest"]
    run.answer("Approve", "ann")  # of the form that showed the older one

    assert newer != older
    with pytest.raises(AirflowException, match="has no decision from the review of this run"):
        run.push()
    assert msp.written() == []


@pytest.mark.parametrize(("first", "then"), [("Approve", "Reject"), ("Reject", "Approve")])
def test_the_last_decision_counts_also_when_the_clock_was_set_back_before_it(
    msp: Closing, first: str, then: str
) -> None:
    """A decision is dated by a clock, and its place after the earlier ones is no matter of clocks."""
    run = msp.run()
    run.plan()
    run.review()
    now = datetime.now(UTC) + timedelta(minutes=1)
    decided = []
    for answer, at in ((first, now + HOURS), (then, now)):
        with time_machine.travel(at):
            run.answer(answer, "ann")
        decided.append(run.ledger.diffs.approval(run.diff["digest"]).decision)

    assert decided == [{"Approve": "approved", "Reject": "rejected"}[answer] for answer in (first, then)]


@pytest.mark.parametrize("psa", [key for key, entry in SYSTEMS.items() if entry.role == "psa"])
def test_a_plan_made_under_a_wrong_clock_is_the_same_plan(psa: str, tmp_path: Path) -> None:
    """Law 13: "today" is an argument; no date of a diff comes from a clock that jumped."""
    world, digests = build_world(), []
    put_rcloud_file(tmp_path, world.resale, OCTOBER)
    put_metrics_file(tmp_path, world.modules, OCTOBER)
    with closing(tmp_path, integration_of(psa), world=world) as msp:
        msp.box.control.move_clock(MORNING)
        for ahead_s in (0.0, DAYS_S, -DAYS_S):
            ledger = f"sqlite:///{tmp_path}/ledger-{ahead_s}.sqlite"
            environment = {**msp.environment, "AIRFLOW_CONN_BILLING_LEDGER": ledger}
            planned = run_task(Wish(environment, msp.settings, "r1", None, None, task="plan", ahead_s=ahead_s))
            assert planned.done, planned.failed
            assert planned.result["counts"]
            digests.append(planned.result["digest"])
    assert digests == digests[:1] * 3
