"""Totals of billing items, the charts made of them, and their files."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.billing_charts import NO_MODULE, Chart, billing_charts
from billing_providers.engine.billing_totals import billing_totals
from billing_providers.model.billing_dataset import BillingItem, BillingTotal, ItemState, TotalBy
from billing_providers.steps.billing_item_files import run_word
from billing_providers.steps.billing_page import billing_page
from billing_providers.steps.billing_parquet import billing_parquet
from billing_providers.steps.billing_pictures import drawn

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
ITEM = BillingItem(
    "modules/r1", "modules", OCTOBER, NOVEMBER, ItemState.PENDING, OCTOBER, "Datto RMM", True, "Datto RMM: u1",
    "Aspen Ltd", "1", "Aspen Ltd", "10", "Aspen services", "5", "Monitoring", "100", "Datto RMM - Servers",
    Decimal(3), Decimal("28.50"), "", OCTOBER, date(2026, 10, 31), None, "", False, None,
)  # fmt: skip


def item(amount: str | None = "28.50", **fields: Any) -> BillingItem:
    return replace(ITEM, amount=None if amount is None else Decimal(amount), **fields)


def amounts(items: list[BillingItem], by: TotalBy) -> dict[tuple[str, str], str]:
    return {
        (total.group_key, total.state.value): str(total.amount)
        for total in billing_totals(items)
        if total.grouped_by is by
    }


ITEMS = [
    item("0.1"),
    item("0.2", service_id="6", service_name="Firewall", module="", account_id="2", account_name="Birch"),
    item("0.30", state=ItemState.POSTED),
    item("7", billed_period=SEPTEMBER, first_day=SEPTEMBER),
    item(None),
]


def test_totals_are_exact_and_pending_is_apart_from_posted() -> None:
    """Sums are decimals to the last digit, by module, customer, service and period, and over all."""
    assert amounts(ITEMS, TotalBy.ALL) == {("", "pending"): "7.3", ("", "posted"): "0.30"}
    assert amounts(ITEMS, TotalBy.MODULE) == {
        ("", "pending"): "0.2",
        ("Datto RMM", "pending"): "7.1",
        ("Datto RMM", "posted"): "0.30",
    }
    assert amounts(ITEMS, TotalBy.CUSTOMER) == {
        ("1", "pending"): "7.1", ("1", "posted"): "0.30", ("2", "pending"): "0.2",
    }  # fmt: skip
    assert amounts(ITEMS, TotalBy.SERVICE) == {
        ("5", "pending"): "7.1", ("5", "posted"): "0.30", ("6", "pending"): "0.2",
    }  # fmt: skip
    assert amounts(ITEMS, TotalBy.PERIOD) == {
        ("2026-09-01", "pending"): "7", ("2026-10-01", "pending"): "0.3", ("2026-10-01", "posted"): "0.30",
    }  # fmt: skip


def test_an_unknown_amount_is_counted_and_not_taken_for_zero() -> None:
    """Who reads a total sees that it lacks something."""
    (total,) = [total for total in billing_totals([item(None), item("1")]) if total.grouped_by is TotalBy.ALL]

    assert (total.items, total.unpriced, total.amount, total.quantity) == (2, 1, Decimal("1"), Decimal(6))


def test_currencies_are_never_added() -> None:
    """Ten euros and ten dollars are two totals."""
    mixed = [item("10", currency="EUR"), item("10", currency="USD")]
    told = [(total.currency, total.amount) for total in billing_totals(mixed) if total.grouped_by is TotalBy.ALL]

    assert told == [("EUR", Decimal("10")), ("USD", Decimal("10"))]
    names = [chart.name for chart in billing_charts(mixed, {}, "October")]
    assert names[:1] == ["by-module-EUR"]
    assert "by-module-USD" in names


@given(st.lists(st.decimals(-(10**15), 10**15, places=9), max_size=30))
def test_the_sum_over_all_modules_is_the_sum_over_all(values: list[Decimal]) -> None:
    """Whatever the items are grouped by, nothing is lost or rounded."""
    items = [item(str(value), module=f"m{no % 3}", account_id=str(no % 2)) for no, value in enumerate(values)]
    totals = billing_totals(items)
    sums = {by: sum((total.amount for total in totals if total.grouped_by is by), Decimal(0)) for by in TotalBy}

    assert set(sums.values()) == {sum(values, Decimal(0))}


def charted(items: list[BillingItem], history: dict[date, list[BillingTotal]] | None = None) -> dict[str, Chart]:
    return {chart.name: chart for chart in billing_charts(items, history or {}, "2026-10-01 to 2026-10-31")}


def bars(chart: Chart) -> dict[str, dict[str, str]]:
    return {
        label: {series.name: str(series.values[no]) for series in chart.series} for no, label in enumerate(chart.labels)
    }


def test_a_chart_shows_the_period_and_apart_from_it_what_waits_since_earlier_ones() -> None:
    """A backlog does not hide in this month's bars."""
    assert bars(charted(ITEMS)["by-module"]) == {
        "Datto RMM": {"posted": "0.30", "pending": "0.1", "pending since earlier periods": "7"},
        NO_MODULE: {"posted": "0", "pending": "0.2", "pending since earlier periods": "0"},
    }
    assert [series.name for series in charted(ITEMS[:3])["by-module"].series] == ["posted", "pending"]


