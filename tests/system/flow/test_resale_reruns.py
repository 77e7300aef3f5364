"""MSP360 and rCloud to ConnectWise after something went wrong: what clearing a task, and a second run, does then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_providers.model.changes import LineChange
from billing_providers.model.journal import JournalState
from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from tests.contract.push.planned import Row, rows_of
from tests.support.closing import Closing, closing, shipped_settings
from tests.support.pipeline import Pipeline
from tests.support.rcloud_files import put_rcloud_file

PSA = "connectwise"
LIST = "/finance/agreements/{parentId}/additions"
WRITE, READ = f"PATCH {LIST}/{{id}}", f"GET {LIST}/{{id}}"
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Closing]:
    """One MSP that resells MSP360; rCloud's file of October lies in its inbox."""
    with ExitStack() as stack:
        put_rcloud_file(tmp_path, build_world().resale, OCTOBER)
        yield stack.enter_context(closing(tmp_path, "msp360_to_connectwise"))


def reviewed(msp: Closing, run_id: str = "r1", **params: Any) -> Pipeline:
    """Return a run whose diff is approved, with the request log started anew."""
    run = msp.run(run_id, **params)
    run.plan()
    run.review()
    msp.box.control.forget_requests()
    return run


def changes_of(run: Pipeline) -> tuple[LineChange, ...]:
    return run.ledger.diffs.load(run.diff["digest"]).changes


def states_of(run: Pipeline) -> Counter[str]:
    return Counter(entry.state.value for entry in run.ledger.journal.states(run.diff["digest"]).values())


def wanted(*runs: Pipeline) -> list[Row]:
    """Return what approved diffs say, field by field."""
    from billing_providers.hooks.psas import psa_for

    return sorted(
        row
        for run in runs
        for change in changes_of(run)
        for row in rows_of(change, psa_for(run.settings).capabilities())
    )


def audited(msp: Closing) -> list[Row]:
    """Return what the PSA really applied, in the same form."""
    return sorted((row["line_id"], row["field"], row["after"]) for row in msp.box.control.audit(system=PSA))


def calls(msp: Closing) -> dict[str, int]:
    found: dict[str, int] = msp.box.control.requests()["per_endpoint"]
    return found


