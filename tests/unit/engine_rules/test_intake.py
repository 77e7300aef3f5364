"""What a source gave is checked before anything is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing_providers.engine.intake import LISTED_MAX, check_usage
from billing_providers.model.findings import Level
from billing_providers.model.settings import Policy
from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageRecord
from tests.support.usage_rows import PERIOD, VOICE, codes, row


def intake_of(records: list[UsageRecord], *, share: str = "0.5", **facts):
    return check_usage(
        UsageRead(records=records, origin="file", **facts), PERIOD, Policy(malformed_share_max=share), VOICE
    )


def test_healthy_rows_pass_untouched():
    """Rows without a fault are kept in order, hold nobody and make a complete extract."""
    records = [row(1, record_id="a"), row(2, record_id="b", customer_code="FR1")]

    intake = intake_of(records)

    assert intake.records == records
    assert (intake.findings, intake.held_customers, intake.complete) == ((), {}, True)


def test_malformed_row_is_a_finding_with_its_position_and_holds_its_customer():
    """A sum that lacks a row would be short, so the customer is held; the others go on."""
    malformed = [MalformedRow("row 7", "Quantity", "'x' is not a number", " FR1 ", "Fr One")]

    intake = intake_of([row(customer_code="ASP"), row(customer_code="FR1")], malformed=malformed)

    assert intake.complete
    assert intake.malformed_count == 1
    assert intake.held_customers == {"FR1": "row 7 cannot be read (Quantity)"}
    assert [finding.message for finding in intake.findings] == ["Atria row 7: Quantity: 'x' is not a number"]


def test_too_many_malformed_rows_make_the_extract_incomplete():
    """Above the set share nothing is zeroed: 2 of 100 rows are more than 1 per cent, 1 of 100 is not."""
    bad = [MalformedRow(f"row {number}", "Quantity", "is empty", "FR1") for number in (1, 2)]

    assert intake_of([row()] * 99, share="0.01", malformed=bad[:1]).complete
    intake = intake_of([row()] * 98, share="0.01", malformed=bad)

    assert not intake.complete
    assert intake.incomplete_why == "2 of 100 rows cannot be read, more than the share of 0.01 that is accepted"
    assert codes(intake.findings) == ["KS107", "KS107", "KS108"]


def test_a_malformed_row_without_customer_could_be_anybodys():
    """An unreadable row that names no customer makes the whole extract incomplete: any sum may be short."""
    intake = intake_of([row()] * 99, malformed=[MalformedRow("row 7", "Customer Code", "is empty")])

    assert not intake.complete
    assert "row 7" in intake.incomplete_why
    assert intake.held_customers == {}


def test_malformed_rows_are_listed_up_to_a_limit_and_counted_beyond():
    """A broken export of a million rows is no million findings."""
    bad = [MalformedRow(f"row {number}", "Quantity", "is empty", "FR1") for number in range(LISTED_MAX + 3)]

    findings = intake_of([row()] * 10, share="1", malformed=bad).findings

    assert codes(findings) == ["KS107"] * LISTED_MAX + ["KS155"]
    assert findings[-1].message == "3 more of code KS107 are not listed (53 in all)."


def test_same_record_with_same_content_counts_once():
    """A record id that comes twice with one content is one record, wherever its rows stand."""
    first = row(5, record_id="R1", position="row 1")

    intake = intake_of([first, replace(first, position="row 9"), row(1, record_id="R2")])

    assert [record.position for record in intake.records] == ["row 1", "row 1"]
    assert [record.record_id for record in intake.records] == ["R1", "R2"]
    assert [(finding.code, finding.level) for finding in intake.findings] == [("KS110", Level.INFO)]
    assert intake.held_customers == {}


def test_one_object_twice_is_a_repeat_too():
    """Repeats are found by id, not by where the values live in memory."""
    record = row(5, record_id="R1")

    assert intake_of([record, record]).records == [record]


def test_same_record_with_other_content_holds_its_customers():
    """Which of two contradicting records is right nobody can tell; both customers are held, others are not."""
    intake = intake_of(
        [row(5, record_id="R1"), row(6, record_id="R1", customer_code="FR1"), row(1, customer_code="UJA")]
    )

    assert intake.held_customers == {
        "ASP": "record R1 came twice with different content",
        "FR1": "record R1 came twice with different content",
    }
    assert codes(intake.findings) == ["KS109", "KS109"]
    assert len(intake.records) == 3
    assert intake.complete


def test_rows_without_record_id_are_never_repeats():
    """Two equal rows without an id may both be meant; they are summed, not dropped."""
    assert len(intake_of([row(5), row(5)]).records) == 2


@pytest.mark.parametrize(
    ("start", "end", "belongs"),
    [
        (None, None, True),
        (date(2026, 1, 26), date(2026, 2, 26), True),
        (date(2026, 2, 1), date(2026, 2, 10), True),
        (None, date(2026, 2, 26), True),
        (date(2026, 1, 26), None, True),
        (date(2026, 1, 25), date(2026, 2, 26), False),
        (date(2026, 1, 26), date(2026, 2, 27), False),
        (None, date(2026, 2, 25), False),
        (date(2026, 2, 1), None, False),
        (date(2025, 12, 26), date(2026, 1, 26), False),
    ],
)
def test_row_of_another_period_holds_its_customer(start, end, belongs):
    """A row that names one date must name the period's own; one that names both must lie inside."""
    intake = intake_of([row(customer_code="FR1", position="row 3", period_start=start, period_end=end)])

    assert intake.held_customers == ({} if belongs else {"FR1": "row 3 belongs to another billing period"})
    assert codes(intake.findings) == ([] if belongs else ["KS111"])


