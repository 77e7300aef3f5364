"""The page of line terms: every table on it loads, and every example comes out as it says, to the cent."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from billing_providers.engine.line_terms import load_line_terms
from billing_providers.engine.planner import plan
from billing_providers.model.psa import Service
from tests.support.plan_scenario import inputs_of

PAGE = (Path(__file__).parents[3] / "docs" / "line-terms.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```csv\n(?P<terms>[^`]*)```\n\n(?P<table>(?:\|.*\n)+)")

# What the page says that a line holds before the run, and the customer whose usage it is.
TENANT = """
    # policy
    places = 2
    # run
    whole = no
    sets = unit_cost, unit_price, invoice_text, included, effective_date, last_day
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    # contracts
    id | account | name
    11 | 1       | Managed
    # services
    id | name         | text
    5  | OnlineBackup | Managed Backup Service provides a reliable backup solution.
"""
BEFORE = {"quantity": "90", "unit cost": "0.05", "unit price": "0.20", "included": "", "invoice text": "old"}


def rows_of(table: str) -> list[dict[str, str]]:
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
    header, _, *rows = lines
    return [dict(zip(header, row, strict=True)) for row in rows]


def examples() -> list[tuple[str, dict[str, str]]]:
    """Every row of every example's table, with the terms above it."""
    found = [(match["terms"], rows_of(match["table"])) for match in EXAMPLE.finditer(PAGE)]
    return [(terms, row) for terms, rows in found for row in rows if "used GB" in row]


def scenario(terms: str, row: dict[str, str]) -> str:
    quantity = row.get("quantity before", BEFORE["quantity"])
    price = row.get("price before", BEFORE["unit price"])
    cells = (quantity, BEFORE["unit cost"], price, BEFORE["invoice text"], BEFORE["included"])
    used = (row["used GB"], row["total cost"], row.get("total price", ""), row.get("told unit cost", ""))
    return (
        f"{TENANT}\n# terms\n{terms}\n"
        "# lines\nid | contract | service | quantity | cost | price | text | included\n"
        f"100 | 11 | 5 | {' | '.join(cells)}\n"
        "# usage\ncustomer | identifier | name | sku | unit | currency | quantity | cost | total_price | unit_cost\n"
        f"ASP | A100 | Aspen | OnlineBackup | GB | EUR | {' | '.join(used)}\n# changes\n# findings\n"
    )


@pytest.mark.parametrize(("terms", "row"), examples())
def test_an_example_comes_out_as_the_page_says(terms: str, row: dict[str, str]) -> None:
    """People set prices by these figures."""
    diff = plan(inputs_of(scenario(terms, row)))

    before = {**BEFORE, "quantity": row.get("quantity before", BEFORE["quantity"])}
    told = dict.fromkeys(BEFORE, "kept")
    for change in diff.changes:
        quantity = change.quantity_after
        told["quantity"] = "kept" if quantity == change.quantity_before else str(quantity)
        told |= {
            field.field.value.replace("_", " ").replace("effective date", "start"): field.after
            for field in change.fields
        }
    for name in BEFORE:
        if name in row:
            assert same(told[name], row[name], before[name]), name
    if "held by" in row:
        held = {code.removeprefix("KS") for change in diff.changes for code in change.held_by}
        assert held == set(filter(None, row["held by"].split(", ")))


def same(told: str, expected: str, before: str) -> bool:
    """Whether a field came out as the page says; what stays the same is no change."""
    if told == expected:
        return True
    if told == "kept":
        told = before
    try:
        return Decimal(told) == Decimal(expected)
    except ArithmeticError:
        return False


def test_the_page_shows_every_mode_and_every_trouble() -> None:
    """An example that is not found by this file would be checked by nobody."""
    assert PAGE.count("```csv") == len(EXAMPLE.findall(PAGE)) == 16
    assert len(examples()) == 30


def test_the_row_that_wins_is_the_one_that_the_page_names() -> None:
    """Customer and service, then the service, then the customer, then everything."""
    match = next(match for match in EXAMPLE.finditer(PAGE) if "used GB" not in match["table"])
    table = load_line_terms(match["terms"], "terms.csv")

    for row in rows_of(match["table"]):
        found = table.of(Service("5", row["service"], "", active=True), row["customer"])
        assert found is not None
        assert found.minimum == Decimal(row["minimum"])
