"""The page of proration: every table comes out as it says, to the cent, and its code runs."""

from __future__ import annotations

import csv
import doctest
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from billing_providers.engine.proration import (
    AnnualBilling,
    Convention,
    DatedQuantity,
    EventOrder,
    PeriodQuantities,
    ProrationError,
    ProrationRule,
    QuantityEvent,
    Span,
    SpanEnd,
    YearlyItem,
    allocate,
    due_in,
    exchange,
    high_water_charges,
    prorated,
    prorated_lines,
    quantities_in,
    share_from,
    shown_unit_price,
    span_ratio,
)
from billing_providers.model.periods import BillingCalendar, BillingPeriod

PAGE = (Path(__file__).parents[3] / "docs" / "proration.md").read_text(encoding="utf-8")
TABLE = re.compile(r"(?:```csv\n(?P<data>[^`]*)```\n\n)?(?P<table>(?:\|.*\n)+)")
MONTHS = BillingCalendar(1)
MARCH = MONTHS.period_containing(date(2026, 3, 1))
ACTUAL = ProrationRule(Convention.ACTUAL)
Row = dict[str, str]


def rows_of(table: str) -> list[Row]:
    lines = [
        [cell.strip().strip("`") for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        for line in table.splitlines()
    ]
    header, _, *rows = lines
    return [dict(zip(header, row, strict=True)) for row in rows]


def day(text: str) -> date:
    return date.fromisoformat(text)


def told(ask: Callable[[], object]) -> str:
    try:
        return str(ask())
    except ProrationError:
        return "refused"


def events_of(data: str) -> list[QuantityEvent]:
    return [
        QuantityEvent(
            day(row["day"]), Decimal(row["quantity"]), Decimal(row["unit_price"]) if row["unit_price"] else None
        )
        for row in csv.DictReader(data.splitlines())
    ]


def quantities(data: str, rule: ProrationRule, order: EventOrder) -> PeriodQuantities:
    return quantities_in(MARCH, events_of(data), rule, order=order)


def steps(found: tuple[DatedQuantity, ...]) -> str:
    return ", ".join(f"{step.day:%m-%d}: {step.quantity}" for step in found)


def span_row(row: Row, _: str) -> Row:
    rule = ProrationRule(Convention(row["convention"]))
    span = Span.told(day(row["first day"]), day(row["last day"]), SpanEnd.INCLUDED)
    period = MONTHS.period_containing(span.start)
    ratio = told(lambda: span_ratio(span, rule, period))
    amount = told(lambda: prorated(Decimal("31.00"), span_ratio(span, rule, period), rule))
    same = row["ratio"] != "refused" and ratio != "refused" and Fraction(ratio) == Fraction(row["ratio"])
    return {**row, "ratio": row["ratio"] if same else ratio, "amount": amount}


def end_row(row: Row, _: str) -> Row:
    span = Span.told(day(row["from"]), day(row["to"]), SpanEnd(row["ends"]))
    ratio = span_ratio(span, ACTUAL, MONTHS.period_containing(span.start))
    return {**row, "days": str(span.days), "amount": str(prorated(Decimal("12.00"), ratio, ACTUAL))}


def period_row(row: Row, data: str) -> Row:
    rule = ProrationRule(Convention(row["convention"]))
    found = quantities(data, rule, EventOrder.BY_ENTRY)
    return {
        "convention": row["convention"],
        "at start": str(found.at_start),
        "at end": str(found.at_end),
        "next period": str(found.next_start),
        "peak": str(found.peak),
        "time-weighted": str(found.time_weighted(4) or ""),
        "dated steps": steps(found.steps),
        "billed": told(lambda: sum(line.amount for line in prorated_lines(found, rule))),
    }


def order_row(row: Row, data: str) -> Row:
    found = quantities(data, ACTUAL, EventOrder(row["order"]))
    return {"order": row["order"], "at end": str(found.at_end), "dated steps": steps(found.steps)}


def exchange_row(row: Row, _: str) -> Row:
    april = BillingPeriod(date(2026, 4, 1), date(2026, 5, 1))
    made = exchange(Decimal(row["old"]), Decimal(row["new"]), share_from(day(row["from"]), ACTUAL, april), ACTUAL)
    return {**row, "credit": str(made.credit), "charge": str(made.charge), "net": str(made.net)}


def rounding_row(row: Row, _: str) -> Row:
    rules = {
        "once": ACTUAL,
        "the amount": ProrationRule(Convention.ACTUAL, per_unit=True),
        "the ratio": ProrationRule(Convention.ACTUAL, ratio_places=2),
    }
    (rule,) = (rule for start, rule in rules.items() if row["rounded"].startswith(start))
    return {**row, "amount": str(prorated(Decimal("10.00"), Fraction(10, 31), rule, Decimal(3)))}


def yearly_row(row: Row, data: str) -> Row:
    (item,) = csv.DictReader(data.splitlines())
    period, made = MONTHS.period_containing(day(row["period from"])), dict(row)
    for billing in AnnualBilling:
        dates = day(item["commitment_start"]), day(item["term_end"])
        yearly = YearlyItem(dates[0], Decimal(item["amount"]), billing, dates[1])
        dues = due_in(yearly, period, ProrationRule(Convention.NONE))
        made[billing.value] = ", ".join(f"{due.day:%m-%d}: {due.amount}" for due in dues)
    return made


def allocation_row(row: Row, _: str) -> Row:
    parts = allocate(Decimal(row["total"]), [int(weight) for weight in row["weights"].split(", ")])
    return {**row, "parts": ", ".join(map(str, parts))}


SPANS = "convention, first day, last day, ratio, amount"
PERIOD = "convention, at start, at end, next period, peak, time-weighted, dated steps, billed"
MEANINGS = "convention, a span of days is, "
ROWS = {
    SPANS: (10, span_row),
    "from, to, ends, days, amount": (2, end_row),
    PERIOD: (6, period_row),
    "old, new, from, credit, charge, net": (3, exchange_row),
    "order, at end, dated steps": (2, order_row),
    "rounded, amount": (3, rounding_row),
    "period from, anniversary, spread": (11, yearly_row),
    "total, weights, parts": (3, allocation_row),
}
TABLES = {", ".join(rows_of(found["table"])[0]): found for found in TABLE.finditer(PAGE)}
WHOLE_TABLES = {MEANINGS, "from, quantity, unit price, ratio, amount", "units, charge"}


@pytest.mark.parametrize("header", ROWS)
def test_each_row_comes_out_as_the_page_says(header: str) -> None:
    """People choose a convention by these figures."""
    count, made = ROWS[header]
    rows = rows_of(TABLES[header]["table"])

    assert len(rows) == count
    assert [made(row, TABLES[header]["data"] or "") for row in rows] == rows


def test_every_table_is_run_and_every_convention_is_shown() -> None:
    """An example that is not found by this file would be checked by nobody."""
    assert set(TABLES) == {*ROWS, *WHOLE_TABLES}
    assert len(TABLES) == len(TABLE.findall(PAGE))
    assert PAGE.count("```csv") == 3
    for header in (SPANS, PERIOD, MEANINGS):
        shown = {row["convention"] for row in rows_of(TABLES[header]["table"])}
        assert shown == {convention.value for convention in Convention}


def test_the_lines_are_those_behind_the_amount() -> None:
    """The table of lines belongs to the events above it."""
    events = TABLES[PERIOD]["data"]
    lines = prorated_lines(quantities(events, ACTUAL, EventOrder.BY_ENTRY), ACTUAL)

    assert rows_of(TABLES["from, quantity, unit price, ratio, amount"]["table"]) == [
        {
            "from": str(line.span.start),
            "quantity": str(line.quantity),
            "unit price": str(line.unit_price),
            "ratio": str(line.ratio),
            "amount": str(line.amount),
        }
        for line in lines
    ]


def test_the_charges_in_advance_and_the_printed_price_are_right() -> None:
    """The table of the high-water mark, and the figures in the text."""
    rows = rows_of(TABLES["units, charge"]["table"])
    charges = high_water_charges([Decimal(row["units"]) for row in rows], Decimal("10.00"), ACTUAL)

    assert [row["charge"] for row in rows] == [str(charge) for charge in charges]
    price, ratio = Decimal("51.93"), Fraction(27, 31)
    shown = shown_unit_price(price, ratio)
    amount = prorated(price, ratio, ACTUAL, Decimal(500))
    assert f"are {amount}, while the printed {shown} times 500 would be {shown * 500}" in " ".join(PAGE.split())


def test_the_code_on_the_page_runs() -> None:
    """What can be copied works."""
    example = doctest.DocTestParser().get_doctest(PAGE, {}, "docs/proration.md", None, None)

    assert len(example.examples) == 13
    assert doctest.DocTestRunner().run(example).failed == 0