FAULTS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    # what goes wrong with the writes from the fifth on, and how many changes the first try leaves in which state
    "refused": ({"kind": "status", "status": 400, "count": 3}, {"failed": 3}),
    "server-fault": ({"kind": "status", "status": 500, "count": 3}, {"unknown": 3}),
    "never-arrived": ({"kind": "drop_before", "count": 3}, {"unknown": 3}),
    "keys-revoked": ({"kind": "status", "status": 401, "count": 3}, {"failed": 3}),
    "lying-answer": ({"kind": "readback_lie", "count": 3}, {"mismatch": 3}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_clearing_a_push_that_failed_for_some_writes_only_these(fault: str, msp: Closing) -> None:
    """A failed task is cleared and rerun, and nothing is ever billed twice."""
    settings, left = FAULTS[fault]
    run = reviewed(msp)
    total = len(changes_of(run))
    msp.box.control.add_fault(system=PSA, endpoint=WRITE, nth=5, **settings)

    with pytest.raises(Exception, match=f"3 of {total} changes are not done"):
        run.push()
    assert states_of(run) == {"confirmed": total - 3, **left}
    msp.box.control.forget_requests()
    run.push()

    sent = 0 if fault == "lying-answer" else 3  # those are only read
    assert (calls(msp).get(WRITE, 0), calls(msp).get(READ, 0)) == (sent, 3)
    run.verify()
    assert run.report()["result"] == "Succeeded with warnings"
    assert set(states_of(run)) == {"verified"}
    assert audited(msp) == wanted(run)


@pytest.mark.parametrize(("kind", "settings"), [("drop_after", {}), ("truncate", {}), ("status", {"applied": True})])
def test_lost_answers_need_no_clearing(kind: str, settings: dict[str, Any], msp: Closing) -> None:
    """What was applied without an answer is found by reading, within the same try."""
    run = reviewed(msp)
    msp.box.control.add_fault(kind, system=PSA, endpoint=WRITE, nth=5, count=6, **settings)

    run.push()

    assert set(states_of(run)) == {"confirmed"}
    assert calls(msp)[WRITE] == len(changes_of(run))
    assert audited(msp) == wanted(run)


def test_clearing_every_step_after_success_sends_nothing(msp: Closing) -> None:
    """Push, verify and report may be cleared as often as somebody likes."""
    run = reviewed(msp)
    run.push()
    run.verify()
    applied = audited(msp)
    msp.box.control.forget_requests()

    run.push()
    run.verify()

    assert run.report()["result"] == "Succeeded with warnings"
    assert calls(msp) == {}
    assert audited(msp) == applied == wanted(run)


def test_a_whole_push_costs_one_read_and_one_write_per_changed_line_and_no_call_for_the_others(msp: Closing) -> None:
    """No call at all for an unchanged line beyond the bulk read, one write per changed one, one read-back."""
    run = msp.run()
    run.plan()
    bulk = calls(msp)
    run.review()
    msp.box.control.forget_requests()
    run.push()
    pushed = calls(msp)
    msp.box.control.forget_requests()
    run.verify()

    changed = len(changes_of(run))
    assert run.diff["counts"]["unchanged"] > 50
    assert not any(endpoint.startswith(READ) for endpoint in bulk)
    assert bulk["POST /system/bundles"] <= 4
    assert pushed.pop("GET /login/companyinfo/{companyId}") == 1
    assert pushed == {WRITE: changed, READ: changed}
    assert calls(msp) == {READ: changed, "GET /login/companyinfo/{companyId}": 1}


def test_a_line_edited_between_review_and_push_is_left_alone_and_taken_up_by_a_new_run(msp: Closing) -> None:
    """Law 6: the live line is not what was reviewed, so a person's change is seen before it is overwritten."""
    run = reviewed(msp)
    edited = next(change for change in changes_of(run) if change.kind.value == "set_quantity")
    msp.box.control.edit_line(edited.line_id, system=PSA, units="4711")

    run.push()
    run.verify()
    with pytest.raises(Exception, match="Partly failed"):
        run.report()
    assert states_of(run)["stale"] == 1
    assert not [row for row in audited(msp) if row[0] == edited.line_id]

    again = msp.run("r2", failed_only=True)
    again.close()
    (change,) = changes_of(again)
    assert (change.line_id, change.quantity_before) == (edited.line_id, Decimal(4711))
    assert (edited.line_id, "units", str(edited.quantity_after)) in audited(msp)


def test_a_second_integration_is_refused_while_the_first_works_and_goes_on_afterwards(
    msp: Closing, tmp_path: Path
) -> None:
    """Two runs for one tenant and period cannot overlap, whichever integrations they are of; the holder is named."""
    first = reviewed(msp)
    settings = replace(shipped_settings("rcloud_to_connectwise"), artifacts=f"file://{tmp_path}/artifacts")
    second = Pipeline(settings, run_id="cloud")

    with pytest.raises(Exception, match="msp360_to_connectwise/r1 works on connectwise:harbourmsp"):
        second.resolve()
    assert calls(msp) == {}

    first.push()
    first.verify()
    first.report()
    second.close()

    assert changes_of(second)
    assert not {change.line_id for change in changes_of(first)} & {change.line_id for change in changes_of(second)}
    assert audited(msp) == wanted(first, second)


def test_a_period_that_is_back_filled_later_stays_apart(msp: Closing) -> None:
    """Each period has its own lock, journal and history; an earlier one may be closed while a later one is at work."""
    october = reviewed(msp, "october", billing_period="2026-10-15")
    november = msp.run("november", billing_period="2026-11-15")

    november.resolve()
    october.push()
    october.verify()
    october.report()

    starts = (date(2026, 10, 1), date(2026, 11, 1))
    assert [len(october.ledger.journal.entries(october.run["tenant"], start)) > 0 for start in starts] == [True, False]
    holders = [october.ledger.locks.holder(october.run["tenant"], start) for start in starts]
    assert [lock.owner if lock else "" for lock in holders] == ["", "msp360_to_connectwise/november"]
    assert audited(msp) == wanted(october)
    september = msp.close("september", billing_period="2026-09-15")
    assert audited(msp) == sorted(wanted(october) + wanted(september))
    entries = october.ledger.journal.entries(october.run["tenant"], date(2026, 9, 1))
    assert {entry.run_key for entry in entries} == {"msp360_to_connectwise/september"}
    assert {entry.state for entry in entries if entry.state is not JournalState.VERIFIED} <= {
        JournalState.INTENDED,
        JournalState.SENT,
        JournalState.CONFIRMED,
    }
    runs = {key: october.ledger.runs.find(f"msp360_to_connectwise/{key}") for key in ("october", "september")}
    assert {key: run.period_start for key, run in runs.items()} == {
        "october": date(2026, 10, 1),
        "september": date(2026, 9, 1),
    }
