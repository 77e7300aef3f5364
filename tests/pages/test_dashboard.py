"""*Dashboard*: what a period comes to and where that comes from, out of the sums that runs kept."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.billing_dataset import BillingItemsRead, BillingTotal, ItemState, TotalBy
from billing_providers.model.run_totals import RunTotal, RunTotalBy
from tests.support.ledger_values import NOON, closed_run
from tests.support.pages import ADMIN, client

DAG = "atria_to_kaseya_bms"
SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
NASTY = '=1+1,"<b>$x$</b>\u202e'


def total(by: RunTotalBy, key: str, label: str, after: str, **values: Any) -> RunTotal:
    told: dict[str, Any] = {"changes": 0, "held": 0, "unpriced": 0, **values}
    return RunTotal(
        by, key, label, 3, told["changes"], told["held"], Decimal(7), Decimal(1), Decimal(after), told["unpriced"]
    )


@pytest.fixture
def closed(ledger: Ledger, dags_known: None) -> Ledger:
    """Two periods of one integration; a customer came, one left, one grew."""
    customer, service, module = RunTotalBy.CUSTOMER, RunTotalBy.SERVICE, RunTotalBy.MODULE
    sums = {
        ("r1", SEPTEMBER, OCTOBER): [
            total(customer, "1", "Aspen", "1000"), total(customer, "2", "Birch", "50.5"),
            total(service, "9", "Backup", "1050.5"), total(module, "Atria", "Atria", "1050.5"),
            total(RunTotalBy.ALL, "", "", "1050.5"),
        ],
        ("r2", OCTOBER, NOVEMBER): [
            total(customer, "1", "Aspen", "1234.567", changes=2, held=1), total(customer, "3", NASTY, "10", unpriced=1),
            total(service, "9", "Backup", "1244.567"), total(module, "Atria", "Atria", "1244.567"),
            total(RunTotalBy.ALL, "", "", "1244.567", changes=2, held=1, unpriced=1),
        ],
    }  # fmt: skip
    for number, ((run_id, start, end), totals) in enumerate(sums.items()):
        run_key, digest = f"{DAG}/{run_id}", f"{number}" * 64
        record = closed_run(
            run_key, start, period_end=end, integration=DAG, digest=digest, started_at=NOON + timedelta(days=number)
        )
        ledger.runs.start(record)
        ledger.runs.finish(record)
        ledger.run_totals.keep(run_key, totals)
    return ledger


def shown(query: str = "") -> str:
    answer = client(ADMIN).get(f"/billing/dashboard?{query}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def rows(text: str, section: str) -> list[list[str]]:
    part = text.split(f'<section aria-labelledby="{section}">')[1].split("</section>", maxsplit=1)[0]
    body = part.split("<tbody>")[1].split("</tbody>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in row] for row in cells]


@pytest.mark.usefixtures("closed")
def test_the_latest_period_is_shown_with_what_it_comes_to() -> None:
    """And with how much that is against the period before."""
    text = shown()

    assert "<dd>1\u202f244.567</dd>" in text
    assert "<dd>194.067</dd>" in text


@pytest.mark.usefixtures("closed")
def test_customers_stand_beside_the_period_before() -> None:
    """One that is gone is told as gone."""
    customers = rows(shown("order=change"), "groups")

    assert [(row[1], row[2], row[3]) for row in customers] == [
        ("1 234.567", "1 000.00", "234.567"),
        ("0.00", "50.50", "-50.50"),
        ("10.00", "–", "10.00"),
    ]
    assert customers[1][0] == "Birch gone"


@pytest.mark.usefixtures("closed")
def test_filters_live_in_the_address() -> None:
    """Period, group, order and words; what is not known falls back to the first choice."""
    assert [row[1] for row in rows(shown(f"period={SEPTEMBER}"), "groups")] == ["1 000.00", "50.50"]
    assert [row[0] for row in rows(shown("by=service"), "groups")] == ["Backup"]
    assert [row[0] for row in rows(shown("words=aSp"), "groups")] == ["Aspen"]
    assert len(rows(shown("by=colour&order=odd"), "groups")) == 3


@pytest.mark.usefixtures("closed")
def test_a_customer_with_changes_leads_to_its_lines() -> None:
    """The review shows them, of that account alone."""
    assert f'/review/{DAG}/{"1" * 64}?account=1"' in shown()


@pytest.mark.usefixtures("closed")
def test_periods_and_sources_are_told() -> None:
    """Each period by its newest run."""
    text = shown()

    assert [(row[0], row[1]) for row in rows(text, "trend")] == [
        ("2026-10-01", "1 244.567"),
        ("2026-09-01", "1 050.50"),
    ]
    assert [row[0] for row in rows(text, "sources")] == [DAG]


def test_pending_stands_against_posted_where_the_psa_tells_items(closed: Ledger) -> None:
    """Without a reading the page says why there is none."""
    assert "No run read the billing items" in shown()

    read = BillingItemsRead(f"{DAG}/r2", DAG, "t", OCTOBER, NOVEMBER, NOON, posted=2, pending=1)
    items = [
        BillingTotal(TotalBy.CUSTOMER, "1", "Aspen", state, "EUR", 1, Decimal(1), Decimal(amount), 0)
        for state, amount in ((ItemState.POSTED, "900"), (ItemState.PENDING, "334.5"))
    ]
    closed.billing_items.replace(read, [], items)

    assert rows(shown(), "items") == [["Aspen", "EUR", "900.00", "1", "334.50", "1", "0"]]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("chart", ["groups", "trend"])
def test_pictures_are_images_of_the_form_that_was_asked_for(chart: str) -> None:
    """A hostile name is drawn as it is written."""
    png = client(ADMIN).get(f"/billing/dashboard/chart.png?chart={chart}")
    svg = client(ADMIN).get(f"/billing/dashboard/chart.svg?chart={chart}")

    assert (png.headers["content-type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert "</svg>" in svg.text
    assert "<b>" not in svg.text


@pytest.mark.usefixtures("closed")
def test_the_table_behind_a_picture_holds_every_group_and_no_formula() -> None:
    """Amounts with every digit, negative ones as numbers."""
    text = client(ADMIN).get("/billing/dashboard/chart.csv?chart=groups&order=amount").content.decode("utf-8-sig")

    found = list(csv.reader(io.StringIO(text)))
    assert [row[1] for row in found] == ["name", "Aspen", f"'{NASTY}", "Birch"]
    assert found[1] == ["1", "Aspen", "3", "2", "1", "7", "1", "1234.567", "1000", "0"]


@pytest.mark.usefixtures("closed")
def test_without_matplotlib_the_page_says_so_and_shows_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra of the package."""
    monkeypatch.setattr("billing_providers.pages.dashboard.find_spec", lambda name: None)

    text = shown()

    assert "<img" not in text
    assert "Pictures need matplotlib" in text
    assert rows(text, "groups")


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("integration=unknown_dag", "No run of unknown_dag"),
        ("period=2020-01-01", "with the day 2020-01-01"),
        ("period=2030-01-01", "with the day 2030-01-01"),
        ("period=soon", "is no day"),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(query: str, words: str) -> None:
    """Neither zeros nor a traceback."""
    answer = client(ADMIN).get(f"/billing/dashboard?{query}")

    assert answer.status_code == 404
    assert words in html.unescape(answer.text)


@pytest.mark.usefixtures("ledger", "dags_known")
def test_an_empty_ledger_explains_how_the_dashboard_is_filled() -> None:
    """Always there, also before the first close."""
    assert "No run that you may see has kept sums yet" in shown()
