"""Pending and posted billing items of Kaseya modules, to the cent: the shipped settings against the simulated Autotask.

What is right is added up here from the simulated tenant's own state, by the modules that the simulated world names for
its lines: neither the API nor the register is asked.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from billing_providers.sandbox.world.modules.expected import Wanted
from billing_providers.sandbox.world.records import Outcome
from tests.support.chosen_ledger import chosen_ledger
from tests.support.closing import Closing, closing
from tests.support.ledger_rows import connected
from tests.support.module_files import put_grid, put_metrics_file
from tests.support.pipeline import Pipeline

SEPTEMBER = BillingPeriod(date(2026, 9, 1), date(2026, 10, 1), "Europe/London")
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
MODULES = build_world().modules
DAG_ID = "kaseya_modules_to_autotask"
Row = tuple[str, str, str, Decimal, Decimal]  # state, line, first day, units, amount


@contextmanager
def opened(folder: Path) -> Iterator[Closing]:
    """One MSP with the world's grid; the files of September and October lie in the inbox."""
    for period in (SEPTEMBER, OCTOBER):
        put_metrics_file(folder, MODULES, period)
    with closing(folder, DAG_ID) as msp:
        msp.change(customer_map=str(put_grid(folder / "grid.csv", MODULES)))
        yield msp


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Closing]:
    """An MSP that a test may change."""
    with opened(tmp_path) as fresh:
        yield fresh


@dataclass(frozen=True)
class Closed:
    run: Pipeline
    state: list[Row]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    """October closed once, for tests that only look at it."""
    with opened(tmp_path_factory.mktemp("closed")) as msp:
        yield Closed(close(msp), state_of(msp))


def close(msp: Closing, run_id: str = "r1", day: str = "2026-10-15", **params: object) -> Pipeline:
    """Run every task but the report."""
    run = msp.run(run_id, billing_period=day, **params)
    run.plan()
    run.review()
    run.push()
    run.verify()
    run.items = run.collect()
    return run


def state_of(msp: Closing, period: BillingPeriod = OCTOBER) -> list[Row]:
    """Every posted item and pending row of the period, as the simulated tenant itself holds them."""
    told = msp.box.control.billing_of_autotask(period.start, period.last_day)
    return [
        (state, entry["line_id"], entry["start"], Decimal(entry["units"]), Decimal(entry["amount"]))
        for state in ("posted", "pending")
        for entry in told[state]
    ]


def modules_by_line(period: BillingPeriod = OCTOBER) -> dict[str, str]:
    """Which module the world bills by each line.

    No module: lines whose change a posted period refuses, and those of the customer with a count that cannot be read.
    """
    wanted = Wanted(holds_service=True)
    right = MODULES.expected(period, wanted=wanted)
    right |= {
        line: units
        for line, units in MODULES.expected(period, outcome=Outcome.GUARDED, wanted=wanted).items()
        if units.from_day == period.start or not units.change
    }
    found: dict[str, set[str]] = defaultdict(set)
    for stem in MODULES.stems:
        for line in set(stem.lines) & right.keys() if stem.customer_code != "FRAC" else ():
            found[line].add(stem.module)
    return {line: " + ".join(sorted(modules)) for line, modules in found.items()}


def by_module(rows: list[Row], modules: dict[str, str]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for state, line, _, _, amount in rows:
        sums[modules.get(line, ""), state] += amount
    return dict(sums)


def told(run: Pipeline) -> dict[tuple[str, str], Decimal]:
    return {(total["module"], total["state"]): Decimal(total["amount"]) for total in run.items["totals"]}


def text_of(uri: str) -> str:
    return Path(uri.removeprefix("file://")).read_text(encoding="utf-8-sig")


def csv_of(uri: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text_of(uri).splitlines()))


def test_totals_are_those_of_the_tenant_by_module_to_the_cent(msp: Closing) -> None:
    """The pending and posted totals equal a plain recomputation from the tenant's state, by module, to the cent."""
    msp.box.control.post_periods("2026-09-30")
    half = sorted(contract.contract_id for contract in MODULES.tenant.contracts)[::2]
    run = msp.run(billing_period="2026-10-15")
    run.plan()
    run.review()
    run.push()
    run.verify()
    for contract_id in half:
        msp.box.control.post_periods("2026-10-31", contract_id)

    run.items = run.collect()

    right = by_module(state_of(msp), modules_by_line())
    assert told(run) == right
    assert len({module for module, _ in right}) == 9  # eight modules, and what no run sets
    assert min(abs(right[module, state]) for module, state in right if module) > 100
    assert {state for _, state in right} == {"posted", "pending"}


