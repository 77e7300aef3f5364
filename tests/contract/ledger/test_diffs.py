"""Contract diffs and the decisions about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.runs import Approval
from tests.support.ledger_values import LONG, NASTY, NOON, contract_diff, seen_line


def approval(decision: str, minutes: int = 0, run_key: str = "run-1") -> Approval:
    return Approval("d" * 64, run_key, decision, "ada", NOON + timedelta(minutes=minutes), NASTY)


def test_diff_comes_back_exactly(ledger: Ledger) -> None:
    """Law 2: what is pushed is the reviewed diff, to the last digit, held guard and finding."""
    ledger.diffs.save(contract_diff(), "run-1")

    assert ledger.diffs.load("d" * 64) == contract_diff()


def test_lines_that_a_plan_saw_come_back_exactly(ledger: Ledger) -> None:
    """What the PSA billed before a run is kept with its diff, once, whoever comes to the same diff again."""
    ledger.diffs.save(contract_diff(), "run-1")

    ledger.diffs.keep_lines("d" * 64, [seen_line(), seen_line(line_id="line-2", quantity=None, included=LONG)])
    ledger.diffs.keep_lines("d" * 64, [seen_line(line_id="line-3")])

    assert ledger.diffs.lines("d" * 64) == [seen_line(), seen_line(line_id="line-2", quantity=None, included=LONG)]
    assert ledger.diffs.lines("e" * 64) == []


def test_empty_diff_comes_back_exactly(ledger: Ledger) -> None:
    """A diff without changes, lines and findings is a diff too."""
    empty = contract_diff(
        complete=False, applicable=False, changes=(), matched=(), findings=(), counts=(), totals=(), unchanged_count=0
    )

    ledger.diffs.save(empty, "run-1")

    assert ledger.diffs.load("d" * 64) == empty


def test_diff_saved_again_changes_nothing(ledger: Ledger) -> None:
    """A digest stands for one content; a second run that comes to it finds the first one's diff."""
    ledger.diffs.save(contract_diff(), "run-1")
    ledger.diffs.save(replace(contract_diff(), changes=()), "run-2")

    assert ledger.diffs.load("d" * 64) == contract_diff()


def test_unknown_diff_is_refused(ledger: Ledger) -> None:
    """There is nothing to push or approve under a digest that nobody planned."""
    with pytest.raises(LedgerError, match="no contract diff feed; plan again"):
        ledger.diffs.load("feed")
    with pytest.raises(LedgerError, match="cannot save the decision about diff"):
        ledger.diffs.approve(approval("approved"))


def test_latest_decision_counts(ledger: Ledger) -> None:
    """Decisions are added, never replaced; the last one counts, and a refusal wins a tie."""
    ledger.diffs.save(contract_diff(), "run-1")
    assert ledger.diffs.approval("d" * 64) is None

    ledger.diffs.approve(approval("rejected", minutes=0))
    ledger.diffs.approve(approval("approved", minutes=5))
    ledger.diffs.approve(approval("approved", minutes=5))
    ledger.diffs.approve(approval("not_needed", minutes=1))
    assert ledger.diffs.approval("d" * 64) == approval("approved", minutes=5)

    ledger.diffs.approve(approval("rejected", minutes=5, run_key="run-2"))
    assert ledger.diffs.approval("d" * 64) == approval("rejected", minutes=5, run_key="run-2")


def test_unknown_decision_is_refused(ledger: Ledger) -> None:
    """Only the three words are decisions; anything else is not stored."""
    ledger.diffs.save(contract_diff(), "run-1")

    with pytest.raises(LedgerError):
        ledger.diffs.approve(approval("maybe"))

    assert ledger.diffs.approval("d" * 64) is None
