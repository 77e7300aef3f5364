"""Undoing a run in every PSA: what it changed goes back, by a reviewed diff, and planning again finds the same to do.

What was really applied is read from the PSA's own log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from billing_providers.engine.open_periods import open_periods
from billing_providers.engine.undone import undone_runs
from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, ManagedLine
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.policy import Guards
from tests.contract.push.planned import Row, rows_of
from tests.support.every_psa import INTEGRATIONS, Tenant, tenant_of
from tests.support.pipeline import Pipeline
from tests.support.undoing import Undoing
from tests.support.watching import watched

SETS = ["kaseya_bms", "connectwise"]
every_psa = pytest.mark.parametrize("tenant", list(INTEGRATIONS), indirect=True)
setting_psas = pytest.mark.parametrize("tenant", SETS, indirect=True)
connectwise = pytest.mark.parametrize("tenant", ["connectwise"], indirect=True)
autotask = pytest.mark.parametrize("tenant", ["autotask"], indirect=True)


@pytest.fixture
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    with tenant_of(request.param, tmp_path) as opened:
        yield opened


def undo(tenant: Tenant, run: str, run_id: str = "undo", **params: Any) -> Undoing:
    """Undo a run, all steps."""
    undoing = Undoing(tenant.msp.settings, run, run_id=run_id, **params)
    undoing.close()
    return undoing


def diff_of(run: Pipeline) -> ContractDiff:
    return run.ledger.diffs.load(run.diff["digest"])


def registered(run: Pipeline) -> dict[str, ManagedLine]:
    return {line.line_id: line for line in run.ledger.register.lines(run.run["tenant"], run.settings.integration)}


def what(changes: Any) -> set[tuple[Any, ...]]:
    """What a diff changes, without what depends on the day on which it was made."""
    return {(one.line_id, one.kind, one.quantity_before, one.quantity_after, one.fields) for one in changes}


def wanted(tenant: Tenant, *runs: Pipeline) -> list[Row]:
    """Return what diffs say, field by field."""
    from billing_providers.hooks.psas import psa_for

    capabilities = psa_for(tenant.msp.settings).capabilities()
    return sorted(row for run in runs for change in diff_of(run).changes for row in rows_of(change, capabilities))


def audited(tenant: Tenant) -> list[Row]:
    """Return what the PSA really applied, in the same form."""
    return sorted((str(row["line_id"]), row["field"], row["after"]) for row in tenant.audit())


def units_on(line: dict[str, Any], day: date) -> int:
    """Return the units in force on a day, by the tenant's own rows."""
    held = [int(step["units"]) for step in line["schedule"] if step["since"] <= day.isoformat()]
    return held[-1] if held else 0


def deltas(tenant: Tenant) -> list[tuple[str, str, str]]:
    """What a PSA that takes differences really took: line, day, difference."""
    rows = (row for row in tenant.audit() if row["field"] == "units")
    return sorted((str(row["line_id"]), str(row["effective_date"]), str(row["delta"])) for row in rows)


def planned(run: Pipeline) -> list[tuple[str, str, str]]:
    """What the approved diff says, in the same form."""
    return [
        (one.line_id, one.effective_date.isoformat(), str(one.quantity_after - (one.quantity_before or 0)))
        for one in diff_of(run).changes
        if one.quantity_after != one.quantity_before
    ]