def test_every_item_is_one_row_in_the_ledger_and_in_every_file(closed: Closed) -> None:
    """No posted or pending item is lost or doubled, and its figures are those of the tenant."""
    import pyarrow.parquet as pq

    run, right = closed.run, Counter(closed.state)
    kept = Counter(
        (item.state.value, item.line_id, str(item.first_day), item.quantity, item.amount)
        for item in run.ledger.billing_items.of_run(run.run_key)
    )
    files = run.items["files"]
    printed = Counter(
        (row["state"], row["line id"], row["first day"], Decimal(row["quantity"]), Decimal(row["amount"]))
        for row in csv_of(files["items_csv"])
    )
    table = pq.read_table(files["items_parquet"].removeprefix("file://"))
    stored = Counter(
        (row["state"], row["line_id"], str(row["first_day"]), row["quantity"], row["amount"])
        for row in table.to_pylist()
    )
    assert kept == right
    assert printed == right
    assert stored == right
    assert right.total() > 3000
    assert str(table.schema.field("amount").type) == "decimal128(38, 18)"
    assert table.schema.metadata[b"run_key"] == run.run_key.encode()


def test_customers_and_lines_without_usage_keep_their_rows(closed: Closed) -> None:
    """A line sold by hand stands under its account and no module; a line with usage names customer, SKU and module."""
    run = closed.run
    items = run.ledger.billing_items.of_run(run.run_key)
    modules = modules_by_line()
    companies = {str(company.company_id): company.name for company in MODULES.tenant.companies}
    contracts = {str(contract.contract_id): contract for contract in MODULES.tenant.contracts}
    assert {(item.line_id, item.module) for item in items} == {
        (item.line_id, modules.get(item.line_id, "")) for item in items
    }
    assert all(item.account_id == str(contracts[item.contract_id].company_id) for item in items)
    assert all(item.account_name == companies[item.account_id] for item in items)
    by_hand = [item for item in items if item.service_name == "Helpdesk, business hours"]
    assert {(item.module, item.managed, item.sku) for item in by_hand} == {("", False, "")}
    assert {item.customer_name for item in by_hand} == {item.account_name for item in by_hand}
    shared = {(len(item.customer_code.split(", ")), item.module) for item in items if ", " in item.customer_code}
    assert shared == {(3, "Datto RMM")}  # three sites of one company are summed on one line
    assert {item.managed for item in items if item.module} == {True}


def test_rows_that_a_change_has_split_are_flagged_with_the_day(msp: Closing) -> None:
    """Units that changed inside a period are two rows, both flagged; whole rows are not."""
    line = next(line for line, module in modules_by_line().items() if module == "RocketCyber")
    msp.box.control.edit_line(line, system="autotask", units="40", effective_date="2026-10-12")
    run = msp.run(billing_period="2026-10-15", dry_run=True)
    run.plan()
    run.items = run.collect()

    rows = [item for item in run.ledger.billing_items.of_run(run.run_key) if item.line_id == line]
    october = [(str(item.first_day), str(item.last_day), item.prorated, str(item.split_on)) for item in rows[-2:]]
    assert october == [
        ("2026-10-01", "2026-10-11", True, "2026-10-12"),
        ("2026-10-12", "2026-10-31", True, "2026-10-12"),
    ]
    assert {(item.prorated, item.split_on) for item in rows[:-2]} == {(False, None)}
    assert "Prorated rows" in text_of(run.items["files"]["page"])
    assert run.items["counts"]["split"] >= 2


def test_a_dry_run_tells_the_items_too_and_writes_nothing(msp: Closing) -> None:
    """A dry run only reads: the dataset is there, each line under the module that the run would set it for."""
    before = state_of(msp)
    run = msp.run(billing_period="2026-10-15", dry_run=True)
    run.plan()
    run.items = run.collect()
    run.report()

    assert msp.box.control.audit(system="autotask") == []
    assert state_of(msp) == before
    assert told(run) == by_module(before, modules_by_line())
    assert run.items["counts"]["items"] == len(before)


def test_reading_again_replaces_and_periods_stand_side_by_side(msp: Closing) -> None:
    """A cleared task leaves one dataset; the picture over time has one pair of bars for each period."""
    september = close(msp, "september", "2026-09-15")
    msp.box.control.post_periods("2026-09-30")
    run = close(msp, "october")
    first = dict(run.items)

    again = run.collect()

    assert again == first
    totals = csv_of(again["files"]["totals_csv"])
    periods = [(row["group key"], row["state"]) for row in totals if row["grouped by"] == "period"]
    assert periods[-2:] == [("2026-10-01", "pending"), ("2026-10-01", "posted")]
    assert [name.partition("-2026")[0].rpartition("/")[2] for name in again["files"]["charts"]] == [
        "billing-by-module", "billing-by-customer", "billing-by-service", "billing-by-period",
    ]  # fmt: skip
    reads = run.ledger.billing_items.latest_reads(DAG_ID, run.run["tenant"], OCTOBER.start, 12)
    assert [read.run_key for read in reads] == [september.run_key, run.run_key]
    assert len(list(Path(again["files"]["page"].removeprefix("file://")).parent.glob("billing-items-*.csv"))) == 2


