from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing_providers.model.changes import ChangeKind
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.runs import Approval, RunResult
from billing_providers.push.outcomes import outcome_counts, outcome_findings, push_result
from tests.support.diffs import PERIOD, SCOPE, TENANT, change, diff_of

NOW = datetime(2026, 10, 27, tzinfo=UTC)
FREE = change("c1")
HELD = change("c2", line_id="101", held_by=("KS114",))
DIFF = diff_of(FREE, HELD)


def entry(state: JournalState, of=FREE, observed=5, detail="") -> JournalEntry:
    return JournalEntry(
        TENANT, "atria_to_kaseya_bms", PERIOD.start, SCOPE.run_key, DIFF.digest, of.change_id, of.line_id,
        of.contract_id, of.customer_codes, of.skus, state, NOW, of.quantity_before, of.quantity_after,
        None if observed is None else Decimal(observed), "", detail,
    )  # fmt: skip


def decided(word: str) -> Approval:
    return Approval(DIFF.digest, SCOPE.run_key, word, "ann", NOW, "")


V, F, U = JournalState.VERIFIED, JournalState.FAILED, JournalState.UNKNOWN


@pytest.mark.parametrize(
    ("diff", "states", "approval", "open_findings", "result"),
    [
        (DIFF, {"c1": V, "c2": V}, decided("approved"), 0, RunResult.SUCCEEDED),
        (DIFF, {"c1": V}, decided("not_needed"), 1, RunResult.SUCCEEDED_WITH_WARNINGS),
        (DIFF, {"c1": V, "c2": F}, decided("approved"), 1, RunResult.PARTLY_FAILED),
        (DIFF, {"c1": V}, decided("approved"), 0, RunResult.PARTLY_FAILED),
        (DIFF, {"c1": U}, decided("not_needed"), 1, RunResult.FAILED),
        (DIFF, {}, None, 0, RunResult.FAILED),
        (diff_of(), {}, None, 0, RunResult.NOTHING_TO_DO),
        (diff_of(), {}, None, 3, RunResult.SUCCEEDED_WITH_WARNINGS),
        (dataclasses.replace(DIFF, applicable=False), {}, None, 1, RunResult.SUCCEEDED_WITH_WARNINGS),
    ],
    ids=[
        "all-done", "held-wait", "one-failed", "a-cleared-change-has-no-row", "none-done", "nobody-decided",
        "agreed", "agreed-with-warnings", "plan-only",
    ],
)  # fmt: skip
def test_a_run_ends_as_good_as_its_worst_cleared_change(diff, states, approval, open_findings, result):
    """Nothing is lost silently: a cleared change without a journal row counts as failed."""
    entries = {key: entry(state, FREE if key == "c1" else HELD) for key, state in states.items()}

    assert push_result(diff, entries, approval, open_findings=open_findings) is result


@pytest.mark.parametrize(
    ("kind", "state", "code"),
    [
        (ChangeKind.SET_QUANTITY, JournalState.VERIFIED, "KS07"),
        (ChangeKind.ZERO, JournalState.CONFIRMED, "KS11"),
        (ChangeKind.ADD_LINE, JournalState.VERIFIED, "KS142"),
        (ChangeKind.SET_QUANTITY, JournalState.FAILED, "KS08"),
        (ChangeKind.SET_QUANTITY, JournalState.STALE, "KS120"),
        (ChangeKind.SET_QUANTITY, JournalState.UNKNOWN, "KS121"),
        (ChangeKind.SET_QUANTITY, JournalState.SENT, "KS121"),
        (ChangeKind.SET_QUANTITY, JournalState.MISMATCH, "KS122"),
    ],
)
def test_each_journal_state_has_its_finding(kind, state, code):
    """Per-line results: every change that was tried is reported once, by what the journal says."""
    diff = diff_of(dataclasses.replace(FREE, kind=kind))

    assert [finding.code for finding in outcome_findings(diff, {"c1": entry(state)}, FindingVoice())] == [code]


def test_a_stale_line_is_reported_with_both_values():
    """A line changed by hand is left alone and reported with both values."""
    (finding,) = outcome_findings(diff_of(FREE), {"c1": entry(JournalState.STALE, observed=4)}, FindingVoice())

    assert "was 3 when the diff was made and is 4 now" in finding.message


def test_changes_that_wait_for_a_person_are_reported_once_with_their_guards():
    """What was held back is never silent."""
    findings = outcome_findings(DIFF, {"c1": entry(V)}, FindingVoice())

    assert [finding.code for finding in findings] == ["KS07", "KS141"]
    assert "1 changes are held by KS114" in findings[1].message
    assert outcome_counts(DIFF.changes, {"c1": entry(V)}) == {"not_pushed": 1, "verified": 1}