def holds(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """What the lines hold, without stamps and days."""
    names = ("units", "unit_cost", "unit_price", "invoice_text", "included", "last_day", "active")
    return {key: {name: line[name] for name in names if name in line} for key, line in tenant.lines().items()}


@setting_psas
def test_an_undone_run_leaves_what_was_before_it_and_planning_again_gives_the_original_diff(tenant: Tenant) -> None:
    """Rollback of a run followed by a new plan against the original usage reproduces the original diff."""
    before = holds(tenant)
    run = tenant.close("r1")
    assert holds(tenant) != before

    undoing = undo(tenant, "r1")

    assert holds(tenant) == before
    assert audited(tenant) == sorted(wanted(tenant, run) + wanted(tenant, undoing))
    assert undoing.ledger.diffs.approval(undoing.diff["digest"]).decided_by == "ann"
    again = tenant.plan("again")
    assert what(diff_of(again).changes) == what(diff_of(run).changes)
    assert len(diff_of(run).changes) > 20
    written = tenant.close("again")
    assert wanted(tenant, written) == wanted(tenant, run)
    assert audited(tenant) == sorted(wanted(tenant, run, undoing, written))


@autotask
def test_differences_are_taken_back_from_the_day_after_and_a_later_plan_gives_the_original_diff(tenant: Tenant) -> None:
    """A PSA that takes one difference a day: with changes that hold from the day of the run, all of it comes back."""
    policy = replace(tenant.msp.settings.policy, effective_date="today", increase_date=None, decrease_date=None)
    tenant.msp.change(policy=policy)
    at = datetime(2026, 11, 10, 6, tzinfo=UTC)
    run = tenant.close("r1", run_after=at)
    undoing = undo(tenant, "r1", run_after=at + timedelta(days=1))

    changes = diff_of(undoing).changes
    assert {change.effective_date for change in changes} == {date(2026, 11, 11)}
    assert [one.line_id for one in changes] == [one.line_id for one in diff_of(run).changes]
    assert {finding.number for finding in undoing.findings()} >= {204}
    again = tenant.plan("again", run_after=at + timedelta(days=2))
    assert what(diff_of(again).changes) == what(diff_of(run).changes)
    assert len(diff_of(run).changes) > 20
    assert deltas(tenant) == sorted(planned(run) + planned(undoing))


@autotask
def test_with_the_shipped_days_each_line_is_back_from_the_day_after_its_own(tenant: Tenant) -> None:
    """What stays billed for a day is told; nothing is refused by the PSA, and the watch finds no drift."""
    before = tenant.lines()
    run = tenant.close("r1")

    undoing = undo(tenant, "r1")

    after, told = tenant.lines(), {one.about("line"): one for one in undoing.findings() if one.number == 204}
    for change in diff_of(run).changes:
        free = change.effective_date + timedelta(days=1)
        assert units_on(after[change.line_id], free) == units_on(before[change.line_id], free)
        assert told[change.line_id].about("day") == str(change.effective_date)
        assert told[change.line_id].about("start") == str(free)
    assert undoing.ledger.runs.find(undoing.run_key).result == "Succeeded with warnings"
    assert watched(tenant)["count"] == 0
    twice = undo(tenant, "r1", "twice")
    assert diff_of(twice).changes == ()


@setting_psas
def test_a_run_that_set_lines_to_zero_is_undone_as_well(tenant: Tenant) -> None:
    """Zeroed lines get their quantities back, stay managed, and are zeroed again by the next plan."""
    tenant.close("first")
    before = holds(tenant)
    run = tenant.close("second", tenant.second)
    zeroed = {change.line_id for change in diff_of(run).changes if change.kind is ChangeKind.ZERO}
    assert zeroed or tenant.psa == "connectwise"

    undoing = undo(tenant, "second")

    assert holds(tenant) == before
    assert zeroed <= registered(undoing).keys()
    assert watched(tenant)["count"] == 0
    again = tenant.plan("again", tenant.second)
    assert what(diff_of(again).changes) == what(diff_of(run).changes)


@every_psa
def test_a_line_that_somebody_changed_since_is_left_alone_and_told_with_both_values(tenant: Tenant) -> None:
    """Never overwritten: neither a person's change before the undo was planned, nor one after it was reviewed."""
    run = tenant.close("r1")
    first, second, *_ = [change for change in diff_of(run).changes if change.quantity_after > 3]
    edit(tenant, first, first.quantity_after + 2)
    undoing = Undoing(tenant.msp.settings, "r1")
    undoing.plan()
    undoing.review()
    edit(tenant, second, second.quantity_after + 3, day=changes_by_line(undoing)[second.line_id].effective_date)

    undoing.push()
    undoing.verify()
    with pytest.raises(Exception, match="Partly failed"):
        undoing.report()

    (told,) = [one for one in undoing.findings() if one.number == 203]
    assert told.about("line") == first.line_id
    assert f"it holds {first.quantity_after + 2:f} now" in told.message
    assert f"the run had left {first.quantity_after:f}" in told.message
    assert [one.about("line") for one in undoing.findings() if one.number == 120] == [second.line_id]
    written = {str(row["line_id"]) for row in tenant.audit()[len(wanted(tenant, run)) :]}
    assert written == {change.line_id for change in diff_of(run).changes} - {first.line_id, second.line_id}


def changes_by_line(run: Pipeline) -> dict[str, LineChange]:
    return {change.line_id: change for change in diff_of(run).changes}


def edit(tenant: Tenant, change: LineChange, units: Decimal, *, day: date | None = None) -> None:
    dated = {"effective_date": str(day or change.effective_date)} if tenant.psa == "autotask" else {}
    tenant.edit(change.line_id, units=str(units), **dated)


@every_psa
def test_an_undo_is_undone_by_its_own_run_id_and_the_history_names_both(tenant: Tenant) -> None:
    """What the first run had set is back, by a diff of its own, and the register says so."""
    run = tenant.close("r1")
    left, before = holds(tenant), registered(run)
    undoing = undo(tenant, "r1", "undo-1")

    back = undo(tenant, "undo-1", "undo-2")

    if tenant.psa != "autotask":
        assert holds(tenant) == left
    assert {key: line.quantity for key, line in registered(back).items()} == {
        key: line.quantity for key, line in before.items()
    }
    assert watched(tenant)["count"] == 0
    runs = {one.run_key: one for one in back.ledger.runs.history(tenant.msp.settings.integration)}
    assert (runs[back.run_key].undoes, runs[undoing.run_key].undoes) == (undoing.run_key, run.run_key)
    assert runs[undoing.run_key].summary.startswith(f"undoes run {run.run_key}: ")
    assert undone_runs(runs.values()) == {undoing.run_key: back.run_key}


@setting_psas
def test_a_line_that_nobody_managed_before_the_run_is_nobodys_again(tenant: Tenant) -> None:
    """Law 11: what a person had set is not set to zero later because a run that was undone had touched the line."""
    run = tenant.close("r1")
    changed = {change.line_id for change in diff_of(run).changes}
    assert changed <= registered(run).keys()

    undoing = undo(tenant, "r1")

    assert registered(undoing).keys() == registered(run).keys() - changed
    assert watched(tenant)["count"] == 0


@every_psa
def test_an_older_run_on_which_a_later_period_counts_is_left_alone(tenant: Tenant) -> None:
    """What a later period's run set or confirmed is told, and stays."""
    run = tenant.close("first")
    if tenant.psa == "autotask":
        tenant.msp.box.control.move_clock("2026-12-01T00:30:00+00:00")
    later = tenant.close("second", tenant.second)
    counted = registered(later)
    kept = {
        one.line_id for one in diff_of(run).changes if counted[one.line_id].period_start > diff_of(run).period_start
    }
    assert len(kept) > 10

    undoing = undo(tenant, "first")

    told = {one.about("line"): one.message for one in undoing.findings() if one.number == 203}
    assert kept <= told.keys()
    assert f"by run {later.run_key} for the later period" in told[min(kept)]
    assert {one.line_id for one in diff_of(undoing).changes}.isdisjoint(kept)


@connectwise
def test_a_line_that_the_run_added_is_set_to_zero_and_used_again(tenant: Tenant) -> None:
    """Nothing is deleted, and planning again needs no second line for the service."""
    tenant.msp.change(policy=replace(tenant.msp.settings.policy, add_lines=True))
    run = tenant.close("r1")
    states = run.ledger.journal.states(run.diff["digest"])
    added = {states[one.change_id].line_id: one for one in diff_of(run).changes if one.kind is ChangeKind.ADD_LINE}
    assert added

    undo(tenant, "r1")

    assert {tenant.lines()[line_id]["units"] for line_id in added} == {"0"}
    again = changes_by_line(tenant.plan("again"))
    assert {key: again[key].quantity_after for key in added} == {key: one.quantity_after for key, one in added.items()}
    assert not any(one.kind is ChangeKind.ADD_LINE for one in again.values())


@every_psa
def test_an_undo_is_always_reviewed_and_a_dry_run_or_a_rejection_writes_nothing(tenant: Tenant) -> None:
    """Also where the integration's own runs are never reviewed."""
    tenant.msp.change(
        review="off", guards=Guards(line_factor=None, customer_share=None, run_lines=None, run_amount=None)
    )
    tenant.close("r1")
    applied = audited(tenant)

    dry = Undoing(tenant.msp.settings, "r1", run_id="dry", dry_run=True)
    dry.plan()
    with pytest.raises(AirflowSkipException):
        dry.review()
    dry.report()
    rejected = Undoing(tenant.msp.settings, "r1", run_id="rejected")
    rejected.plan()
    with suppress(Exception):
        rejected.review(answer="Reject")
    rejected.report()

    assert audited(tenant) == applied
    assert len(diff_of(dry).changes) == len(diff_of(rejected).changes) > 20
    assert dry.ledger.runs.find(rejected.run_key).result == "Cancelled"
    assert undone_runs(dry.ledger.runs.history(tenant.msp.settings.integration)) == {}


@connectwise
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nobody", "there is no such run of msp360_to_connectwise; got 'nobody'"),
        ("", "no run is named"),
        ("dry", "that run was a dry run and wrote nothing"),
    ],
)
def test_a_run_that_cannot_be_undone_is_named_with_those_that_can(tenant: Tenant, name: str, why: str) -> None:
    """The latest runs are offered; nothing is read or written."""
    tenant.close("r1")
    tenant.plan("dry", dry_run=True)

    with pytest.raises(Exception, match=f"CW13: .*{why}.*msp360_to_connectwise/r1"):
        Undoing(tenant.msp.settings, name).plan()


