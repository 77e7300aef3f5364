"""The last task: always runs, writes the history, tells people, and fails when the run did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.engine.gate_head import gate_head
from billing_providers.errors import BillingError, FailureClass
from billing_providers.model.changes import ContractDiff
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.journal import JournalEntry
from billing_providers.model.runs import IN_PERIOD, Approval, CustomerResult, RunRecord, RunResult, RunScope
from billing_providers.model.settings import Publish
from billing_providers.push.customer_results import customer_results
from billing_providers.push.outcomes import outcome_counts, push_result
from billing_providers.steps.billing_gate import billing_gate
from billing_providers.steps.keep_sums import keep_sums
from billing_providers.steps.reconcile_run import reconcile_run
from billing_providers.steps.result_mail import send_result, send_stopped
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from billing_providers.ledger.ledger import Ledger

_UNMAPPED = frozenset({5, 6, 9, 14, 22, 23, 101, 102, 103, 124, 156, 161, 164, 190, 191})


def report_run(step: BillingStep, planned: dict[str, Any] | None, context: Context) -> dict[str, Any]:
    """Gather, judge, store, tell."""
    from airflow.sdk.exceptions import AirflowFailException

    if not step.run:
        send_stopped(step.settings, run_key_of(context), _faults(step, run_key_of(context)), context)
        raise AirflowFailException("the run stopped before its period was resolved; see the first task")
    scope, ledger = step.scope, step.ledger()
    diff = ledger.diffs.load(planned["digest"]) if planned else None
    found = [finding for stage, finding in ledger.findings.of_run(scope.run_key) if stage != step.stage]
    record = _record(step, ledger, scope, diff, found)
    ledger.runs.finish(record)
    if diff is not None:
        ledger.runs.keep_customers(scope.run_key, _customers(ledger, scope, diff, found))
    closing = step.voice.finding(24, result=record.result, summary=record.summary)
    extra = [step.voice.finding(134, count=len(diff.changes))] if scope.dry_run and diff else []
    step.keep_findings(ledger, scope.run_key, [*extra, closing])
    lock = ledger.locks.holder(scope.tenant, scope.period.start)
    if lock is not None and lock.owner == scope.run_key:
        ledger.locks.release(lock)
    report, doubts = reconcile_run(step, ledger, scope, diff)
    step.keep_findings(ledger, scope.run_key, [*extra, *doubts, closing])
    gate = billing_gate(ledger, scope.integration, scope.period.start)
    head = None if scope.dry_run or record.mode == IN_PERIOD else gate_head(gate, record, diff, at=datetime.now(UTC))
    if head is not None:
        ledger.gates.keep(head, gate.customers)
    if diff is not None and record.mode != IN_PERIOD:
        keep_sums(step, ledger, record, diff, found)
    send_result(step.settings, record, [*found, *extra, *doubts], context, gate=gate, head=head)
    step.log.info("%s", closing.message)
    told = {"result": record.result, "counts": dict(record.counts), "summary": record.summary}
    told |= {"billing_gate": gate.to_json(), "reconciliation": report}
    if record.result in {RunResult.FAILED, RunResult.PARTLY_FAILED}:
        context["ti"].xcom_push(key="return_value", value=told)  # a task that fails returns nothing
        raise AirflowFailException(closing.message)
    return told


def _faults(step: BillingStep, run_key: str) -> list[Finding]:
    """Return what stopped a run before its period was known, as far as the ledger could take it down."""
    try:
        return [finding for _, finding in step.ledger().findings.of_run(run_key)]
    except BillingError:
        return []


def _customers(ledger: Ledger, scope: RunScope, diff: ContractDiff, found: Sequence[Finding]) -> list[CustomerResult]:
    wanted = set(scope.customers)
    customers = {
        code.strip(): name
        for code, name in ledger.snapshots.customers(diff.snapshot_id).items()
        if not wanted or code.strip() in wanted
    }
    return customer_results(customers, diff, ledger.journal.states(diff.digest), found)


def _record(
    step: BillingStep, ledger: Ledger, scope: RunScope, diff: ContractDiff | None, found: Sequence[Finding]
) -> RunRecord:
    started, attempt = ledger.runs.find(scope.run_key), ledger.runs.attempts(scope.run_key)
    states = ledger.journal.states(diff.digest) if diff else {}
    pushed = outcome_counts(diff.changes, states) if diff else {}
    decided = ledger.diffs.approval(diff.digest) if diff else None
    approval = decided if decided and decided.run_key == scope.run_key else None
    unmapped = sum(finding.number in _UNMAPPED for finding in found)
    if scope.dry_run or step.settings.publish is Publish.SHOW:
        result = _result_without_push(diff, found)
    else:
        result = _result(diff, found, states, approval)
    fault = next((finding for finding in found if finding.about("failure_class")), None)
    failure = fault.about("failure_class") if fault and result is RunResult.FAILED else ""
    if result in {RunResult.FAILED, RunResult.PARTLY_FAILED} and not failure:
        failure = FailureClass.SOURCE if diff is not None and not diff.complete else FailureClass.PSA
    counts = {**(dict(diff.counts) if diff else {}), **{f"push_{state}": n for state, n in pushed.items()}}
    return RunRecord(
        run_key=scope.run_key,
        integration=scope.integration,
        tenant=scope.tenant,
        period_start=scope.period.start,
        period_end=scope.period.end,
        started_at=started.started_at if started else datetime.now(UTC),
        finished_at=datetime.now(UTC),
        result=result,
        failure_class=str(failure),
        dry_run=scope.dry_run,
        digest=diff.digest if diff else "",
        counts=tuple(sorted({**counts, "unmapped": unmapped}.items())),
        summary=(f"undoes run {scope.undoes}: " if scope.undoes else "")
        + _summary(diff, pushed, unmapped, fault if result is RunResult.FAILED else None)
        + (f" (attempt {attempt} of this run)" if attempt > 1 else ""),
        mode=started.mode if started else "",
        started_by=started.started_by if started else "",
        customers=scope.customers,
        failed_only=scope.failed_only,
        undoes=scope.undoes,
    )


def _stopped(diff: ContractDiff | None, found: Sequence[Finding]) -> bool:
    return diff is None or any(finding.scope is Scope.RUN and finding.level is Level.ERROR for finding in found)


def _warnings(found: Sequence[Finding]) -> int:
    return sum(finding.level in {Level.WARNING, Level.ERROR} for finding in found)


def _result_without_push(diff: ContractDiff | None, found: Sequence[Finding]) -> RunResult:
    if _stopped(diff, found):
        return RunResult.FAILED
    return RunResult.SUCCEEDED_WITH_WARNINGS if _warnings(found) else RunResult.SUCCEEDED


def _result(
    diff: ContractDiff | None,
    found: Sequence[Finding],
    states: Mapping[str, JournalEntry],
    approval: Approval | None,
) -> RunResult:
    if diff is None or _stopped(diff, found):
        return RunResult.FAILED
    if any(finding.number == 139 for finding in found):
        return RunResult.CANCELLED
    return push_result(diff, states, approval, open_findings=_warnings(found))


def _summary(diff: ContractDiff | None, pushed: dict[str, int], unmapped: int, fault: Finding | None) -> str:
    if fault is not None or diff is None:
        return f"{fault.code}: {fault.message}" if fault else "A task failed before the diff was made; see its log."
    parts = [f"{len(diff.changes)} changes planned, {diff.unchanged_count} lines unchanged"]
    parts += [f"{count} {state.replace('_', ' ')}" for state, count in pushed.items()]
    if diff is not None and any(finding.number == 178 for finding in diff.findings):
        parts = ["usage is shown, not billed"]
    if unmapped:
        parts.append(f"the close stays open: {unmapped} customers or items are not mapped")
    return "; ".join(parts)
