"""Sends the result of a run by mail, when a mail connection is set and somebody wants it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from billing_providers.model.findings import Finding, Level
from billing_providers.model.gate import BillingGate
from billing_providers.model.runs import RunRecord
from billing_providers.model.settings import IntegrationSettings

if TYPE_CHECKING:
    from airflow.sdk import Context

FINDINGS_MAX, CUSTOMERS_MAX = 100, 50
log = logging.getLogger(__name__)


def send_result(
    settings: IntegrationSettings,
    record: RunRecord,
    findings: Sequence[Finding],
    context: Context,
    *,
    gate: BillingGate | None = None,
    smtp_conn_id: str = "smtp_default",
) -> bool:
    """Send the result and tell whether a mail left. A mail that cannot be sent never changes the run's result."""
    subject, body = _subject(record), _body(record, findings, gate)
    return _sent(settings, subject, body, run_key=record.run_key, context=context, smtp_conn_id=smtp_conn_id)


def send_stopped(
    settings: IntegrationSettings,
    run_key: str,
    findings: Sequence[Finding],
    context: Context,
    *,
    smtp_conn_id: str = "smtp_default",
) -> bool:
    """Tell that a run stopped before its period was known, and whether a mail left."""
    causes = "".join(f"<p>{escape(f'{one.code}: {one.message} {one.resolution}')}</p>" for one in findings)
    body = f"<p><b>Failed</b> before the billing period was resolved.</p>{causes}<p>Run {escape(run_key)}</p>"
    subject = f"{settings.integration}: Failed"
    return _sent(settings, subject, body, run_key=run_key, context=context, smtp_conn_id=smtp_conn_id)


def send_watch(
    settings: IntegrationSettings,
    findings: Sequence[Finding],
    context: Context,
    *,
    subject: str = "",
    smtp_conn_id: str = "smtp_default",
) -> bool:
    """Tell what the daily watch found, and whether a mail left.

    :param subject: what it is about; empty: how much is wrong.
    """
    wrong = sum(finding.level is Level.ERROR for finding in findings)
    about = subject or f"{f'{wrong} wrong' if wrong else 'nothing wrong'}, {len(findings)} found"
    subject = f"{settings.integration}: {about}"
    body = f"<p>The daily look ahead of <b>{escape(settings.integration)}</b>.</p>{_table(findings)}"
    key = context["dag_run"].dag_id
    return _sent(settings, subject, body, run_key=key, context=context, smtp_conn_id=smtp_conn_id)


def _sent(
    settings: IntegrationSettings, subject: str, body: str, *, run_key: str, context: Context, smtp_conn_id: str
) -> bool:
    if not settings.notify or not _has_connection(smtp_conn_id):
        return False
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    notifier = SmtpNotifier(
        to=list(settings.notify),
        subject=subject,
        html_content=body,
        smtp_conn_id=smtp_conn_id,
    )
    try:
        notifier.notify(context)
    except Exception:  # the books are closed by now; a mail server must not turn that into a failure
        log.exception("the result mail of %s could not be sent", run_key)
        return False
    return True


def _has_connection(conn_id: str) -> bool:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return False
    return True


def _subject(record: RunRecord) -> str:
    cause = f" ({record.failure_class})" if record.failure_class else ""
    return f"{record.integration} {record.period_start} to {record.period_end}: {record.result}{cause}"


def _body(record: RunRecord, findings: Sequence[Finding], gate: BillingGate | None) -> str:
    wanted = [finding for finding in findings if finding.level in {Level.WARNING, Level.ERROR}]
    counts = ", ".join(f"{escape(name)} {count}" for name, count in record.counts)
    return (
        f"<p><b>{escape(str(record.result))}</b>. {escape(record.summary)}</p><p>{counts}</p>"
        f"{_table(wanted)}{_gate(gate)}<p>Run {escape(record.run_key)}, diff {escape(record.digest)}</p>"
    )


def _gate(gate: BillingGate | None) -> str:
    """Say who may be billed by now, and name those who may not."""
    if gate is None:
        return ""
    counts = ", ".join(f"{count} {state}" for state, count in gate.counts.items())
    waiting = gate.not_ready
    rows = "".join(
        f"<tr><td>{escape(one.customer_name or one.customer_code)}</td><td>{one.state.value}</td>"
        f"<td>{escape(one.why)}</td></tr>"
        for one in waiting[:CUSTOMERS_MAX]
    )
    table = f"<table><tr><th>customer</th><th>billing gate</th><th>why</th></tr>{rows}</table>" if rows else ""
    more = f"<p>{len(waiting) - CUSTOMERS_MAX} more in the ledger.</p>" if len(waiting) > CUSTOMERS_MAX else ""
    return (
        f"<p>Billing gate: <b>{'open' if gate.ready else 'closed'}</b>. {counts}. {escape(gate.why)}</p>{table}{more}"
    )


def _table(findings: Sequence[Finding]) -> str:
    rows = "".join(
        f"<tr><td>{escape(finding.code)}</td><td>{escape(finding.message)}</td><td>{escape(finding.resolution)}</td></tr>"
        for finding in findings[:FINDINGS_MAX]
    )
    more = f"<p>{len(findings) - FINDINGS_MAX} more in the ledger.</p>" if len(findings) > FINDINGS_MAX else ""
    return f"<table><tr><th>code</th><th>what</th><th>what to do</th></tr>{rows}</table>{more}"
