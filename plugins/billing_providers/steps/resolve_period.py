"""Resolves what a run is about, checks every setting, and takes the lock, before anything is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.model.runs import IN_PERIOD, RunRecord, RunScope
from billing_providers.steps.param_values import codes_param, switch_param, text_param
from billing_providers.steps.period_of_run import PERIODS, period_of_run
from billing_providers.steps.settings_audit import audit_settings
from billing_providers.steps.settings_files import check_settings_files
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context


def resolve_period(step: BillingStep, context: Context) -> dict[str, Any]:
    """Resolve, check, migrate the ledger, take the lock, open the run's history."""
    from billing_providers.hooks.psas import psa_for

    scope = _scope(step, context, psa_for(step.settings).tenant_key)
    check_settings_files(step.settings)
    ledger = step.ledger()
    ledger.migrate()
    ledger.check_writable()
    lock = step.hold_lock(ledger, scope)
    ledger.runs.start(_opened(scope, context, datetime.now(UTC)))
    findings = [
        step.voice.finding(
            1,
            period=scope.period,
            customers=len(scope.customers) or "all",
            mode="dry run" if scope.dry_run else "failed lines only" if scope.failed_only else "real",
        )
    ]
    if lock.taken_over_from:
        findings.append(
            step.voice.finding(138, owner=lock.taken_over_from, tenant=scope.tenant, expired=lock.expired_at)
        )
    findings += audit_settings(step, ledger, scope.run_key, context["dag_run"].triggering_user_name or "")
    step.keep_findings(ledger, scope.run_key, findings)
    step.log.info("%s", findings[0].message)
    return replace(scope, ledger_id=ledger.ledger_id).to_json()


def _scope(step: BillingStep, context: Context, tenant: str) -> RunScope:
    params, dag_run = context["params"], context["dag_run"]
    calendar = step.settings.calendar
    period = period_of_run(
        text_param(params, "billing_period", PERIODS),
        calendar,
        interval_start=dag_run.data_interval_start,
        run_after=dag_run.run_after,
    )
    return RunScope(
        run_key=run_key_of(context),
        integration=step.settings.integration,
        tenant=tenant,
        period=period,
        customers=codes_param(params, "customers"),
        dry_run=switch_param(params, "dry_run"),
        failed_only=switch_param(params, "failed_only"),
        as_of=calendar.local_date(dag_run.run_after),
    )


def _opened(scope: RunScope, context: Context, now: datetime) -> RunRecord:
    dag_run = context["dag_run"]
    return RunRecord(
        run_key=scope.run_key,
        integration=scope.integration,
        tenant=scope.tenant,
        period_start=scope.period.start,
        period_end=scope.period.end,
        started_at=now,
        finished_at=None,
        result=None,
        failure_class="",
        dry_run=scope.dry_run,
        digest="",
        counts=(),
        summary="",
        mode=IN_PERIOD if scope.in_period else str(getattr(dag_run.run_type, "value", dag_run.run_type)),
        started_by=dag_run.triggering_user_name or "",
        customers=scope.customers,
        failed_only=scope.failed_only,
    )
