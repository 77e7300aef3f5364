"""*Findings* are found, grouped, followed over the periods, owned by somebody, and taken along as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from billing_providers.ledger.paging import Slice
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.seen_findings import FindingFilter
from billing_providers.pages.forgery import form_token
from tests.support.pages import ADMIN, VIEWER, client
from tests.support.two_months import DAG, TwoMonths, rows_of, shown, two_months

HOSTILE = "=1+1<script>alert(1)</script>\u202egnp"


@pytest.fixture(scope="module")
def msp(airflow_db: Path, dags_known: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoMonths]:
    """Two closed periods; a stage of the newer one found a customer with a hostile name."""
    with two_months(tmp_path_factory.mktemp("msp")) as made:
        hostile = Finding(
            "KS05",
            5,
            Level.ERROR,
            Scope.CUSTOMER,
            (("customer", "=ZED"), ("customer_name", HOSTILE)),
            HOSTILE,
            "-2 do.",
        )
        made.ledger.findings.replace(made.october.run_key, "extra", [hostile])
        yield made


def newest(msp: TwoMonths, **wanted: str) -> list[tuple[str, str]]:
    page = msp.ledger.finding_pages.page([msp.october.run_key], FindingFilter(**wanted), Slice(1, 1000))  # type: ignore[arg-type]
    return [(one.finding.code, one.customer) for one in page.items]


def test_the_findings_of_the_newest_run_are_shown_errors_first(msp: TwoMonths) -> None:
    """Each with what to do, and hostile names as text."""
    page = shown("/findings")
    rows = rows_of(page, "Findings")

    assert len(rows) == min(100, len(newest(msp)))
    assert msp.october.run_key in page
    assert "Error</span>" in rows[0]
    assert f"<bdi>{HOSTILE}</bdi>" in page
    assert "<bdi>&lt;" not in page
    raw = client(ADMIN).get("/billing/findings").text
    assert "<script>alert" not in raw


def test_what_was_there_last_month_is_told_from_what_is_new(msp: TwoMonths) -> None:
    """Both periods had the same customers without an account."""
    page = shown("/findings")

    assert '2 periods, since <span class="day">2026-08-26' in page
    (own,) = (row for row in rows_of(page, "Findings") if HOSTILE in row)
    assert "<td>new</td>" in own


def test_findings_are_chosen_by_address(msp: TwoMonths) -> None:
    """A filter that means nothing chooses nothing; one that does chooses exactly that."""
    warnings = rows_of(shown("/findings?level=warning"), "Findings")
    everything = rows_of(shown("/findings?level=loud&sort=%00&group=x"), "Findings")
    one = rows_of(shown(f"/findings?run={msp.october.run_key}&code=KS05&words=GNP"), "Findings")

    assert len(warnings) == len(newest(msp, level="warning")) > 0
    assert all("Warning</span>" in row for row in warnings)
    assert len(everything) == min(100, len(newest(msp)))
    assert len(one) == 1
    assert rows_of(shown("/findings?words=no+such+words"), "Findings") == []


def test_an_earlier_period_and_one_run_can_be_looked_at(msp: TwoMonths) -> None:
    """By any day of the period, or by the run."""
    september = shown("/findings?period=2026-09-01")
    rehearsed = shown(f"/findings?run={msp.rehearsed.run_key}")

    assert msp.september.run_key in september
    assert msp.october.run_key not in september
    assert f"Only run <bdi>{msp.rehearsed.run_key}</bdi>" in rehearsed


def test_what_has_the_same_fix_is_one_row(msp: TwoMonths) -> None:
    """With the fix in words, and a way to its findings."""
    rows = rows_of(shown("/findings?group=cause"), "Findings by cause")
    codes = [re.search(r"<bdi>(\w+)</bdi></a>", row)[1] for row in rows]  # type: ignore[index]

    assert sorted(codes) == sorted({code for code, _ in newest(msp)})
    (row,) = (row for row in rows if "<bdi>KS05</bdi>" in row)
    assert "code=KS05" in row
    assert '<td class="number">1</td>' in row
    assert "The account has no usable contract" in row
    customers = rows_of(shown("/findings?group=customer"), "Findings by customer")
    assert len(customers) == len({customer for _, customer in newest(msp)})


def test_a_note_gives_a_finding_an_owner(msp: TwoMonths) -> None:
    """It is kept with who wrote it, and shows in every list; it cannot be empty."""
    cause = next(
        one.cause for one in msp.ledger.finding_pages.each([msp.october.run_key], FindingFilter(customer="=ZED"))
    )
    place = f"/findings/{DAG}/cause/{cause}"
    token = re.search(r'name="token" value="([^"]+)"', shown(place))[1]  # type: ignore[index]
    fields = {"token": token, "cause": cause, "owner": "ann <b>", "words": "asked\x00 them"}

    kept = client(ADMIN).post(f"/billing/findings/{DAG}/note", data=fields)
    again = client(ADMIN).post(f"/billing/findings/{DAG}/note", data={**fields, "words": " "})

    assert (kept.status_code, kept.headers["location"]) == (303, f"/billing{place}")
    assert again.status_code == 422
    page = shown(place)
    assert "<bdi>ann <b></bdi></td><td><bdi>asked them</bdi>" in page
    assert rows_of(page, "What was said")[0].count("<bdi>admin</bdi>") == 1
    assert len(rows_of(shown("/findings?words=ANN+%3CB"), "Findings")) == 1


def test_a_note_about_nothing_is_refused(msp: TwoMonths) -> None:
    """A viewer keeps none, and nobody keeps one about a finding that no run of the integration has."""
    token = form_token(type("User", (), {"get_id": lambda self: "admin"})())
    fields = {"token": token, "cause": "unknown", "owner": "ann"}

    assert client(ADMIN).post(f"/billing/findings/{DAG}/note", data=fields).status_code == 404
    assert client(VIEWER).post(f"/billing/findings/{DAG}/note", data=fields).status_code == 403
    assert client(ADMIN).post(f"/billing/findings/{DAG}/note", data={**fields, "token": "x"}).status_code == 403


def test_files_hold_exactly_what_is_chosen_and_no_formula(msp: TwoMonths) -> None:
    """All rows, not those of the page; whatever a name begins with, a spreadsheet shows it."""
    told = client(ADMIN).get("/billing/findings/export.csv?level=error")
    rows = list(csv.reader(io.StringIO(told.content.decode("utf-8-sig"))))
    book = load_workbook(io.BytesIO(client(ADMIN).get("/billing/findings/export.xlsx").content))

    assert told.headers["content-disposition"] == 'attachment; filename="findings.csv"'
    assert len(rows) == 1 + len(newest(msp, level="error"))
    (own,) = (row for row in rows if "=ZED" in row[6])
    assert (own[6], own[7], own[9]) == ("'=ZED", f"'{HOSTILE}", "'-2 do.")
    cells = list(book.active.iter_rows(min_row=2))
    assert len(cells) == len(newest(msp))
    (found,) = (row for row in cells if row[6].value == "=ZED")
    assert {cell.data_type for cell in found if isinstance(cell.value, str)} == {"s"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/findings?integration=unknown", "no run of unknown"),
        ("/findings?run=unknown/1", "no billing run unknown/1"),
        ("/findings?run=%00", "no billing run"),
        ("/findings?period=2020-01-01", "with the day 2020-01-01"),
        ("/findings?period=soon", "is no day"),
        (f"/findings/{DAG}/cause/unknown", "a finding unknown"),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(msp: TwoMonths, path: str, words: str) -> None:
    """Neither an empty list nor a traceback."""
    assert words in shown(path, 404)


def test_a_page_number_out_of_bounds_is_refused(msp: TwoMonths) -> None:
    """Behind the last page there is nothing; below the first there is no page."""
    assert "No finding like this" in shown("/findings?page=1000")
    assert client(ADMIN).get("/billing/findings?page=0").status_code == 422
    assert client(ADMIN).get("/billing/findings?path=x&status=1").status_code == 200
