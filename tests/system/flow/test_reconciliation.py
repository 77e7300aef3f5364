"""The reconciliation report of real runs: against the source's own totals, and by what the PSA shows afterwards."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from tests.support.closing import Closing, closing
from tests.support.pipeline import Pipeline
from tests.support.rcloud_files import put_rcloud_file
from tests.support.sherweb_closing import BILLED_AT, JULY, SHERWEB, sherweb_closing

WRITE = "PUT /v2/finance/contracts/*/services/*"


@pytest.fixture
def sherweb(tmp_path: Path) -> Iterator[Closing]:
    """Sherweb's charges at the price that is paid, as its own sums are."""
    with sherweb_closing(tmp_path, options={"cost_basis": "net"}) as msp:
        yield msp


def closed(run: Pipeline, *, push: bool = True) -> dict[str, Any]:
    """Run every step that a run of its kind has; return the report's output."""
    run.plan()
    if push:
        run.review()
        with suppress(AirflowException):
            run.push()
        run.verify()
    try:
        return dict(run.report())
    except AirflowException:
        return dict(run.context["ti"].xcoms["", "return_value"])


def rows_of(told: dict[str, Any]) -> list[dict[str, str]]:
    path = Path(told["reconciliation"]["uri"].removeprefix("file://"))
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def amount(cell: str) -> Decimal:
    return Decimal(cell or 0)


def test_what_sherweb_charged_is_in_the_report_to_the_last_digit(sherweb: Closing) -> None:
    """Customer by customer, SKU by SKU and currency by currency: the distributor's own sums of what it charged."""
    told = closed(sherweb.run(billing_period=str(JULY.start), run_after=BILLED_AT))
    names = {customer.customer_id: customer.code for customer in SHERWEB.customers}

    charged: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in rows_of(told):
        if row["records"] != "0":
            charged[names[row["customer code"]], row["SKU"], row["currency"]] += amount(row["charged cost"])
    expected = SHERWEB.charged(JULY)
    assert {key: cost for key, cost in charged.items() if cost or key in expected} == expected
    assert told["reconciliation"]["causes"].get("unexplained", 0) == 0
    assert len(expected) > 100


def test_charges_of_sherweb_are_conserved(sherweb: Closing) -> None:
    """Kept, left out and due in other periods are all that was charged; what the rules move on purpose is told."""
    run = sherweb.run(billing_period=str(JULY.start), run_after=BILLED_AT)
    told = closed(run)
    (euros,) = [total for total in told["reconciliation"]["totals"] if total["currency"] == "EUR"]
    (moved,) = [finding for finding in run.findings() if finding.number == 206]

    carried = sum(amount(row["carried cost"]) for row in rows_of(told))
    kept_and_dropped = Decimal(euros["kept_cost"]) + Decimal(euros["dropped_cost"])
    assert kept_and_dropped + Decimal(moved.about("amount")) == Decimal(euros["charged_cost"]) + carried
    assert carried > 0
    assert "KS205" not in run.codes()


def test_a_charge_that_came_to_the_sherweb_twin_by_hand_is_seen(sherweb: Closing) -> None:
    """The proof is no tautology: a charge of another amount makes another report."""
    before = closed(sherweb.run("r1", billing_period=str(JULY.start), run_after=BILLED_AT))
    charge = next(one for one in SHERWEB.charges(JULY) if one.sku == "SW-M365-BP" and one.currency == "EUR")
    subscription = next(one for one in SHERWEB.book.subscriptions if one.customer_code == charge.customer_code)
    sherweb.box.control.change_seats(subscription.subscription_id, 3, JULY.start)

    after = closed(sherweb.run("r2", billing_period=str(JULY.start), run_after=BILLED_AT))

    sums = [Decimal(told["reconciliation"]["totals"][0]["charged_cost"]) for told in (before, after)]
    assert sums[1] > sums[0]


def test_atria_rows_that_agree_and_rows_that_do_not_have_their_causes(msp: Closing) -> None:
    """The awkward customers of the demo MSP, each with the cause that keeps its usage from the invoice."""
    told = closed(msp.run())
    rows = rows_of(told)
    by_customer: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["records"] != "0":
            by_customer[row["customer code"]] |= set(row["cause"].split("; "))

    assert "unexplained" not in told["reconciliation"]["causes"]
    for code in ("CASED", "DORM", "GHOST", "MULTI", "NOCON", "NOID", "OLDCON", "TWIN"):
        assert by_customer[code] == {"not mapped"}, code
    assert "line left alone" in by_customer["DBLLN"] & by_customer["QTYX"] & by_customer["TERMS"]
    assert "left out by a rule" in by_customer["ROWX"]
    assert "line shared by several SKUs" in by_customer["HOLDA"] & by_customer["HOLDB"]
    agreeing = [row for row in rows if row["cause"] == "none"]
    assert len(agreeing) > 300
    assert all(row["quantity difference"] == row["cost difference"] == "0" for row in agreeing)


