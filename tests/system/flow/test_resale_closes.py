"""MSP360 and rCloud to ConnectWise, whole: the shipped settings against the simulated tenant, by its own audit log.

What is right is stated by the simulated world itself, apart from the product.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing_providers.model.changes import LineChange
from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.records import Outcome
from billing_providers.sandbox.world.resale.stems import ResaleStem
from tests.support.closing import Closing, closing
from tests.support.pipeline import Pipeline
from tests.support.rcloud_files import put_rcloud_file

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
RESALE = build_world().resale
METRICS = {
    "msp360_to_connectwise": {"used_space", "computers", "license.Server", "license.Desktop", "plan"},
    "rcloud_to_connectwise": {"billable_space"},
}
EVERY_FIELD = ("units", "unit_cost", "unit_price", "included")

every_integration = pytest.mark.parametrize("dag_id", list(METRICS))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Closing]]:
    """Open a closing of an integration; rCloud's file of October lies in the inbox."""
    managers = []

    def make(dag_id: str, **sandbox) -> Closing:
        put_rcloud_file(tmp_path, RESALE, OCTOBER)
        manager = closing(tmp_path, dag_id, **sandbox)
        managers.append(manager)
        return manager.__enter__()

    yield make
    for manager in managers:
        manager.__exit__(None, None, None)


def additions(msp: Closing) -> dict[int, dict]:
    return {int(line["line_id"]): line for line in msp.box.control.lines(system="connectwise")}


def audited(msp: Closing) -> list[tuple[str, str, str]]:
    """What the PSA really applied: line, field, value after."""
    return sorted((row["line_id"], row["field"], row["after"]) for row in msp.box.control.audit(system="connectwise"))


def planned(run: Pipeline) -> list[tuple[str, str, str]]:
    """What the approved diff says, in the same form."""
    return sorted(entry for change in run.ledger.diffs.load(run.diff["digest"]).changes for entry in _entries(change))


def _entries(change: LineChange) -> Iterator[tuple[str, str, str]]:
    if change.quantity_before != change.quantity_after:
        yield change.line_id, "units", str(change.quantity_after)
    for field in change.fields:
        yield change.line_id, field.field.value, field.after


@every_integration
def test_a_close_leaves_what_the_world_calls_right_to_the_cent(dag_id: str, opened) -> None:
    """Quantity, cost, price and included volume of every addition that usage reaches; all others are untouched."""
    msp = opened(dag_id)
    before = additions(msp)

    run = msp.close()

    after = additions(msp)
    right = {
        line_id: settled
        for outcome in (Outcome.BILLED, Outcome.GUARDED)
        for line_id, settled in RESALE.expected(OCTOBER, outcome=outcome, holds_product=True).items()
        if stem_of(line_id).metric in METRICS[dag_id]
        and stem_of(line_id).customer_code != "CHLD"  # a child agreement: left alone by the shipped policy
    }
    wrong = {
        line_id: (after[line_id], settled)
        for line_id, settled in right.items()
        if tuple(Decimal(after[line_id][name]) for name in EVERY_FIELD)
        != (settled.quantity, settled.unit_cost, settled.unit_price, settled.included)
    }
    assert wrong == {}
    assert len(right) > 20
    assert {line_id for line_id in after if after[line_id] != before[line_id]} <= set(right)
    assert audited(msp) == planned(run)


def stem_of(line_id: int) -> ResaleStem:
    return next(stem for stem in RESALE.stems if stem.addition_id == line_id)


@every_integration
def test_closing_again_plans_and_writes_nothing(dag_id: str, opened) -> None:
    """Law 9: a second run, by hand, changes nothing and doubles nothing."""
    msp = opened(dag_id)
    msp.close("scheduled")
    applied = audited(msp)

    again = msp.close("by-hand", billing_period="2026-10-15")

    assert planned(again) == []
    assert audited(msp) == applied


# What the awkward data of the world must come to, by code and customer.
HELD_BACK = {
    "msp360_to_connectwise": {
        "CW101 BERG", "CW104 DBLA", "CW05 NOCY", "CW05 QUAR", "CW05 CANC", "CW05 EXPI", "CW05 CHLD", "CW05 NOAG",
        "CW164 KOWA", "CW164 DELA", "CW164 FJEL", "CW164 LEVA", "CW06 NOAD", "CW06 ENDD", "CW06 INVD", "CW161 CLSS",
        "CW14 LICX", "CW165 BFOR", "CW114 JUMP",
    },
    "rcloud_to_connectwise": {"CW164 GHCL", "CW164 RCAS", "CW06 RNOA", "CW104 RDBL", "CW114 RZER"},
}  # fmt: skip


@every_integration
def test_what_cannot_be_billed_is_named_and_never_stops_the_others(dag_id: str, opened) -> None:
    """Each awkward customer of the world is held back under its own code; nobody else is."""
    msp = opened(dag_id)
    run = msp.close()
    names = {customer.name: customer.code for customer in RESALE.customers}
    names |= {customer.backup_name: customer.code for customer in RESALE.customers if customer.backup_name}
    names |= {customer.client_name: customer.code for customer in RESALE.customers if customer.client_name}
    ids = {company.company_id: company.customer_code for company in RESALE.companies}
    told = {
        f"{finding.code} {ids.get(code) or names.get(code) or code}"
        for finding in run.findings()
        if finding.level.value in {"warning", "error"} and finding.about("customer")
        for code in finding.about("customer").split(", ")
    }

    assert told - {"CW164 (no company)"} == HELD_BACK[dag_id]


