"""Checks what a source gave before anything is counted: what is kept, who is held, whether it is complete.

Nothing read short is ever billed as if it were whole. A row that cannot be read, or a record that contradicts
another, holds its customer; a row that cannot even name its customer could be anybody's, so it makes the whole
extract incomplete.
"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from billing_providers.engine.limited import limited
from billing_providers.model.decimals import EXACT, text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import Policy
from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageRecord

# A broken export can hold a million bad rows; people read the first few dozen.
LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class Intake:
    """What is kept of one reading of a source.

    ``records`` are all rows but exact repeats, in the source's order; rows of held customers stay, as evidence.
    ``held_customers`` maps the trimmed code to the reason; nothing is written or zeroed for them.
    ``complete`` false: nothing is written at all; ``incomplete_why`` says what is missing.
    """

    records: list[UsageRecord]
    findings: tuple[Finding, ...]
    held_customers: dict[str, str]
    complete: bool
    incomplete_why: str
    malformed_count: int


def check_usage(read: UsageRead, period: BillingPeriod, policy: Policy, voice: FindingVoice) -> Intake:
    """Return what is kept of a reading, who is held and whether it is complete. Never raises for a row.

    :param policy: only ``malformed_share_max`` is used: above this share of all rows the extract is incomplete.
    """
    rows = _walk(read.records, period)
    lack = _lack(read, policy)
    findings = [voice.finding(154, note=note) for note in read.notes]
    findings += _failed_customer_findings(read, rows, voice)
    findings += _malformed_findings(read.malformed, voice)
    findings += _repeat_findings(rows, voice)
    findings += _stray_findings(rows, period, voice)
    if lack:
        findings.append(voice.finding(108, error="; ".join(lack)))
    if not read.records and not read.malformed:
        findings.append(voice.finding(15, period=period))
        lack.append(f"no records for {period}")
    total_differs, total_findings = _control_total(read, voice)
    lack += total_differs
    return Intake(
        records=rows.kept,
        findings=(*findings, *total_findings),
        held_customers=_held(read, rows),
        complete=not lack,
        incomplete_why="; ".join(lack),
        malformed_count=len(read.malformed),
    )


@dataclass(slots=True)
class _Rows:
    """What one walk over the rows found. ``strays`` and ``conflicts`` hold the first such row of each customer."""

    kept: list[UsageRecord] = field(default_factory=list)
    repeats: list[UsageRecord] = field(default_factory=list)
    strays: dict[str, UsageRecord] = field(default_factory=dict)
    conflicts: dict[str, UsageRecord] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def _walk(records: Sequence[UsageRecord], period: BillingPeriod) -> _Rows:
    rows = _Rows()
    first_of_id: dict[str, UsageRecord] = {}
    for record in records:
        if not _belongs(record, period):
            rows.strays.setdefault(record.customer_code.strip(), record)
        if record.record_id:
            first = first_of_id.get(record.record_id)
            if first is None:
                first_of_id[record.record_id] = record
            elif _same_content(first, record):
                rows.repeats.append(record)
                continue
            else:
                rows.conflicts.setdefault(first.customer_code.strip(), first)
                rows.conflicts.setdefault(record.customer_code.strip(), record)
        rows.kept.append(record)
    for holder in (rows.strays, rows.conflicts):
        rows.names.update({code: record.customer_name for code, record in holder.items()})
    return rows


def _belongs(record: UsageRecord, period: BillingPeriod) -> bool:
    """A row that names one date must name the period's own; a row that names both may lie inside the period."""
    start, end = record.period_start, record.period_end
    if start is None:
        return end is None or end == period.end
    if end is None:
        return start == period.start
    return period.start <= start and end <= period.end


def _same_content(first: UsageRecord, second: UsageRecord) -> bool:
    return replace(first, position="") == replace(second, position="")


def _lack(read: UsageRead, policy: Policy) -> list[str]:
    """Return what makes the reading incomplete, apart from totals and emptiness."""
    lack = [] if read.complete else [read.incomplete_why or "the source says so"]
    nameless = [row for row in read.malformed if not row.customer_code.strip()]
    if nameless:
        lack.append(
            f"{len(nameless)} rows cannot be read and name no customer, so any customer may be short "
            f"(first: {nameless[0].position})"
        )
    row_count = len(read.records) + len(read.malformed)
    if row_count and Decimal(len(read.malformed)) > policy.malformed_share_max * row_count:
        lack.append(
            f"{len(read.malformed)} of {row_count} rows cannot be read, "
            f"more than the share of {text_from_decimal(policy.malformed_share_max)} that is accepted"
        )
    return lack


def _held(read: UsageRead, rows: _Rows) -> dict[str, str]:
    """Return every customer that is held, with its first reason, sorted by code."""
    held = {code.strip(): f"its usage could not be read: {why}" for code, why in read.failed_customers.items()}
    for row in read.malformed:
        if row.customer_code.strip():
            held.setdefault(row.customer_code.strip(), f"{row.position} cannot be read ({row.field})")
    for code, record in rows.conflicts.items():
        held.setdefault(code, f"record {record.record_id} came twice with different content")
    for code, record in rows.strays.items():
        held.setdefault(code, f"{record.position} belongs to another billing period")
    return dict(sorted(held.items()))


def _control_total(read: UsageRead, voice: FindingVoice) -> tuple[list[str], list[Finding]]:
    if read.control_total is None:
        return [], []
    stated = text_from_decimal(read.control_total)
    if read.malformed or read.failed_customers:
        why = f"{len(read.malformed)} rows and {len(read.failed_customers)} customers could not be read"
        return [], [voice.finding(153, stated=stated, why=why)]
    with decimal.localcontext(EXACT):
        summed = sum((record.quantity for record in read.records if record.quantity is not None), Decimal(0))
    if summed == read.control_total:
        return [], []
    text = text_from_decimal(summed)
    return [f"the source states a total of {stated}, the rows sum to {text}"], [
        voice.finding(127, stated=stated, summed=text)
    ]


def _failed_customer_findings(read: UsageRead, rows: _Rows, voice: FindingVoice) -> list[Finding]:
    return [
        voice.finding(140, customer=code, customer_name=rows.names.get(code.strip()) or code, error=why)
        for code, why in sorted(read.failed_customers.items())
    ]


def _malformed_findings(malformed: Sequence[MalformedRow], voice: FindingVoice) -> list[Finding]:
    def word(row: MalformedRow) -> Finding:
        return voice.finding(
            107,
            position=row.position,
            field=row.field,
            error=row.error,
            customer=row.customer_code,
            customer_name=row.customer_name,
        )

    return limited(malformed, word, voice, LISTED_MAX)


def _repeat_findings(rows: _Rows, voice: FindingVoice) -> list[Finding]:
    def word(record: UsageRecord) -> Finding:
        return voice.finding(
            110,
            record_id=record.record_id,
            position=record.position,
            customer=record.customer_code,
            customer_name=record.customer_name,
        )

    conflicts = [
        voice.finding(
            109,
            record_id=record.record_id,
            position=record.position,
            customer=code,
            customer_name=record.customer_name,
        )
        for code, record in sorted(rows.conflicts.items())
    ]
    return limited(rows.repeats, word, voice, LISTED_MAX) + conflicts


def _stray_findings(rows: _Rows, period: BillingPeriod, voice: FindingVoice) -> list[Finding]:
    return [
        voice.finding(
            111,
            position=record.position,
            row_period=f"{record.period_start or '…'} to {record.period_end or '…'} (end excluded)",
            period=period,
            customer=code,
            customer_name=record.customer_name,
        )
        for code, record in sorted(rows.strays.items())
    ]