def test_without_the_extra_the_figures_are_there_and_a_finding_tells_the_way(
    msp: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without matplotlib and pyarrow CSV and page are written; a finding names what is missing and the way to it."""
    for module in [name for name in sys.modules if name.split(".")[0] in {"matplotlib", "pyarrow"}]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    run = close(msp)

    files = run.items["files"]
    assert (files["items_parquet"], files["charts"]) == ("", [])
    assert len(csv_of(files["items_csv"])) == run.items["counts"]["items"]
    assert "By module" in text_of(files["page"])
    (finding,) = [finding for finding in run.findings() if finding.number == 189]
    assert finding.level.value == "info"
    assert "the Parquet file and the pictures" in finding.message
    assert "airflow-provider-psa-billing[datasets]" in finding.resolution


def test_a_failed_read_is_a_warning_and_the_report_goes_on(msp: Closing) -> None:
    """When the items cannot be read, that task fails alone; the run is reported as it was."""
    run = msp.run(billing_period="2026-10-15")
    run.plan()
    run.review()
    run.push()
    run.verify()
    reported = run.report()
    msp.box.control.add_fault("status", system="autotask", endpoint="* *BillingItems*", status=403)

    with pytest.raises(AirflowException, match=r"AT189.*the dataset of Autotask's pending and posted"):
        run.collect()

    assert reported["result"] == "Succeeded with warnings"  # the world's own; a failed task would make it worse
    assert run.report() == reported
    (finding,) = [finding for finding in run.findings() if finding.number == 189]
    assert finding.level.value == "warning"
    assert run.ledger.billing_items.read_of_run(run.run_key) is None


def test_files_that_cannot_be_written_are_a_warning_too(msp: Closing, tmp_path: Path) -> None:
    """A full or missing artifact folder is told under the same code as a failed read."""
    run = msp.run(billing_period="2026-10-15")
    run.plan()
    (tmp_path / "no folder").write_text("")
    run.settings = replace(run.settings, artifacts=f"file://{tmp_path}/no folder")

    with pytest.raises(AirflowException, match=r"AT189.*the dataset of Autotask's pending and posted.*no folder"):
        run.collect()

    (finding,) = [finding for finding in run.findings() if finding.number == 189]
    assert finding.level.value == "warning"


def test_a_ledger_that_cannot_take_the_warning_does_not_hide_why_reading_failed(msp: Closing, tmp_path: Path) -> None:
    """Both are told, the cause first; a later try may record it."""
    run = msp.run(billing_period="2026-10-15")
    run.plan()
    msp.box.control.add_fault("status", system="autotask", endpoint="* *BillingItems*", status=403)
    with connected(chosen_ledger(tmp_path)) as database:
        database.exec_driver_sql("DROP TABLE billing_findings")

    with pytest.raises(AirflowException, match=r"AT189.*403.*This could not be recorded: .*billing_findings"):
        run.collect()


def test_a_psa_that_tells_no_items_is_skipped(tmp_path: Path) -> None:
    """Only a PSA that tells posted and pending items has a dataset; for the others the task is skipped, not failed."""
    with closing(tmp_path) as msp:
        run = msp.run()
        run.plan()
        with pytest.raises(AirflowSkipException, match="does not tell posted and pending billing items"):
            run.collect()


def test_usage_that_is_shown_and_a_run_without_a_diff_are_skipped(msp: Closing) -> None:
    """Nothing is read where no contract may be read, nor after a run that stopped early."""
    run = msp.run(billing_period="2026-10-15")
    run.resolve()
    with pytest.raises(AirflowSkipException, match="stopped before its diff"):
        run.collect()
    run.settings = replace(run.settings, publish="show")
    run.diff = {"digest": "x"}
    with pytest.raises(AirflowSkipException, match="shown, not billed"):
        run.collect()


def test_the_result_is_json_and_holds_no_binary_number(closed: Closed) -> None:
    """Money in XComs is text."""
    run = closed.run

    def numbers(value: object) -> Iterator[object]:
        if isinstance(value, dict):
            for part in value.values():
                yield from numbers(part)
        elif isinstance(value, list):
            for part in value:
                yield from numbers(part)
        else:
            yield value

    assert not [value for value in numbers(json.loads(json.dumps(run.items))) if isinstance(value, float)]
    assert all(isinstance(total["amount"], str) for total in run.items["totals"])
    assert len(run.items["totals"]) > 8