def test_stray_rows_are_reported_once_per_customer():
    """A whole file of the wrong month is one finding per customer, not one per row."""
    stray = row(period_start=None, period_end=date(2026, 1, 26))

    assert codes(intake_of([stray] * 20 + [replace(stray, customer_code="FR1")] * 5).findings) == ["KS111", "KS111"]


def test_failed_customer_is_held_and_others_go_on():
    """A customer whose usage could not be read is never zero: it is held, with the error."""
    intake = intake_of([row()], failed_customers={"FR1": "HTTP 500"})

    assert intake.held_customers == {"FR1": "its usage could not be read: HTTP 500"}
    assert codes(intake.findings) == ["KS140"]
    assert intake.complete


def test_control_total_that_differs_stops_everything():
    """A stated total that is not the exact sum of all rows makes the extract incomplete."""
    records = [row("0.1"), row("0.2"), row(None)]

    assert intake_of(records, control_total=Decimal("0.30")).complete
    intake = intake_of(records, control_total=Decimal("0.31"))

    assert not intake.complete
    assert intake.incomplete_why == "the source states a total of 0.31, the rows sum to 0.3"
    assert codes(intake.findings) == ["KS127"]


def test_control_total_counts_repeats_and_strays():
    """The source counted every row that it sent, so the comparison does too."""
    repeat = row(2, record_id="R1")
    stray = row(4, period_start=None, period_end=date(2026, 1, 26))

    assert intake_of([repeat, repeat, stray], control_total=Decimal(8)).complete


def test_control_total_is_not_compared_when_rows_are_missing():
    """Unreadable rows cannot be summed: their customer is held, and the unmade comparison is told."""
    malformed = [MalformedRow("row 2", "Quantity", "is empty", "FR1")]

    intake = intake_of([row(5)], share="1", malformed=malformed, control_total=Decimal(99))

    assert intake.complete
    assert codes(intake.findings) == ["KS107", "KS153"]


def test_no_rows_are_never_zero():
    """An empty period is the seed's code 15, and nothing is written from it."""
    intake = intake_of([])

    assert not intake.complete
    assert intake.incomplete_why == "no records for 2026-01-26 to 2026-02-25 (Europe/London)"
    assert codes(intake.findings) == ["KS15"]


def test_what_the_source_says_about_itself_counts():
    """A source that knows that something is missing makes the extract incomplete; its remarks are kept."""
    intake = intake_of([row()], complete=False, incomplete_why="page 3 of 4 is missing", notes=["dates were day first"])

    assert not intake.complete
    assert intake.incomplete_why == "page 3 of 4 is missing"
    assert codes(intake.findings) == ["KS154", "KS108"]
