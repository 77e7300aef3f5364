"""The story of a line: every plan, write, read-back and decision about it, and the usage rows behind a quantity."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.paging import Slice
from billing_providers.model.journal import JournalState
from billing_providers.model.runs import Approval
from tests.support.ledger_values import (
    LONG,
    NOON,
    NOVEMBER,
    OCTOBER,
    charge_line,
    charge_set,
    contract_diff,
    journal_entry,
    line_change,
    matched_line,
    outcome,
    run_record,
    seen_line,
    snapshot,
    usage_record,
)

INTEGRATION = "atria_to_kaseya_bms"
OLD, NEW, FOREIGN = "d" * 64, "e" * 64, "f" * 64
DECEMBER = NOVEMBER.replace(month=12)


@pytest.fixture
def lines(ledger: Ledger) -> Ledger:
    """October changed line-1 and added line-9; November left both as they are; another integration has a line-1 too."""
    ledger.runs.start(run_record(run_key="october"))
    ledger.diffs.save(contract_diff(), "october")
    ledger.diffs.keep_lines(OLD, [seen_line()])
    later = {"period_start": NOVEMBER, "period_end": DECEMBER}
    ledger.runs.start(run_record(run_key="november", started_at=NOON + timedelta(days=30), **later))
    matched = (matched_line(), matched_line(line_id="line-9", charge_nos="2", quantity=LONG))
    ledger.diffs.save(contract_diff(digest=NEW, changes=(), matched=matched, **later), "november")
    ledger.runs.start(run_record(run_key="foreign", integration="another", tenant="other"))
    ledger.diffs.save(contract_diff(digest=FOREIGN, integration="another", tenant="other"), "foreign")
    written = (JournalState.INTENDED, JournalState.SENT, JournalState.VERIFIED)
    ledger.journal.append([journal_entry("change-1", state) for state in written])
    ledger.journal.append([journal_entry("change-2", JournalState.INTENDED, line_id="")])
    ledger.journal.append([journal_entry("change-2", JournalState.CONFIRMED, line_id="line-9")])
    ledger.journal.append([journal_entry("change-1", tenant="other", integration="another", digest=FOREIGN)])
    ledger.diffs.approve(Approval(OLD, "october", "approved", "ann", NOON, "looks right"))
    return ledger


def test_a_line_is_followed_over_the_periods(lines: Ledger) -> None:
    """The newest first, with what changed it, each step of the journal, and who approved."""
    november, october = lines.line_stories.plans(INTEGRATION, "line-1")

    assert (november.period_start, november.run_key, november.before, november.after) == (
        NOVEMBER, "november", Decimal("12"), Decimal("12"),
    )  # fmt: skip
    assert (november.changes, november.steps, november.decisions) == ([], [], [])
    assert (october.period_start, october.run_key, october.before, october.after) == (
        OCTOBER, "october", Decimal("10"), Decimal("12"),
    )  # fmt: skip
    assert october.changes == [line_change()]
    assert [entry.state.value for entry in october.steps] == ["intended", "sent", "verified"]
    assert [(one.decided_by, one.note) for one in october.decisions] == [("ann", "looks right")]
    assert october.charge_nos == (1, 2)


def test_an_added_line_begins_with_the_change_that_added_it(lines: Ledger) -> None:
    """Also the steps before the PSA gave it an id are its own."""
    november, october = lines.line_stories.plans(INTEGRATION, "line-9")

    assert (november.matched, november.charge_nos) == (LONG, (2,))
    assert (october.matched, october.after) == (None, LONG)
    assert [(entry.line_id, entry.state.value) for entry in october.steps] == [
        ("", "intended"),
        ("line-9", "confirmed"),
    ]


def test_an_unknown_line_has_no_story(lines: Ledger) -> None:
    """A line of another integration is unknown to this one, even with the same id."""
    assert lines.line_stories.plans(INTEGRATION, "line-77") == []
    assert [plan.digest for plan in lines.line_stories.plans("another", "line-1")] == [FOREIGN]


def test_a_line_is_shown_as_the_plan_saw_it(lines: Ledger) -> None:
    """With the names that it had then."""
    assert lines.line_stories.seen(OLD, "line-1") == seen_line()
    assert lines.line_stories.seen(NEW, "line-1") is None


def test_a_quantity_leads_to_its_charge_lines_and_usage_rows(lines: Ledger) -> None:
    """Excluded rows and those of other charge lines are not behind it; long lists come in pages."""
    records = [usage_record(position=f"row {n}", record_id=f"r-{n}", total=Decimal("99")) for n in (1, 2, 3, 4)]
    lines.snapshots.save(snapshot(), records)
    outcomes = [outcome("row 1", 1, "7"), outcome("row 2", None, None, "a trial"), outcome("row 3", 2, "3"),
                outcome("row 4", 1, "5")]  # fmt: skip
    lines.charges.save(charge_set(), [charge_line(), charge_line(charge_no=2, sku="O365-E5")], outcomes)

    first = lines.line_stories.evidence("c" * 32, (1,), Slice(1, 1))
    second = lines.line_stories.evidence("c" * 32, (1,), Slice(2, 1))

    assert [(one.record.position, one.counted, one.rule) for one in first.items] == [
        ("row 1", Decimal("7"), "no trials")
    ]
    assert [(one.record.position, one.record.total) for one in second.items] == [("row 4", Decimal("99"))]
    assert (first.total, first.pages) == (2, 2)
    assert [line.sku for line in lines.line_stories.charges("c" * 32, (2,))] == ["O365-E5"]
    assert lines.line_stories.charges("c" * 32, ()) == []
    assert lines.line_stories.evidence("c" * 32, (), Slice()).items == []
