"""Charges for years that began before a period and are running in it: read from the answers of the months before.

A year is charged once, in its first month (inferred), and no later answer tells of it. So where the rules spread years
over their months, or set a line to 0 outside its anniversary, the eleven answers before are read again: nothing has to
be remembered, and a first run knows as much as any other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.hooks.sw.answers import Reply
from billing_providers.hooks.sw.api import PAYABLE, ScopedApi
from billing_providers.hooks.sw.options import WHERE, ChargeOptions
from billing_providers.hooks.sw.records import ChargeReader
from billing_providers.hooks.sw.span import Span, asked_day, span_of
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import MalformedRow, UsageRead
from billing_providers.model.usage import UsageRecord

MONTHS_MAX = 60


@dataclass(frozen=True, slots=True)
class RunningYears:
    """Charges of earlier months that cover days of a period, with what is wrong about them.

    :ivar empty: earlier billing periods for which the answer held no charge at all.
    """

    records: list[UsageRecord] = field(default_factory=list)
    malformed: list[MalformedRow] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    empty: list[Span] = field(default_factory=list)
    incomplete_why: str = ""

    def added_to(self, read: UsageRead) -> UsageRead:
        """Return a reading with these charges after its own."""
        if self.incomplete_why:
            return replace(read, complete=False, incomplete_why=self.incomplete_why)
        count = len(self.records)
        note = [f"{count} charges of earlier months are for years that are running"] if count else []
        if self.empty:  # who sells years alone has such months, and Sherweb states no total by which to know
            told = ", ".join(map(str, self.empty))
            note.append(f"Sherweb lists no charges at all for {told}; years that began then are not counted")
        return replace(
            read,
            records=[*read.records, *self.records],
            malformed=[*read.malformed, *self.malformed],
            failed_customers={**self.failed, **read.failed_customers},
            notes=[*read.notes, *note],
        )


def checked_months(value: int) -> int:
    """Return a number of months.

    :raises SettingsError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MONTHS_MAX:
        allowed = f"0 to {MONTHS_MAX}; 11 for years"
        raise SettingsError("no number of months", where=WHERE, key="yearly_months", value=value, allowed=allowed)
    return value


def running_years(
    api: ScopedApi, period: BillingPeriod, options: ChargeOptions, source: str, *, months: int
) -> RunningYears:
    """Read the charges of so many months before a period: one call for each."""
    replies = api.client.map(lambda day: api.read(PAYABLE, {"date": day.isoformat()}), _days_before(period, months))
    spans = [span_of(reply) for reply in replies]
    if why := _gap(spans, period):
        return RunningYears(incomplete_why=why)
    found = RunningYears()
    for reply, span in zip(replies, spans, strict=True):
        if not reply.rows("charges", may_be_null=True):
            found.empty.append(span)
        rows = [(f"{span}, charges[{index}]", row, None) for index, row in _yearly(reply) if _touches(row, period)]
        counted = ChargeReader(source, options, span).read(rows)
        found.records.extend(_carried(record, span, period) for record in counted.records)
        found.malformed.extend(counted.malformed)
        found.failed.update(counted.failed)
    return found


def _days_before(period: BillingPeriod, months: int) -> list[date]:
    """Return a day in the middle of each of the periods before, the latest first."""
    middle = asked_day(period)
    days = []
    for back in range(1, months + 1):
        month = middle.year * 12 + middle.month - 1 - back
        days.append(date(month // 12, month % 12 + 1, min(middle.day, 28)))
    return days


def _gap(spans: Sequence[Span], period: BillingPeriod) -> str:
    """Say where the answers do not follow each other; empty when each ends where the next begins."""
    following = period.start
    for span in spans:
        if span.end != following or span.start is None:
            return (
                f"the charges of years that are running cannot be told: the answer for the days before {following} is "
                f"about the billing period {span}"
            )
        following = span.start
    return ""


def _yearly(reply: Reply) -> list[tuple[int, Any]]:
    rows = enumerate(reply.rows("charges", may_be_null=True))
    return [
        (index, row)
        for index, row in rows
        if isinstance(row, dict) and str(row.get("billingCycleType", "")).strip().casefold() == "yearly"
    ]


def _touches(row: dict[str, Any], period: BillingPeriod) -> bool:
    """Whether a charge covers days of a period; one whose days cannot be read may, and is named."""
    try:
        last = date.fromisoformat(str(row.get("periodTo"))[:10])
    except ValueError:
        return True
    return last >= period.start


def _carried(record: UsageRecord, span: Span, period: BillingPeriod) -> UsageRecord:
    said = {**json.loads(record.attributes), "charged_in": str(span)}
    return replace(
        record,
        period_start=period.start,
        period_end=period.end,
        attributes=json.dumps(said, sort_keys=True, ensure_ascii=False),
    )
