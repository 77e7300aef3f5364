"""Drift in every PSA: what a person changed by hand since the last push is found, exactly that, and nothing is written.

The hand is the sandbox's control plane.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from billing_providers.model.changes import LineChange, ManagedLine
from tests.support.every_psa import INTEGRATIONS, Tenant, tenant_of
from tests.support.pipeline import Pipeline
from tests.support.smtp_sink import smtp_sink
from tests.support.watching import found_by_the_watch, watched

every_psa = pytest.mark.parametrize("tenant", list(INTEGRATIONS), indirect=True)
connectwise = pytest.mark.parametrize("tenant", ["connectwise"], indirect=True)


@pytest.fixture
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    with tenant_of(request.param, tmp_path) as opened:
        yield opened


def registered(run: Pipeline) -> dict[str, ManagedLine]:
    return {line.line_id: line for line in run.ledger.register.lines(run.run["tenant"], run.settings.integration)}


def hand(tenant: Tenant, line: ManagedLine, more: int) -> None:
    """Change a quantity by hand, on the day that it was set for."""
    dated = {"effective_date": line.holds_from.isoformat()} if line.holds_from else {}
    tenant.edit(line.line_id, units=str(line.quantity + more), **dated)


@every_psa
def test_after_a_close_nothing_has_drifted(tenant: Tenant) -> None:
    """Neither after one period nor after the next, nor for lines that were set to zero."""
    tenant.close("first")
    assert watched(tenant)["count"] == 0
    if tenant.psa == "autotask":
        tenant.msp.box.control.move_clock("2026-12-01T00:30:00+00:00")
    run = tenant.close("second", tenant.second)

    told = watched(tenant)
    assert (told["count"], told["findings"], told["list_uri"]) == (0, [], "")
    assert told["managed_lines"] == len(registered(run)) > 20


@every_psa
def test_every_quantity_that_was_changed_by_hand_is_found_and_nothing_else(tenant: Tenant) -> None:
    """One finding a line: what was set, when and by which run, and what stands there now. Nothing is written."""
    run = tenant.close()
    changed = {change.line_id: change for change in run.ledger.diffs.load(run.diff["digest"]).changes}
    register = registered(run)
    written = next(line for line_id, line in register.items() if line_id in changed and line.quantity > 2)
    unchanged = next(line for line_id, line in register.items() if line_id not in changed and line.quantity > 2)
    stranger = next(line_id for line_id in sorted(tenant.lines()) if line_id not in register)
    for line in (written, unchanged):
        hand(tenant, line, 3)
    if tenant.psa != "autotask":
        tenant.edit(stranger, units="4711")
    before = tenant.audit("all")
    tenant.msp.box.control.forget_requests()

    told = watched(tenant)

    assert {line["line"] for line in told["lines"]} == {written.line_id, unchanged.line_id}
    assert told["count"] == 2
    messages = {one.about("line"): one.message for one in found_by_the_watch(tenant)}
    assert f"the quantity is {written.quantity + 3:f}, it was {written.quantity:f}" in messages[written.line_id]
    assert f"It was set to {written.quantity:f}" in messages[written.line_id]
    assert f"It was confirmed at {unchanged.quantity:f}" in messages[unchanged.line_id]
    assert all(f"by run {run.run_key} at 20" in message for message in messages.values())
    assert tenant.audit("all") == before
    assert tenant.msp.box.control.requests()["writing"] == 0
    with Path(told["list_uri"].removeprefix("file://")).open(encoding="utf-8-sig", newline="") as file:
        assert {row["line id"] for row in csv.DictReader(file)} == {written.line_id, unchanged.line_id}


@every_psa
def test_the_next_run_sets_things_right_and_the_drift_is_over(tenant: Tenant) -> None:
    """What our own later runs change is no drift."""
    run = tenant.close()
    line = next(line for line in registered(run).values() if line.quantity > 2)
    tenant.edit(line.line_id, units=str(line.quantity + 2), **_day_of(tenant))
    watched(tenant)

    again = tenant.close("again")

    assert [change.line_id for change in again.ledger.diffs.load(again.diff["digest"]).changes] == [line.line_id]
    assert watched(tenant)["count"] == 0


def _day_of(tenant: Tenant) -> dict[str, str]:
    """A day inside the period after, on which nothing was changed before."""
    return {"effective_date": "2026-11-01"} if tenant.psa == "autotask" else {}


def fields_of(change: LineChange) -> set[str]:
    return {one.field.value for one in change.fields}


@connectwise
def test_fields_that_were_set_and_lines_that_were_ended_or_deleted_are_found(tenant: Tenant) -> None:
    """Cost, price and text count where the product set them; a field that it never set is a person's own."""
    run = tenant.close()
    changes = [
        change for change in run.ledger.diffs.load(run.diff["digest"]).changes if change.line_id in registered(run)
    ]
    told_text = next(change for change in changes if "invoice_text" in fields_of(change))
    costly = next(change for change in changes if "unit_cost" in fields_of(change) and change is not told_text)
    plain = [line_id for line_id in registered(run) if line_id not in {one.line_id for one in changes if one.fields}]
    ended, gone, own_price, *_ = plain
    tenant.edit(costly.line_id, unit_cost="0.01")
    tenant.edit(told_text.line_id, invoice_text="by hand")
    tenant.edit(ended, last_day="2026-12-31")
    tenant.edit(gone, gone=True)
    tenant.edit(own_price, unit_price="77")

    watched(tenant)

    cost = next(one.after for one in costly.fields if one.field.value == "unit_cost")
    messages = {one.about("line"): f"{one.code} {one.message}" for one in found_by_the_watch(tenant)}
    assert set(messages) == {costly.line_id, told_text.line_id, ended, gone}
    assert f"unit cost is 0.01, it was {cost}" in messages[costly.line_id]
    assert "invoice text is by hand, it was Managed online backup" in messages[told_text.line_id]
    assert messages[ended].startswith("CW201") and "was ended on 2026-12-31" in messages[ended]
    assert messages[gone].startswith("CW201") and "is no longer there" in messages[gone]
    assert "Last edited by " in messages[costly.line_id]


