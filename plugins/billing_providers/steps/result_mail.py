"""Sends the result of a run by mail, when a mail connection is set and somebody wants it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from billing_providers.model.findings import Finding, Level
from billing_providers.model.gate import BillingGate
from billing_providers.model.gate_head import GateHead
from billing_providers.model.number_texts import money_text
from billing_providers.model.runs import RunRecord
from billing_providers.model.settings import IntegrationSettings
from billing_providers.page_addresses import PageAddresses
from billing_providers.steps.mail_layout import MailEntry, buttons, entries, figures, footnote, mail_html, paragraph
from billing_providers.steps.step import run_key_of

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
    head: GateHead | None = None,
    smtp_conn_id: str = "smtp_default",
) -> bool:
    """Send the result and tell whether a mail left. A mail that cannot be sent never changes the run's result.

    :param head: where the period stands, as the page *Close* shows it; None: the run says nothing about that.
    """
    subject, body = _subject(record), _body(record, findings, gate, head)
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
    subject = f"{settings.integration}: Failed"
    body = mail_html(
        f"Failed: {settings.integration}",
        paragraph("The run stopped before the billing period was resolved."),
        buttons(_run_page(run_key)),
        entries("Findings", _entries(findings), at_most=FINDINGS_MAX),
        footnote(f"Run {run_key}"),
    )
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
    subject, key = f"{settings.integration}: {about}", run_key_of(context)
    body = mail_html(
        subject,
        paragraph(f"The daily look at {settings.integration}."),
        buttons(_run_page(key)),
        entries("Findings", _entries(findings), at_most=FINDINGS_MAX),
        footnote(f"Run {key}"),
    )
    return _sent(settings, subject, body, run_key=key, context=context, smtp_conn_id=smtp_conn_id)


def _run_page(run_key: str) -> list[tuple[str, str]]:
    pages = PageAddresses.from_outside()
    return [] if pages is None else [("Run", pages.run(run_key))]


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


def _body(record: RunRecord, findings: Sequence[Finding], gate: BillingGate | None, head: GateHead | None) -> str:
    wanted = [finding for finding in findings if finding.level in {Level.WARNING, Level.ERROR}]
    return mail_html(
        f"{head.word if head else record.result}: {record.integration}",
        paragraph(f"{record.period_start} to {record.period_end}. {record.result}. {record.summary}"),
        buttons(_pages(record, head)),
        figures(_figures(record, head)),
        *_gate(gate),
        entries("Findings", _entries(wanted), at_most=FINDINGS_MAX),
        footnote(f"Run {record.run_key}, diff {record.digest or 'none'}"),
    )


def _pages(record: RunRecord, head: GateHead | None) -> list[tuple[str, str]]:
    pages = PageAddresses.from_outside()
    if pages is None:
        return []
    told = [("Run", pages.run(record.run_key)), ("Findings", pages.findings(record.run_key))]
    if record.digest:
        told.insert(0, ("Review", pages.review(record.run_key)))
    if head is not None:
        told.insert(0, ("Close", pages.close(record.integration, record.period_start)))
    return told


def _figures(record: RunRecord, head: GateHead | None) -> list[tuple[str, object]]:
    """Return the numbers of the page *Close*, then those of the run."""
    of_period: list[tuple[str, object]] = []
    if head is not None:
        of_period = [
            ("Ready", head.ready),
            ("Held", head.held),
            ("Failed", head.failed),
            ("Line changes", head.changes),
            ("Waiting for a person", head.changes_held),
            ("Changes the period by", money_text(head.amount_changed)),
            ("Of it waiting", money_text(head.amount_held)),
        ]
    return [*of_period, *((name.replace("_", " "), count) for name, count in record.counts)]


def _gate(gate: BillingGate | None) -> list[str]:
    """Say who may be billed by now, and name those who may not."""
    if gate is None:
        return []
    counts = ", ".join(f"{count} {state}" for state, count in gate.counts.items())
    waiting = [
        MailEntry(one.customer_name or one.customer_code, one.state.value, one.why, code=one.customer_code)
        for one in gate.not_ready
    ]
    return [
        paragraph(f"Billing gate: {'open' if gate.ready else 'closed'}. {counts}. {gate.why}".strip()),
        entries("Customers who may not be invoiced", waiting, at_most=CUSTOMERS_MAX),
    ]


def _entries(findings: Sequence[Finding]) -> list[MailEntry]:
    return [MailEntry(one.code, one.level.value, one.message, one.resolution) for one in findings]
