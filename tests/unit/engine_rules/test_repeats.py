"""A stale copy of last month's usage is recognised; figures that may well be equal are not taken for one."""

from __future__ import annotations

from decimal import Decimal

from billing_providers.engine.repeats import repeats
from billing_providers.model.frames import frame_of
from billing_providers.model.usage import UsageRecord
from tests.support.usage_rows import row

BEFORE = [
    row("10.25", customer_code="A"),
    row("3.5", customer_code="B"),
    row("7", customer_code="C"),
    row(0, customer_code="D"),
]


def repeated(*records: UsageRecord) -> bool:
    return repeats(records, frame_of(UsageRecord, BEFORE))


def test_the_same_figures_in_any_order_and_spelling_are_a_repeat():
    """Row order, names and trailing zeros make no new month."""
    assert repeated(BEFORE[3], BEFORE[1], row("10.250", customer_code="A", customer_name="Renamed"), BEFORE[2])


def test_one_other_figure_more_or_fewer_is_no_repeat():
    """A single customer that changed, came or went makes it another month."""
    assert not repeated(*BEFORE[:2], row("7.01", customer_code="C"), BEFORE[3])
    assert not repeated(*BEFORE, row(1, customer_code="E"))
    assert not repeated(*BEFORE[:3])


def test_a_few_figures_agree_by_chance():
    """Two customers with figures, and any number of zeros, prove nothing."""
    few = [row("10.25", customer_code="A"), row("3.5", customer_code="B"), row(0, customer_code="C")]

    assert not repeats(few, frame_of(UsageRecord, few))
    assert repeats([*few, row(Decimal(1), customer_code="D")], frame_of(UsageRecord, [*few, row(1, customer_code="D")]))
