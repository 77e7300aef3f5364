"""What a push came to, as findings and as the result of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, told_fields
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.journal import DONE, JournalEntry, JournalState
from billing_providers.model.runs import Approval, RunResult

_DONE_NUMBERS = {
    ChangeKind.SET_QUANTITY: 7,
    ChangeKind.SET_FIELDS: 179,
    ChangeKind.ZERO: 11,
    ChangeKind.END_LINE: 180,
    ChangeKind.ADD_LINE: 142,
}
_FAULTS = {JournalState.FAILED: 8, JournalState.STALE: 120, JournalState.MISMATCH: 122}


def outcome_findings(
    diff: ContractDiff, states: Mapping[str, JournalEntry], voice: FindingVoice
) -> tuple[Finding, ...]:
    """Return one finding per change that was pushed or tried, and one for those that wait for a person."""
    findings = [
        _of_change(change, states[change.change_id], voice) for change in diff.changes if change.change_id in states
    ]
    waiting = [change for change in diff.held if change.change_id not in states]
    if waiting:
        guards = sorted({code for change in waiting for code in change.held_by})
        findings.append(voice.finding(141, count=len(waiting), guards=", ".join(guards)))
    return tuple(findings)


def _of_change(change: LineChange, entry: JournalEntry, voice: FindingVoice) -> Finding:
    number = _DONE_NUMBERS[change.kind] if entry.state in DONE else _FAULTS.get(entry.state, 121)
    return voice.finding(
        number,
        customer=", ".join(change.customer_codes),
        customer_name=", ".join(change.customer_names),
        account=change.account_id,
        contract=change.contract_id,
        contract_name=change.contract_name,
        line=entry.line_id,
        service=change.service_name,
        sku=", ".join(change.skus),
        before="unknown" if change.quantity_before is None else text_from_decimal(change.quantity_before),
        after=text_from_decimal(change.quantity_after),
        observed="nothing" if entry.observed is None else text_from_decimal(entry.observed),
        fields=told_fields(change),
        error=entry.detail,
    )


def outcome_counts(changes: tuple[LineChange, ...], states: Mapping[str, JournalEntry]) -> dict[str, int]:
    """Return how many changes stand where; ``not_pushed`` for those without a journal row."""
    counts = Counter(
        states[change.change_id].state.value if change.change_id in states else "not_pushed" for change in changes
    )
    return dict(sorted(counts.items()))


def push_result(
    diff: ContractDiff, states: Mapping[str, JournalEntry], approval: Approval | None, *, open_findings: int
) -> RunResult:
    """Return how a run that was meant to push ended.

    A change that was cleared and has no journal row counts as failed: nothing is lost silently.

    :param approval: the decision of this run's review on this diff.
    :param open_findings: findings of level warning or error.
    """
    cleared: tuple[LineChange, ...] = ()
    if diff.applicable and approval is not None:
        cleared = diff.changes if approval.decision == "approved" else diff.pushable
    done = sum(change.change_id in states and states[change.change_id].state in DONE for change in cleared)
    undecided = diff.applicable and bool(diff.changes) and approval is None
    if undecided or done < len(cleared):
        return RunResult.PARTLY_FAILED if done else RunResult.FAILED
    if open_findings:
        return RunResult.SUCCEEDED_WITH_WARNINGS
    return RunResult.SUCCEEDED if cleared else RunResult.NOTHING_TO_DO
