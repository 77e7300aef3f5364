"""Sherweb's seats on the lines as soon as they are bought, by the subscriptions; the close by the charges agrees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.moving import Month
from tests.support.sherweb_closing import BILLED_AT, JULY, SHERWEB, sherweb_closing

TABLE = "sku,moves\nSW-M365*,at_once\n*,billing_date\n"
BOUGHT = datetime(2026, 7, 14, 10, tzinfo=UTC)


def quiet_subscription() -> str:
    """Return a subscription that alone feeds a line which a right run reaches, with no change of its own in July."""
    lines = {(line.customer_code, line.offer_key) for line in SHERWEB.expected(JULY).values()}
    book = SHERWEB.book.subscriptions
    return next(
        one.subscription_id
        for one in book
        if one.offer_key == "premium"
        and (one.customer_code, one.offer_key) in lines
        and sum((other.customer_code, other.offer_key) == (one.customer_code, one.offer_key) for other in book) == 1
        and not any(JULY.start <= event.day <= JULY.end for event in one.events)
    )


@pytest.mark.parametrize("prorate", [True, False])
def test_seats_that_were_moved_by_the_subscriptions_are_not_moved_again_by_the_charges(tmp_path, prorate):
    """Two readings of one vendor, one register: each change of seats reaches its line once, on its day."""
    with sherweb_closing(tmp_path, policy={"prorate": prorate}) as msp:
        month, control = Month(msp, tmp_path, table=TABLE), msp.box.control
        final = msp.settings
        msp.change(source_options={"reads": "subscriptions", "customer_id_tag": "CustomerId"}, line_terms="")
        month.at = BOUGHT - timedelta(hours=1)
        control.move_clock(month.at.isoformat())
        before = month.settled()
        control.change_seats(quiet_subscription(), 5, BOUGHT.date())
        month.at = BOUGHT
        control.move_clock(month.at.isoformat())
        month.changes()
        month.changes()

        (moved,) = control.audit()[before:]
        assert Decimal(moved["after"]) - Decimal(moved["before"]) == 5
        assert moved["effective_date"] == ("2026-07-14" if prorate else "2026-07-01")

        control.move_clock(BILLED_AT.isoformat())
        msp.settings = final
        at_close = len(control.audit())
        month.close(at=BILLED_AT, billing_period=str(JULY.start))
        units = [row["line_id"] for row in control.audit()[at_close:] if row["field"] == "units"]
        assert units  # what was left for the billing date
        assert moved["line_id"] not in units


def test_the_close_after_a_month_of_runs_leaves_every_line_as_one_without_them_does(tmp_path):
    """With the shipped movement table: units, costs and prices, whatever was moved by the subscriptions before.

    A line that has no one cost is left alone by the close, costs and all; the runs set seats alone, so they reach it.
    """
    left, moved = [], 0
    for runs in (0, 1):
        folder = tmp_path / str(runs)
        folder.mkdir()
        with sherweb_closing(folder) as msp:
            final = msp.settings
            if runs:
                month = Month(msp, folder, table=Path(final.movement).read_text(encoding="utf-8"))
                msp.change(source_options={**final.source_options, "reads": "subscriptions"}, line_terms="")
                month.at = BOUGHT
                msp.box.control.move_clock(month.at.isoformat())
                moved = month.settled()
                msp.settings = final
                msp.box.control.move_clock(BILLED_AT.isoformat())
            msp.close("close", billing_period=str(JULY.start), run_after=BILLED_AT)
            held = ("line_id", "units", "unit_cost", "unit_price", "active")
            left.append({tuple(line[key] for key in held) for line in msp.box.control.lines()})

    assert moved > 0
    reached = {int(line_id): Decimal(units) for line_id, units, *_ in left[1] - left[0]}
    expected = {line_id: SHERWEB.expected(JULY)[line_id] for line_id in reached}
    assert {line_id: line.units for line_id, line in expected.items()} == reached
    assert {line.costs for line in expected.values()} <= {None}