def test_an_old_set_up_shows_usage_without_touching_a_contract(opened) -> None:
    """Publish without billing: figures by company as a file, no agreement read, nothing written."""
    msp = opened("rcloud_to_connectwise")
    msp.change(publish="show")

    run = msp.close()

    per_endpoint = msp.box.control.requests()["per_endpoint"]
    assert not any("/additions" in endpoint or "bundles" in endpoint for endpoint in per_endpoint)
    assert audited(msp) == []
    record = run.ledger.runs.find(run.run_key)
    assert record.result.value == "Succeeded with warnings"
    rows = Path(run.diff["usage_list_uri"].removeprefix("file://")).read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 1 + 27
    assert any(row.startswith("2026-10-01,2026-10-31,") and ",billable_space," in row for row in rows[1:])


def test_the_history_says_who_how_and_what_for_each_customer(opened) -> None:
    """History without end: mode, person, and a result per customer, for every run."""
    msp = opened("rcloud_to_connectwise")
    run = msp.close()

    record = run.ledger.runs.find(run.run_key)
    results = {row.customer_code: row for row in run.ledger.runs.customers(run.run_key)}
    assert (record.mode, record.started_by) == ("manual", "ann")
    assert results["Ghent Cloud Dancers VZW"].result == "skipped"
    assert results["Ghent Cloud Dancers VZW"].codes == ("CW164",)
    assert results["Aalborg Tandlægehus ApS"].result == "done"
    assert results["Aalborg Tandlægehus ApS"].done == 1


def test_one_new_client_is_published_alone(opened) -> None:
    """On-demand publishing of a chosen client never touches the others, and the scheduled run does not repeat it."""
    msp = opened("rcloud_to_connectwise")

    first = msp.close("by-hand", customers=["Aalborg Tandlægehus ApS"])
    alone = audited(msp)
    scheduled = msp.close("scheduled")

    assert {line for line, _, _ in alone} == {change.line_id for change in _changes(first)}
    assert len({line for line, _, _ in alone}) == 1
    assert audited(msp) == sorted(planned(first) + planned(scheduled))
    assert not {line for line, _, _ in planned(first)} & {line for line, _, _ in planned(scheduled)}


def _changes(run: Pipeline) -> tuple[LineChange, ...]:
    return run.ledger.diffs.load(run.diff["digest"]).changes


def test_last_months_figures_under_this_months_label_are_a_stale_copy(opened, tmp_path: Path) -> None:
    """A relabelled copy of last month's file is recognised, and nothing is planned from it."""
    msp = opened("rcloud_to_connectwise")
    september = BillingPeriod(date(2026, 9, 1), date(2026, 10, 1), "Europe/London")
    put_rcloud_file(tmp_path, RESALE, september)
    msp.close("september", billing_period="2026-09-15")
    applied = audited(msp)
    put_rcloud_file(tmp_path, RESALE, OCTOBER, trouble="relabelled")

    run = msp.run("october")
    run.plan()

    assert "CW177" in run.codes()
    assert (run.usage["complete"], run.diff["counts"]["changes"]) == (False, 0)
    assert audited(msp) == applied


def test_ending_additions_that_are_no_longer_used(opened, tmp_path: Path) -> None:
    """With removal set to end, a managed addition without usage gets the month's last day, once."""
    msp = opened("msp360_to_connectwise")
    msp.change(policy=replace(msp.settings.policy, removal="end"))
    msp.close("september", billing_period="2026-09-15")
    applied = len(audited(msp))

    october = msp.close("october", billing_period="2026-10-15")
    ended = {change.line_id for change in _changes(october) if change.kind.value == "end_line"}
    november = msp.run("november", billing_period="2026-11-15")
    november.plan()

    assert ended
    assert ended <= {str(line_id) for line_id in RESALE.without_usage(OCTOBER, holds_product=True)}
    assert {additions(msp)[int(line_id)]["last_day"] for line_id in ended} == {"2026-10-31"}
    assert [row for row in audited(msp) if row[1] == "last_day"] == sorted(
        (line_id, "last_day", "2026-10-31") for line_id in ended
    )
    assert len(audited(msp)) > applied
    assert not any(finding.number == 133 for finding in november.findings() if finding.about("line") in ended)


def test_secrets_of_both_systems_appear_in_no_output(opened, tmp_path: Path) -> None:
    """Keys, client id and passwords stay in the connections: not in XComs, the ledger, files or findings."""
    msp = opened("msp360_to_connectwise")
    msp.box.control.add_fault("status", system="connectwise", endpoint="PATCH *", status=400, nth=3, count=2)
    run = msp.run("r1")
    run.plan()
    run.review()
    with pytest.raises(Exception, match="are not done"):
        run.push()
    secrets = []
    for fields in msp.box.connections().values():
        secrets += [fields.get("password", ""), *(fields.get("extra") or {}).values()]
    secrets = [text for text in secrets if len(text) > 12]

    texts = [json.dumps([run.run, run.usage, run.charges, run.diff])]
    texts += [
        path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".csv"
    ]
    texts += [finding.message for finding in run.findings()]
    assert len(secrets) >= 3
    assert not [secret for secret in secrets for text in texts if secret in text]