def test_items_without_an_account_are_no_lines_that_no_run_sets() -> None:
    """A contract that the PSA does not list leaves its customer untold; pictures and tables say the same."""
    told = [item(account_id="", account_name="")]

    assert charted(told)["by-customer"].labels == ("(not told)",)
    assert "(not told)" in billing_page("Items", told, billing_totals(told), [], {})


def test_the_largest_customers_are_shown_and_the_others_summed_in_a_note() -> None:
    """Twelve bars, the largest first; the rest is named with its sums, so that the picture adds up."""
    many = [item(str(no), account_id=f"{no:02d}", account_name=f"Customer {no}") for no in range(1, 16)]
    chart = charted([*many, item("5", account_id="02", state=ItemState.POSTED)])["by-customer"]

    assert chart.labels[:2] == ("Customer 15", "Customer 14")
    assert len(chart.labels) == 12
    assert chart.note == "Not shown: 3 others with together posted 0.00, pending 8.00"


def test_periods_stand_in_order_each_with_its_own_items() -> None:
    """The picture over time takes from each run what starts in its own period."""
    history = {
        OCTOBER: billing_totals(ITEMS),
        SEPTEMBER: billing_totals([item("3", billed_period=SEPTEMBER, state=ItemState.POSTED)]),
    }
    chart = charted(ITEMS, history)["by-period"]

    assert bars(chart) == {
        "2026-09-01": {"posted": "3", "pending": "0"},
        "2026-10-01": {"posted": "0.30", "pending": "0.3"},
    }
    assert chart.upright


def test_charts_without_items_are_there_and_say_so() -> None:
    """An empty month has its pictures too; a missing one would look like a fault."""
    charts = charted([])

    assert list(charts) == ["by-module", "by-customer", "by-service", "by-period"]
    assert all(not chart.labels for chart in charts.values())


@pytest.mark.parametrize("name", ["by-module", "by-customer", "by-service", "by-period"])
@pytest.mark.parametrize("items", [[], ITEMS, [item("-12.5", account_name="$5 and $6 Ltd", module="株式会社")]])
@pytest.mark.filterwarnings("ignore:Glyph")
def test_every_chart_can_be_drawn(name: str, items: list[BillingItem]) -> None:
    """Nothing to show, amounts below zero and odd names all make a picture of a readable size."""
    from matplotlib.image import imread

    picture = imread(io.BytesIO(drawn(charted(items, {OCTOBER: billing_totals(items)})[name])))

    assert picture.shape[1] == 1500
    assert 300 < picture.shape[0] < 3000
    assert 0.2 < float(picture[..., :3].mean()) < 0.999  # neither black nor blank


def test_drawing_leaves_no_trace_in_the_process() -> None:
    """A worker draws many pictures: no figure is kept, no setting changed, no window system asked for."""
    import matplotlib as mpl
    from matplotlib import _pylab_helpers

    before = dict(mpl.rcParams)
    drawn(charted(ITEMS)["by-module"])

    assert dict(mpl.rcParams) == before
    assert _pylab_helpers.Gcf.get_all_fig_managers() == []


def test_names_on_the_page_are_no_markup() -> None:
    """A customer's name is text, whatever it holds; the page loads nothing from elsewhere."""
    nasty = item(
        "1234.5", currency="EUR", account_name='<script>alert("x")</script>', prorated=True, split_on=date(2026, 10, 15)
    )
    page = billing_page(
        "Items & more", [nasty], billing_totals([nasty]), charted([nasty]).values(), {"by-module-EUR": b"x"}
    )

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("EUR 1,234.50") == 6  # overall, in four tables, and among what is prorated
    assert "Prorated rows" in page
    assert "2026-10-15" in page
    assert "http" not in page
    assert page.count("data:image/png;base64,") == 1


def test_parquet_holds_exact_decimals_and_days() -> None:
    """28 digits and 18 places come back as they were; what is unknown is null, and an empty dataset has its columns."""
    import pyarrow.parquet as pq

    long = Decimal("1234567890.123456789012345678")
    table = pq.read_table(io.BytesIO(billing_parquet([item(str(long)), item(None, quantity=None)], {"run_key": "r"})))
    empty = pq.read_table(io.BytesIO(billing_parquet([], {})))

    assert table.column("amount").to_pylist() == [long, None]
    assert table.column("last_day").to_pylist() == [date(2026, 10, 31)] * 2
    assert table.column("state").to_pylist() == ["pending", "pending"]
    assert str(table.schema.field("quantity").type) == "decimal128(38, 18)"
    assert empty.schema.names == table.schema.names
    assert not [field for field in table.schema if "float" in str(field.type) or "double" in str(field.type)]


def test_runs_have_file_names_of_their_own() -> None:
    """Two runs never write over each other's files, and no system refuses the name."""
    one, other = run_word("d/manual__2026-11-02T06:00:00+00:00"), run_word("d/manual__2026-11-02T06-00-00+00-00")

    assert one != other
    assert one.rpartition("-")[0] == other.rpartition("-")[0] == "manual__2026-11-02T06-00-00-00-00"
    assert set(run_word("d/../x y:*?\\" + "z" * 300)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )
    assert len(run_word("d/" + "z" * 300)) < 100
