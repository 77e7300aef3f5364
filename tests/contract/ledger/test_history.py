"""Runs, findings and the register of managed lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ManagedLine
from billing_providers.model.runs import CustomerResult, RunResult
from tests.support.ledger_values import LONG, NOON, NOVEMBER, OCTOBER, TENANT, finding, matched_line, run_record

INTEGRATION = "atria_to_kaseya_bms"
RUN = "atria_to_kaseya_bms/run-1"


def test_run_comes_back_as_it_ended(ledger: Ledger) -> None:
    """The history tells how each run ended, with its counts."""
    ended = replace(
        run_record(),
        finished_at=NOON + timedelta(hours=1),
        result=RunResult.PARTLY_FAILED,
        failure_class="psa",
        digest="d" * 64,
        counts=(("push_failed", 1), ("set", 3)),
        summary="3 changes planned",
    )
    ledger.runs.start(run_record())
    assert ledger.runs.find(RUN) == run_record()

    ledger.runs.finish(ended)

    assert ledger.runs.find(RUN) == ended
    assert ledger.runs.find("unknown") is None


def test_rerun_keeps_the_first_start_and_counts_attempts(ledger: Ledger) -> None:
    """A cleared run is one run: open again, started when it first started."""
    assert ledger.runs.attempts(RUN) == 0
    ledger.runs.start(run_record())
    ledger.runs.finish(run_record(finished_at=NOON, result=RunResult.FAILED, failure_class="psa"))
    ledger.runs.start(run_record(started_at=NOON + timedelta(days=1)))

    assert ledger.runs.find(RUN) == run_record()
    assert ledger.runs.attempts(RUN) == 2


def test_history_is_newest_first_and_bounded(ledger: Ledger) -> None:
    """The history of an integration starts with its latest run."""
    for day in range(3):
        ledger.runs.start(run_record(run_key=f"run of day {day}", started_at=NOON + timedelta(days=day)))
    ledger.runs.start(run_record(run_key="another's", integration="another"))

    assert [run.run_key for run in ledger.runs.history(INTEGRATION, limit=2)] == ["run of day 2", "run of day 1"]
    assert ledger.runs.history("unknown") == []


def test_stage_replaces_what_it_reported_before(ledger: Ledger) -> None:
    """A task that ran again reports once; other stages and runs keep their findings, in order of the stages."""
    early, late = finding(message="early"), finding(message="late", subject=())
    ledger.findings.replace(RUN, "resolve_period", [early])
    ledger.findings.replace(RUN, "apply_rules", [early, late])
    ledger.findings.replace("another run", "resolve_period", [late])

    ledger.findings.replace(RUN, "resolve_period", [late, early, late])
    ledger.findings.replace(RUN, "apply_rules", [])
    ledger.findings.replace(RUN, "apply_rules", [early])

    assert ledger.findings.of_run(RUN) == [
        ("resolve_period", late),
        ("resolve_period", early),
        ("resolve_period", late),
        ("apply_rules", early),
    ]
    assert ledger.findings.of_run("another run") == [("resolve_period", late)]
    assert ledger.findings.of_run("unknown") == []


def test_register_holds_each_line_as_it_was_last_matched(ledger: Ledger) -> None:
    """Law 11: only registered lines may be zeroed, so the register says who and what a line stood for last."""
    ledger.register.record(TENANT, INTEGRATION, OCTOBER, [matched_line(), matched_line(line_id="line-2")])
    ledger.register.record(TENANT, "another", OCTOBER, [matched_line(line_id="line-3")])
    changed = matched_line(sku="O365-E5", quantity=LONG, customer_code="ACME\nBETA", billing_cycle="yearly")

    ledger.register.record(TENANT, INTEGRATION, NOVEMBER, [changed])

    first = ManagedLine(TENANT, "line-1", "501", "17", "9", "ACME\nBETA", "O365-E5", LONG, NOVEMBER, "yearly")
    second = ManagedLine(TENANT, "line-2", "501", "17", "9", "ACME", "O365-E3", Decimal("12"), OCTOBER, "monthly")
    assert ledger.register.lines(TENANT, INTEGRATION) == [first, second]
    assert ledger.register.lines(TENANT, INTEGRATION, ("BETA",)) == [first]
    assert ledger.register.lines(TENANT, INTEGRATION, ("ACM",)) == []
    assert ledger.register.lines("another", INTEGRATION) == []


def test_older_period_does_not_undo_a_newer_one(ledger: Ledger) -> None:
    """A back-fill of an old period leaves what a newer period registered."""
    ledger.register.record(TENANT, INTEGRATION, NOVEMBER, [matched_line(quantity=Decimal("5"))])
    ledger.register.record(TENANT, INTEGRATION, OCTOBER, [matched_line(quantity=Decimal("4"))])

    assert [(line.quantity, line.period_start) for line in ledger.register.lines(TENANT, INTEGRATION)] == [
        (Decimal("5"), NOVEMBER)
    ]


def test_forgotten_line_is_managed_no_more(ledger: Ledger) -> None:
    """A line that left the register is never zeroed; the same id in another integration stays."""
    for integration in (INTEGRATION, "another"):
        ledger.register.record(TENANT, integration, OCTOBER, [matched_line()])

    ledger.register.forget(TENANT, INTEGRATION, ["line-1", "unknown"])

    assert ledger.register.lines(TENANT, INTEGRATION) == []
    assert len(ledger.register.lines(TENANT, "another")) == 1


def test_a_run_tells_who_started_it_and_what_it_came_to_for_each_customer(ledger: Ledger) -> None:
    """Mode and person stay those of the first start; the results of the last report count."""
    ledger.runs.start(run_record(mode="manual", started_by="ann"))
    ledger.runs.finish(run_record(finished_at=NOON, result=RunResult.SUCCEEDED, mode="", started_by=""))
    first = [
        CustomerResult("ACME", "Acme", "failed", 0, 2, ("KS08",)),
        CustomerResult("BETA", "Beta", "done", 1, 0, ()),
    ]
    ledger.runs.keep_customers(RUN, first)
    ledger.runs.keep_customers(RUN, [CustomerResult("ACME", "Acme", "done", 2, 0, ()), first[1]])

    found = ledger.runs.find(RUN)
    assert found is not None
    assert (found.mode, found.started_by) == ("manual", "ann")
    assert [(row.customer_code, row.result, row.done) for row in ledger.runs.customers(RUN)] == [
        ("ACME", "done", 2),
        ("BETA", "done", 1),
    ]
    assert ledger.runs.customers("unknown") == []