@connectwise
def test_writes_of_which_nobody_knows_are_told_and_not_undone(tenant: Tenant) -> None:
    """A run that lost answers is finished first; what it did for certain is undone."""
    run = tenant.msp.run("r1", billing_period=tenant.first)
    run.plan()
    run.review()
    write = "PATCH /finance/agreements/{parentId}/additions/{id}"
    tenant.msp.box.control.add_fault("drop_before", system="connectwise", endpoint=write, nth=5, count=2)
    with pytest.raises(Exception, match="2 of"):
        run.push()
    with pytest.raises(Exception, match="Partly failed"):
        run.report()

    undoing = undo(tenant, "r1")

    told = [one.message for one in undoing.findings() if one.number == 203]
    assert len(told) == 2
    assert all("nobody knows whether the run's change was applied" in message for message in told)
    assert len(diff_of(undoing).changes) == len(diff_of(run).changes) - 2


@setting_psas
def test_clearing_tasks_of_a_run_that_was_undone_changes_nothing(tenant: Tenant) -> None:
    """Its diff is over: neither push nor verify take it up again, and the register keeps what the undo says."""
    run = tenant.close("r1")
    undoing = undo(tenant, "r1")
    applied, register = audited(tenant), registered(undoing)

    run.push()
    run.verify()

    assert audited(tenant) == applied
    assert registered(run) == register


@setting_psas
def test_the_watch_tells_that_a_period_is_open_again(tenant: Tenant) -> None:
    """An undone run has billed nothing; a new one closes the period."""
    tenant.close("r1")
    history = {run.run_key: run for run in undo(tenant, "r1").ledger.runs.history(tenant.msp.settings.integration)}
    ((key, by),) = undone_runs(history.values()).items()
    period = BillingPeriod(history[key].period_start, history[key].period_end, "Europe/London")
    due = [(period, history[key].started_at)]

    assert [one.why for one in open_periods(due, history.values())] == [f"run {key} was undone by run {by}."]
    tenant.close("r2")
    runs = tenant.msp.run("r2").ledger.runs.history(tenant.msp.settings.integration)
    assert open_periods(due, runs) == []
