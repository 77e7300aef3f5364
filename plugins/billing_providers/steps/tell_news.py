"""Mails the result of a run inside an open period when it says something new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from billing_providers.errors import BillingError
from billing_providers.model.findings import Finding, Level
from billing_providers.model.runs import IN_PERIOD, RunRecord, RunResult
from billing_providers.steps.result_mail import send_result, send_stopped
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from billing_providers.ledger.ledger import Ledger

_LOOKED_AT = 20
_CALM = frozenset({RunResult.SUCCEEDED, RunResult.SUCCEEDED_WITH_WARNINGS, RunResult.NOTHING_TO_DO})


def tell_news(step: BillingStep, context: Context) -> bool:
    """Tell what this run found and the one before it did not, and whether a mail left. Never raises for the ledger."""
    key = run_key_of(context)
    try:
        ledger = step.ledger()
        found = [finding for _, finding in ledger.findings.of_run(key)]
        record = ledger.runs.find(key)
        if record is None or record.result is None:
            return send_stopped(step.settings, key, found, context)
        if not _is_news(record, found, *_before(ledger, record)):
            return False
    except BillingError as error:
        step.log.warning("whether there is something new to tell is not known: %s", error)
        return False
    return send_result(step.settings, record, found, context)


def _before(ledger: Ledger, record: RunRecord) -> tuple[RunRecord | None, Sequence[Finding]]:
    """Return the run inside the same period that ended before this one, with its findings."""
    for run in ledger.runs.history(record.integration, _LOOKED_AT):
        same = run.mode == IN_PERIOD and run.period_start == record.period_start and run.dry_run == record.dry_run
        if same and run.result is not None and run.started_at < record.started_at:
            return run, [finding for _, finding in ledger.findings.of_run(run.run_key)]
    return None, []


def _is_news(record: RunRecord, found: Sequence[Finding], last: RunRecord | None, told: Sequence[Finding]) -> bool:
    if record.mode != IN_PERIOD:
        return True
    was_calm = last is None or last.result in _CALM
    if (record.result in _CALM) != was_calm:
        return True
    return not _warnings(found) <= _warnings(told)


def _warnings(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    """Return what warnings are about. Numbers that move with every run are no news, so the message does not count."""
    wanted = [finding for finding in findings if finding.level in {Level.WARNING, Level.ERROR}]
    names = ("customer", "line", "service", "contract", "sku", "position")
    return {(finding.code, "|".join(finding.about(name) for name in names)) for finding in wanted}
