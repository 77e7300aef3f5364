"""A snapshot is named by its content."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing_providers.engine.intake import check_usage
from billing_providers.engine.snapshot import snapshot_of
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import Policy
from billing_providers.model.source import UsageRead
from billing_providers.model.usage import UsageKind, UsageRecord
from tests.support.usage_rows import PERIOD, VOICE, row

NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)


def snapshot(records: list[UsageRecord], *, taken_at=NOON, origin="https://one", period=PERIOD, **facts):
    read = UsageRead(records=records, origin=origin, **facts)
    intake = check_usage(read, period, Policy(), VOICE)
    return snapshot_of("atria_to_kaseya_bms", "atria", period, intake, read, taken_at=taken_at)


def test_same_content_has_the_same_id_whenever_and_wherever_it_was_read():
    """The digest covers content alone: not the instant, not the address, not how a decimal was written."""
    first = snapshot([row("1.50")])
    second = snapshot([row("1.5")], taken_at=datetime(2026, 3, 1, tzinfo=UTC), origin="file:///two")

    assert first.digest == second.digest
    assert first.snapshot_id == first.digest[:32]
    assert (second.taken_at, second.origin) == (datetime(2026, 3, 1, tzinfo=UTC), "file:///two")


@pytest.mark.parametrize(
    "changed",
    [
        {"quantity": 2},
        {"quantity": None},
        {"position": "row 2"},
        {"sku": "MS365-BS"},
        {"billable": False},
        {"kind": UsageKind.USAGE},
        {"assigned": Decimal(0)},
        {"period_end": None},
        {"attributes": '{"a":1}'},
        {"actor": "x"},
    ],
)
def test_any_changed_field_changes_the_digest(changed):
    """Every field of every record decides the digest."""
    assert snapshot([row(1)]).digest != snapshot([row(**{"quantity": 1, **changed})]).digest


def test_order_and_count_of_records_change_the_digest():
    """The digest is over every record in order."""
    one, two = row(1), row(2)

    digests = {snapshot(records).digest for records in ([one, two], [two, one], [one, two, two], [one])}

    assert len(digests) == 4


def test_period_completeness_and_failed_customers_change_the_digest():
    """A part is never taken for the whole."""
    other = BillingPeriod(PERIOD.start, PERIOD.end, "UTC")

    digests = {
        snapshot([row(1)]).digest,
        snapshot([row(1)], complete=False, incomplete_why="page 2 is missing").digest,
        snapshot([row(1)], failed_customers={"FR1": "HTTP 500"}).digest,
        snapshot([row(1)], control_total=Decimal(1)).digest,
        snapshot([row(1)], period=other).digest,
    }

    assert len(digests) == 5


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("a\0b", "c"), ("a", "b\0c")),
        (("", '["a","b"]'), ("a", "b")),
        (("1", ""), ("", "1")),
        (("\ud800", ""), ("", "\ud800")),
    ],
)
def test_texts_cannot_run_into_each_other(left, right):
    """Separators inside texts, even half characters, never make two contents look like one."""
    digests = [snapshot([row(actor=first), row(actor=second)]).digest for first, second in (left, right)]

    assert digests[0] != digests[1]


def test_facts_of_the_reading_are_kept():
    """A snapshot says what it lacks."""
    made = snapshot([row(1), row(2)], complete=False, incomplete_why="no marker", failed_customers={"B": "x", "A": "y"})

    assert (made.record_count, made.malformed_count, made.complete) == (2, 0, False)
    assert made.failed_customers == ("A", "B")
    assert made.incomplete_why == "no marker"
    assert (made.period_start, made.period_end) == (date(2026, 1, 26), date(2026, 2, 26))
