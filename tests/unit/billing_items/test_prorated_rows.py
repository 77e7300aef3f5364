"""Rows of units that cover a part of their billing period, by example."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_providers.engine.prorated_rows import prorations
from billing_providers.engine.split_rows import rows_split_by
from billing_providers.model.billing_items import PendingItem
from billing_providers.model.changes import ChangeKind
from billing_providers.model.periods import BillingCalendar
from billing_providers.model.psa import Contract, UnitPeriod
from billing_providers.steps.review_text import review_text
from tests.support.diffs import change, diff_of, line

CALENDAR = BillingCalendar(1, "Europe/London")
START, END = date(2026, 3, 17), date(2026, 12, 31)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def judged(*rows: str, cycle: str = "Monthly", calendar: BillingCalendar = CALENDAR) -> list[str]:
    """Rows ``MM-DD..MM-DD``; what is known about each: ``whole``, ``part``, or the day of the split."""
    contract = Contract("10", "1", "", "", "", True, cycle, START, END)
    items = [PendingItem("100", "10", "5", day(row[:5]), day(row[7:]), Decimal(1), Decimal(1)) for row in rows]
    told = prorations(items, {"10": contract}, calendar)
    return [f"{found.split_on:%m-%d}" if found.split_on else "part" if found.prorated else "whole" for found in told]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["10-01..10-31", "11-01..11-30"], ["whole", "whole"]),
        (["10-01..10-14", "10-15..10-31"], ["10-15", "10-15"]),
        (["10-01..10-09", "10-10..10-19", "10-20..10-31"], ["10-10", "10-20", "10-20"]),
        # Two months in a row that are both split on the same day
        (["10-01..10-14", "10-15..10-31", "11-01..11-14", "11-15..11-30"], ["10-15", "10-15", "11-15", "11-15"]),
        # The contract's own first and last days are short without a split
        (["03-17..03-31", "04-01..04-30"], ["part", "whole"]),
        (["12-01..12-31"], ["whole"]),
        # Only the later part is pending: the earlier one is posted
        (["10-15..10-31", "11-01..11-30"], ["10-15", "whole"]),
        (["02-01..02-28"], ["whole"]),
    ],
)
def test_monthly_rows(rows: list[str], expected: list[str]) -> None:
    """A part is told from a whole row by its length, and a split from a contract's own first and last days."""
    assert judged(*rows) == expected


def test_a_contract_that_ends_inside_a_period_has_a_short_last_row() -> None:
    """The last days of a contract are prorated, but nobody changed a quantity."""
    contract = Contract("10", "1", "", "", "", True, "Monthly", START, day("10-20"))
    item = PendingItem("100", "10", "5", day("10-01"), day("10-20"), Decimal(1), Decimal(1))

    (found,) = prorations([item], {"10": contract}, CALENDAR)

    assert (found.prorated, found.split_on) == (True, None)


def test_quarters_are_split_on_the_first_of_a_month_too() -> None:
    """A row of a month is a whole one in a monthly contract and a part in a quarterly one."""
    assert judged("07-01..07-31", "08-01..09-30", "10-01..12-31", cycle="Quarterly") == ["08-01", "08-01", "whole"]


def test_periods_start_where_whole_rows_do_whatever_the_calendar_says() -> None:
    """A contract that is billed from the 17th on is not taken for one that is split every month."""
    assert judged("04-17..05-16", "05-17..06-16", "06-17..06-29", "06-30..07-16") == [
        "whole", "whole", "06-30", "06-30",
    ]  # fmt: skip


def test_without_a_whole_row_the_calendar_says_where_periods_start() -> None:
    """The integration's own calendar is the best guess where a contract shows no whole row."""
    anchored = BillingCalendar(17, "Europe/London")

    assert judged("06-17..06-29", "06-30..07-16", calendar=anchored) == ["06-30", "06-30"]


def test_rows_at_the_ends_of_short_months_are_whole() -> None:
    """A period from the 31st on is as long as the month allows."""
    assert judged("08-31..09-29", "09-30..10-30") == ["whole", "whole"]


def test_a_row_of_an_unknown_contract_is_held_against_a_month() -> None:
    """A month is the shortest period: what is shorter is a part of any."""
    row = PendingItem("100", "?", "5", day("10-01"), day("10-14"), Decimal(1), None)

    (found,) = prorations([row], {}, CALENDAR)

    assert (found.prorated, found.split_on) == (True, day("10-15"))


def split(effective: str, **fields: object) -> dict[str, UnitPeriod]:
    lines = [line(schedule=(UnitPeriod(*OCTOBER, Decimal(3)), UnitPeriod(day("11-01"), day("11-30"), Decimal(3))))]
    return rows_split_by([change(effective_date=day(effective), **fields)], lines)


def test_a_change_inside_a_row_splits_it_and_one_on_its_first_day_does_not() -> None:
    """The trap of proration is told for exactly the changes that fall into it."""
    assert [(row.start, row.end) for row in split("10-15").values()] == [OCTOBER]
    assert [(row.start, row.end) for row in split("10-31").values()] == [OCTOBER]
    assert split("10-01") == split("11-01") == {}


def test_a_change_of_the_text_alone_or_of_a_line_without_rows_splits_nothing() -> None:
    """Only units are split, and only where the PSA dates them."""
    same = {"kind": ChangeKind.SET_FIELDS, "quantity_before": Decimal(3), "quantity_after": Decimal(3)}

    assert split("10-15", **same) == {}
    assert rows_split_by([change(effective_date=day("10-15"))], [line()]) == {}
    assert split("10-15", line_id="", kind=ChangeKind.ADD_LINE) == {}


def test_the_review_says_which_units_stay_billed() -> None:
    """A person who approves sees that the units before the day are not taken back."""
    changed = change(effective_date=day("10-15"), quantity_before=Decimal(12), quantity_after=Decimal(9))
    text = review_text(diff_of(changed), "file:///x.csv", {"c1": ["2026-10-01", "2026-10-31"]})

    assert (
        "- Aspen Ltd, MS365-BP: 12 units stay billed from 2026-10-01 to 2026-10-14, 9 from 2026-10-15 to 2026-10-31."
    ) in text.splitlines()
    assert "until the next billing period" in text


def test_the_review_is_silent_about_proration_where_there_is_none() -> None:
    """No warning that is always there."""
    assert "Proration" not in review_text(diff_of(change()), "file:///x.csv", {})
    assert "Proration" not in review_text(diff_of(change()), "file:///x.csv")