def test_billed_quantities_are_what_the_psa_holds_after_the_run(msp: Closing) -> None:
    """Summed over the rows, every line of a contract in the report bills exactly what stands in the PSA."""
    told = closed(msp.run())
    live = {str(line["line_id"]): Decimal(line["units"]) for line in msp.box.control.lines()}
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows_of(told):
        if row["line ids"] and ", " not in row["line ids"]:
            billed[row["line ids"]] += amount(row["billed quantity"])

    assert len(billed) > 350
    assert {line_id: quantity for line_id, quantity in billed.items() if live[line_id] != quantity} == {}


def test_a_line_that_was_not_written_bills_what_it_held(msp: Closing) -> None:
    """A refused write and a stale line are in the report of the same run, with the last answer."""
    run = msp.run()
    run.plan()
    first = run.ledger.diffs.load(run.diff["digest"]).changes[0]
    msp.box.control.edit_line(first.line_id, units="77")
    run.review()
    msp.box.control.add_fault("success_false", system="kaseya_bms", endpoint=WRITE, nth=3, count=1)
    with suppress(AirflowException):
        run.push()
    run.verify()
    with suppress(AirflowException):
        run.report()
    told = run.context["ti"].xcoms["", "return_value"]
    causes = told["reconciliation"]["causes"]

    assert (causes["line changed after the diff"] >= 1, causes["not written"] >= 1) == (True, True)
    (stale,) = [row for row in rows_of(told) if row["line ids"] == first.line_id]
    assert stale["billed quantity"] == "77"


def test_a_dry_run_reports_what_would_be_billed(msp: Closing) -> None:
    """The report is there before anything is written: that is when it is wanted most."""
    told = closed(msp.run(dry_run=True), push=False)

    assert msp.written() == []
    assert told["reconciliation"]["causes"]["none"] > 300
    assert "not written" not in told["reconciliation"]["causes"]


def test_removed_usage_is_a_line_set_to_zero(msp: Closing) -> None:
    """A line of an earlier period whose usage is gone is a row without records."""
    closed(msp.run("september", billing_period="2026-09-26"))
    told = closed(msp.run("october", billing_period="2026-10-26"))

    zeroed = [row for row in rows_of(told) if row["cause"] == "set to zero"]
    assert zeroed
    assert all((row["records"], row["billed quantity"]) == ("0", "0") for row in zeroed)


def test_invoices_are_compared_where_that_is_wanted(msp: Closing) -> None:
    """The last link: what the run left on the lines is what the invoice bills, and a slip between them is told."""
    agreeing = [row for row in rows_of(closed(msp.run("first"))) if row["cause"] == "none"]
    line = next(row for row in agreeing if Decimal(row["billed quantity"]) > 3)
    msp.box.control.edit_line(line["line ids"], units="2")
    msp.box.control.invoice("2026-10-26", "2026-11-25")
    msp.box.control.edit_line(line["line ids"], units=line["billed quantity"])
    assert all(row["invoiced quantity"] == "" for row in rows_of(closed(msp.run("without"))))

    msp.change(compare_invoices=True)
    rows = rows_of(closed(msp.run("with")))

    otherwise = {row["line ids"]: row for row in rows if "invoiced otherwise" in row["cause"]}
    assert otherwise[line["line ids"]]["invoiced quantity"] == "2"
    compared = [row for row in rows if row["invoiced quantity"]]
    assert len(compared) > 300
    differing = {
        row["line ids"] for row in compared if amount(row["invoiced quantity"]) != amount(row["billed quantity"])
    }
    assert differing == set(otherwise)


def test_a_source_without_costs_has_no_report(tmp_path: Path) -> None:
    """rCloud tells gigabytes and no money: there is nothing to compare."""
    put_rcloud_file(
        tmp_path, build_world().resale, BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
    )
    with closing(tmp_path, "rcloud_to_connectwise") as msp:
        assert closed(msp.run(billing_period="2026-10-01"))["reconciliation"] == {}


def test_plans_of_msp360_are_billed_as_one(tmp_path: Path) -> None:
    """A PSA of another kind, with averages and totals: every difference has a cause that is known."""
    with closing(tmp_path, "msp360_to_connectwise") as msp:
        told = closed(msp.run())

    causes = told["reconciliation"]["causes"]
    assert causes["billed as one"] > 5
    assert "unexplained" not in causes


def test_a_report_that_cannot_be_made_is_a_finding_and_no_failure(
    msp: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's numbers are in the PSA; a defect or a full disk in the report must not say otherwise."""
    from billing_providers.steps import reconcile_run

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(reconcile_run, "reconcile", broken)
    run = msp.run()
    told = closed(run)

    assert (told["result"], told["reconciliation"]) == ("Succeeded with warnings", {})
    (finding,) = [one for one in run.findings() if one.number == 208]
    assert "ZeroDivisionError('a defect')" in finding.message
