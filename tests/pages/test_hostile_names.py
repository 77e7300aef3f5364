"""Whatever a name holds is shown as text: on every page, and in every file that a page gives out."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.run_totals import RunTotal, RunTotalBy
from tests.support import ledger_filled, ledger_values
from tests.support.pages import ADMIN, client, page_routes

HOSTILE = "=1+1<script>alert(1)</script>{{ 7 * 7 }}\u202egnp\"'&"
DAG, DIGEST = ledger_filled.INTEGRATION, "a" * 64
CLOSE = f"{DAG}/run-1"
RUN = f"dag_id={DAG}&run_id=run-1"
#: An address of every route that shows something, with the hostile names in what it shows.
ADDRESSES = {
    "/": ["/"],
    "/close": ["/close"],
    "/close/{dag_id}": [f"/close/{DAG}"],
    "/dashboard": ["/dashboard", "/dashboard?by=customer"],
    "/dashboard/chart.{form}": ["/dashboard/chart.csv?by=customer", "/dashboard/chart.svg?by=customer"],
    "/findings": [f"/findings?run={CLOSE}&group={group}" for group in ("", "cause", "customer")],
    "/findings/export.{form}": [f"/findings/export.{form}?run={CLOSE}" for form in ("csv", "xlsx")],
    "/findings/{dag_id}/cause/{cause}": [f"/findings/{DAG}/cause/{{cause}}"],
    "/history": ["/history"],
    "/history/export.{form}": ["/history/export.csv", "/history/export.xlsx"],
    "/history/{dag_id}/line/{line_id:path}": [f"/history/{DAG}/line/{ledger_values.line_change().line_id}"],
    "/mappings": ["/mappings"],
    "/mappings/{dag_id}": [f"/mappings/{DAG}"],
    "/mappings/{dag_id}/one": [f"/mappings/{DAG}/one?subject=BETA"],
    "/mappings/{dag_id}/table": [f"/mappings/{DAG}/table"],
    "/mappings/{dag_id}/table.csv": [f"/mappings/{DAG}/table.csv"],
    "/review": [f"/review?{RUN}"],
    "/review/{dag_id}/{digest}": [
        f"/review/{DAG}/{DIGEST}?show={part}" for part in ("changes", "accounts", "unchanged", "skipped")
    ],
    "/run": [f"/run?{RUN}&show={part}" for part in ("customers", "lines", "findings")],
    "/run/export.{form}": [
        f"/run/export.{form}?{RUN}&show={part}" for form in ("csv", "xlsx") for part in ("customers", "lines")
    ],
}

#: Pages that show no name of a customer, line or finding here.
NAMELESS = {"/", "/close", "/mappings", "/review"}


@pytest.fixture
def filled(ledger: Ledger, dags_known: None, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger in which everything that has a name or a text has the hostile one."""
    monkeypatch.setattr(ledger_filled, "NASTY", HOSTILE)
    names = {"account_name": HOSTILE, "contract_name": HOSTILE, "service_name": HOSTILE}
    changed: dict[str, dict[str, Any]] = {
        "line_change": {**names, "customer_names": (HOSTILE,), "reason": HOSTILE},
        "seen_line": names,
        "usage_record": {"customer_name": HOSTILE},
        "finding": {
            "message": HOSTILE,
            "resolution": HOSTILE,
            "subject": (("customer", "B"), ("customer_name", HOSTILE)),
        },
    }
    for name, values in changed.items():
        made = getattr(ledger_values, name)
        monkeypatch.setattr(ledger_filled, name, lambda made=made, values=values, **more: made(**{**values, **more}))
    ledger_filled.fill(ledger)
    sums = [RunTotal(by, HOSTILE, HOSTILE, 1, 1, 0, *(Decimal(3),) * 3, 0) for by in RunTotalBy]
    ledger.run_totals.keep(ledger_filled.CLOSE, sums)
    return ledger


def answers(ledger: Ledger) -> dict[str, Any]:
    """Return what every route answers, by address."""
    cause = ledger.finding_pages.page([ledger_filled.CLOSE], _everything(), _first()).items[0].cause
    told = [path for paths in ADDRESSES.values() for path in paths]
    return {path: client(ADMIN).get(f"/billing{path.format(cause=cause)}") for path in told}


def _everything() -> Any:
    from billing_providers.model.seen_findings import FindingFilter

    return FindingFilter()


def _first() -> Any:
    from billing_providers.ledger.paging import Slice

    return Slice()


def test_no_route_is_left_out() -> None:
    """A new page or file has its address above, or fails here."""
    showing = {path.removeprefix("/billing") for method, path in page_routes() if method == "GET"}

    assert showing == set(ADDRESSES)


def test_hostile_names_are_text_on_every_page_and_in_every_file(filled: Ledger) -> None:
    """Markup is no markup, a template none, a formula none, and a mark that turns directions turns nothing else."""
    seen = set()
    told_by = answers(filled)
    for path, answer in told_by.items():
        assert answer.status_code in {200, 307}, (path, answer.text[-500:])
        kind = answer.headers.get("content-type", "").partition(";")[0]
        told = answer.text if not kind.startswith("application/vnd") else ""
        if kind == "text/html":
            assert "<script>alert" not in told, path
            assert turned_outside(told) == [], path
        elif kind == "text/csv" and "/mappings/" not in path:
            assert [cell for row in csv.reader(io.StringIO(told)) for cell in row if cell[:1] in tuple("=+-@\t")] == []
        elif kind == "image/svg+xml":
            assert "<script" not in told
        elif kind.startswith("application/vnd"):
            cells = [cell for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows() for cell in row]
            assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "d", "b"}, path  # "f": a formula
            told = " ".join(str(cell.value) for cell in cells)
        assert "{{ 7 * 7 }}" in told or HOSTILE not in told
        if "alert(1)" in told:
            seen.add(path.partition("?")[0])
    assert {path.partition("?")[0] for path in told_by} - seen == NAMELESS  # the names were there to be shown


def turned_outside(page: str) -> list[str]:
    """Return the places where a mark that turns directions stands outside an element that keeps it in."""
    plain = re.sub(r"<(/?\w+)[^>]*>", r"<\1>", page)  # attributes turn nothing
    places = []
    for found in re.finditer("\u202e", plain):
        before = plain[: found.start()]
        kept = before.rfind("<bdi>") > before.rfind("</bdi>") or before.rfind("<option>") > before.rfind("</option>")
        if not kept:
            places.append(before[-80:])
    return places


def test_the_mapping_table_is_read_back_as_it_was_decided(filled: Ledger) -> None:
    """It is a run's input, so that it holds what was decided and nothing that a spreadsheet would compute."""
    from billing_providers.engine.mapping import load_customer_map

    text = client(ADMIN).get(f"/billing/mappings/{DAG}/table.csv").text
    entry = load_customer_map(text, "the table").entries["BETA"]

    assert entry.ignore == f"{HOSTILE} until {ledger_values.NOVEMBER}"
