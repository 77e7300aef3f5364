"""Charges for a year: billed once, or spread over twelve months; by name, and never twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.proration import months_after
from billing_providers.engine.rules import apply_rules, load_rules
from billing_providers.errors import SettingsError
from billing_providers.model.charges import ChargeLine
from billing_providers.model.frames import frame_of, rows_of
from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.model.usage import UsageRecord
from tests.support.usage_rows import VOICE, row

MONTHS = 26


def paid(start: date, *, seats: int = 5, cost: str = "650.00", until: date | None = None) -> UsageRecord:
    """Return a charge for a year, or for what is left of it."""
    return row(
        seats, billing_cycle="yearly", term="yearly", covers_from=start, covers_until=until or months_after(start, 12),
        total_cost=Decimal(cost), total_price=None, period_start=None, period_end=None,
    )  # fmt: skip


def billed(period: BillingPeriod, how: str, *charges: UsageRecord) -> tuple[Decimal, Decimal]:
    """Return quantity and cost of a period in which these charges are running."""
    touching = [one for one in charges if one.covers_from < period.end and period.start < one.covers_until]
    if not touching:
        return Decimal(0), Decimal(0)
    text = f"version: 1\nrules:\n  - {{name: year, match: {{billing_cycle: yearly}}, yearly: {how}}}\n"
    text += "  - {name: held, fold: at_end}\n" if how == "spread" else ""
    ruled = apply_rules(frame_of(UsageRecord, touching), load_rules(text, "rules.yaml"), period, VOICE)
    (line,) = rows_of(ChargeLine, ruled.charges)
    return line.quantity, line.total_cost


def periods(calendar: BillingCalendar, first: date) -> list[BillingPeriod]:
    found = [calendar.period_containing(first)]
    while len(found) < MONTHS:
        found.append(calendar.period_after(found[-1]))
    return found


STARTS = st.dates(date(2023, 1, 1), date(2026, 12, 31)) | st.sampled_from(
    [date(2024, 2, 29), date(2025, 1, 31), date(2025, 12, 31), date(2024, 2, 28), date(2023, 3, 1)]
)


@given(STARTS, st.integers(1, 31), st.decimals(1, 99999, places=2))
def test_over_26_months_a_year_is_billed_exactly_once_a_year(start: date, anchor: int, cost: Decimal) -> None:
    """Renewed twice: three charges, three periods with a quantity, each whole; month ends and leap days included."""
    years = [months_after(start, 12 * number) for number in range(4)]
    charges = [paid(years[number], cost=str(cost + number), until=years[number + 1]) for number in range(3)]
    told = [billed(period, "anniversary", *charges) for period in periods(BillingCalendar(anchor), start)]

    in_time = [number for number in range(3) if years[number] < periods(BillingCalendar(anchor), start)[-1].end]
    assert [one for one in told if one[0]] == [(5, cost + number) for number in in_time]


@given(STARTS, st.integers(1, 28), st.decimals(1, 99999, places=2))
def test_twelve_parts_sum_to_the_year_exactly_and_the_seats_stay(start: date, anchor: int, cost: Decimal) -> None:
    """Every month of the term has the seats and a part; together they are the charge, to the cent."""
    charge = paid(start, cost=str(cost))
    calendar = BillingCalendar(anchor)
    told = {period: billed(period, "spread", charge) for period in periods(calendar, start)}

    parts = [amount for _, amount in told.values() if amount]
    assert sum(parts) == cost
    assert len(parts) <= 12
    assert max(parts) - min(parts) <= Decimal("0.01") or len(parts) < 12
    for period, (seats, _) in told.items():
        assert seats == (5 if charge.covers_from <= period.last_day < charge.covers_until else 0)


def test_what_is_bought_inside_the_year_is_due_for_what_is_left_of_it() -> None:
    """Two more seats from July on: once in July, or in the six months that are left."""
    year = paid(date(2026, 1, 1))
    more = paid(date(2026, 7, 1), seats=2, cost="131.07", until=date(2027, 1, 1))
    july = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1))
    december = BillingPeriod(date(2026, 12, 1), date(2027, 1, 1))

    assert billed(july, "anniversary", year, more) == (2, Decimal("131.07"))
    assert billed(july, "spread", year, more) == (7, Decimal("54.17") + Decimal("21.85"))
    assert billed(december, "spread", year, more) == (7, Decimal("54.16") + Decimal("21.84"))


def test_a_change_of_the_way_takes_effect_on_the_next_anniversary() -> None:
    """A year is billed to its end as it began: neither a second time nor never."""
    how = "{billing: spread, before: anniversary, changed_on: 2026-07-01}"
    old, new = paid(date(2026, 3, 1)), paid(date(2027, 3, 1))
    march, august, april = (
        BillingPeriod(date(y, m, 1), date(y, m + 1, 1)) for y, m in ((2026, 3), (2026, 8), (2027, 4))
    )

    assert billed(march, how, old) == (5, 650)
    assert billed(august, how, old) == (0, 0)
    assert billed(april, how, old, new) == (5, Decimal("54.17"))


def test_a_charge_that_does_not_tell_its_days_holds_its_customer() -> None:
    """When a year began is not guessed."""
    text = "version: 1\nrules:\n  - {name: year, yearly: anniversary}\n"
    period = BillingPeriod(date(2026, 3, 1), date(2026, 4, 1))

    ruled = apply_rules(frame_of(UsageRecord, [row(5)]), load_rules(text, "rules.yaml"), period, VOICE)

    assert [finding.number for finding in ruled.findings] == [150]
    assert list(ruled.held_customers) == ["ASP"]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("monthly", "anniversary, spread"),
        ("{billing: spread, before: anniversary}", "changed_on"),
        ("{billing: spread, before: anniversary, changed_on: soon}", "changed_on"),
    ],
)
def test_a_way_without_a_known_name_or_day_is_refused(how: str, says: str) -> None:
    """Once or spread is chosen by name."""
    with pytest.raises(SettingsError, match=says):
        load_rules(f"version: 1\nrules:\n  - name: year\n    yearly: {how}\n", "rules.yaml")
