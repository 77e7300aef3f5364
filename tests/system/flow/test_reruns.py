"""Second runs: only what failed, only some customers, and while another run is at work."""

from __future__ import annotations

import time

import pytest

from billing_providers.push.applier import apply_changes
from billing_providers.steps import kept_lock, push_contract_lines, push_job

WRITE = "PUT /v2/finance/contracts/*/services/*"


def test_failed_only_takes_up_what_failed_or_went_stale_and_nothing_else(msp):
    """``failed_only`` replans and pushes only what failed or went stale."""
    run = msp.run("first")
    run.plan()
    run.review()
    changes = run.ledger.diffs.load(run.diff["digest"]).changes
    stale = changes[10].line_id
    msp.box.control.edit_line(stale, units="55")
    msp.box.control.add_fault("success_false", system="kaseya_bms", endpoint=WRITE, nth=4, count=2)
    with pytest.raises(Exception, match="2 of"):
        run.push()
    run.verify()
    with pytest.raises(Exception, match="Partly failed"):
        run.report()
    done = msp.written()
    other = next(change.line_id for change in changes if change.line_id in dict(done))
    msp.box.control.edit_line(other, units="77")  # drift elsewhere is not this run's business

    again = msp.close("second", failed_only=True)
    lines = {line for line, _ in msp.wanted(again)}
    assert len(lines) == 3
    assert stale in lines
    assert other not in lines
    assert msp.written() == sorted(done + msp.wanted(again))


def test_a_customers_filter_bounds_everything(msp):
    """The customers filter bounds everything, zeroing included; a wrong code is told."""
    usage = msp.box.control.usage("2026-10-25")
    chosen = sorted({row["customer_code"] for row in usage if row["billing_identifier"] == "AERO-01"})
    run = msp.close(billing_period="2026-09-26", customers=[*chosen, "NOBODY"])

    diff = run.ledger.diffs.load(run.diff["digest"])
    assert diff.changes
    assert {code for change in diff.changes for code in change.customer_codes} == set(chosen)
    assert msp.written() == msp.wanted(run)
    assert "KS113" in run.codes()


def test_two_runs_for_one_period_and_tenant_cannot_overlap(msp):
    """Two runs for one period and tenant cannot overlap; the second names the first."""
    msp.run("first").plan()

    with pytest.raises(Exception, match="atria_to_kaseya_bms/first"):
        msp.run("second").resolve()


def test_a_run_that_was_cleared_says_which_attempt_it_is(msp):
    """Whoever reads a result wants to know that it is not the first one of this run."""
    run = msp.run("first")
    for told in ("its log.", "its log. (attempt 2 of this run)"):
        run.resolve()
        with pytest.raises(Exception, match="Failed"):
            run.report()

        assert run.ledger.runs.find(run.run_key).summary.endswith(told)


def test_a_push_that_waits_keeps_its_lock(msp, monkeypatch):
    """A PSA whose hour is used up lets a push wait for longer than its lock lives; no other run may take over."""
    monkeypatch.setattr(kept_lock, "ASK_EVERY_S", 0.01)
    monkeypatch.setattr(push_job, "RENEW_EVERY_S", 0)
    run = msp.run("first")
    run.plan()
    run.review()
    expiries = set()

    def waiting(job):
        for _ in range(500):
            expiries.add(run.ledger.locks.holder(job.lock.tenant, job.lock.period_start).expires_at)
            if len(expiries) > 1:
                break
            time.sleep(0.01)
        return apply_changes(job)

    monkeypatch.setattr(push_contract_lines, "apply_changes", waiting)
    run.push()

    assert len(expiries) > 1


@pytest.mark.parametrize("known", [False, True], ids=["a file that is not there", "a file of earlier runs"])
def test_a_step_that_opens_another_ledger_stops_before_anything_is_sent(msp, monkeypatch, tmp_path, known):
    """A secrets backend that is away looks like no connection: the local file knows neither locks nor writes."""
    run = msp.run("first")
    run.plan()
    run.review()
    monkeypatch.delenv("AIRFLOW_CONN_BILLING_LEDGER", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    if known:
        run.ledger.migrate()

    for step in (run.push, run.map_and_diff):
        with pytest.raises(Exception, match=r"the ledger .*elsewhere.* (is not the one|cannot tell which one it is)"):
            step()

    assert msp.written() == []


def test_a_ledger_that_cannot_be_written_stops_the_run_before_anything_is_read(msp, monkeypatch, tmp_path):
    """A ledger that cannot be written stops the run before the first PSA write."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", f"sqlite:///{tmp_path}/no/such/folder/ledger.sqlite")

    with pytest.raises(Exception, match="ledger"):
        msp.run().resolve()
    assert msp.box.control.requests()["total"] == 0