@connectwise
def test_what_another_integration_set_is_said_to_be_its_work(tenant: Tenant, tmp_path: Path) -> None:
    """Two integrations that reach one line are a fault of the set-up, and nobody's hand."""
    run = tenant.close()
    line = next(line for line in registered(run).values() if line.quantity > 2)
    other = "rival_to_connectwise"
    tenant.msp.change(integration=other)
    tenant.edit(line.line_id, units="4711")
    rival = tenant.close("rival")
    assert [one.line_id for one in rival.ledger.diffs.load(rival.diff["digest"]).changes] == [line.line_id]
    tenant.msp.change(integration="msp360_to_connectwise")
    tenant.edit(line.line_id, units=str(line.quantity + 5))

    watched(tenant)

    (drift,) = found_by_the_watch(tenant)
    assert drift.code == "CW200"
    assert f"It was set to {line.quantity:f} by run {other}/rival" in drift.message


@connectwise
def test_a_list_that_lags_behind_a_push_is_no_drift(tenant: Tenant) -> None:
    """Right after a push lists show what was before it; reading by id tells the truth."""
    tenant.msp.box.control.change_settings(cw_lag_s=3600)
    tenant.close()

    assert watched(tenant)["count"] == 0


@connectwise
def test_people_are_told_once_of_each_drift(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail when something is new, and none every morning."""
    with smtp_sink() as sink:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(sink.connection))
        tenant.msp.change(notify=("owner@harbour.example",))
        run = tenant.close()
        first, second, *_ = [line for line in registered(run).values() if line.quantity > 2]
        sink.mails.clear()
        watched(tenant)
        hand(tenant, first, 1)
        watched(tenant)
        watched(tenant)
        hand(tenant, second, 1)
        watched(tenant)

    assert [mail["Subject"] for mail in sink.mails] == [
        "msp360_to_connectwise: 1 managed lines were changed by hand",
        "msp360_to_connectwise: 2 managed lines were changed by hand",
    ]
    assert Decimal(first.quantity) > 0
