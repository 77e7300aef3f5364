"""Makes the immutable, dated snapshot of a reading, and the digest that names its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from billing_providers.engine.intake import Intake
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead
from billing_providers.model.usage import UsageRecord, UsageSnapshot

# Part of the digest's definition: columns are hashed in slices of this many records, to bound memory.
_SLICE = 65_536
_FIELDS = tuple(field.name for field in fields(UsageRecord))
_TEXTS = frozenset(field.name for field in fields(UsageRecord) if field.type in {"str", "UsageKind"})


def snapshot_of(
    integration: str, source: str, period: BillingPeriod, intake: Intake, read: UsageRead, *, taken_at: datetime
) -> UsageSnapshot:
    """Return the snapshot of a checked reading. The same content has the same id, whenever it was taken.

    :param taken_at: aware instant in UTC; no part of the digest, and neither is where it was read from.
    """
    failed_customers = tuple(sorted(read.failed_customers))
    head = {
        "integration": integration,
        "source": source,
        "period": [period.start.isoformat(), period.end.isoformat(), period.timezone],
        "complete": intake.complete,
        "incomplete_why": intake.incomplete_why,
        "malformed_count": intake.malformed_count,
        "failed_customers": failed_customers,
        "control_total": None if read.control_total is None else text_from_decimal(read.control_total),
        "record_count": len(intake.records),
    }
    digest = _digest(head, intake.records)
    return UsageSnapshot(
        snapshot_id=digest[:32],
        integration=integration,
        source=source,
        period_start=period.start,
        period_end=period.end,
        taken_at=taken_at,
        complete=intake.complete,
        incomplete_why=intake.incomplete_why,
        record_count=len(intake.records),
        malformed_count=intake.malformed_count,
        failed_customers=failed_customers,
        control_total=read.control_total,
        digest=digest,
        origin=read.origin,
    )


def _digest(head: dict[str, Any], records: Sequence[UsageRecord]) -> str:
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode("ascii"))
    for start in range(0, len(records), _SLICE):
        chunk = records[start : start + _SLICE]
        for name in _FIELDS:
            texts = _CanonicalTexts()  # one per column: True == 1 would share an entry
            column = map(attrgetter(name), chunk)
            digest.update(_joined(list(column) if name in _TEXTS else [texts[value] for value in column]))
    return digest.hexdigest()


def _joined(texts: list[str]) -> bytes:
    """Return one column's bytes, from which its texts could be told apart again."""
    form, joined = "plain", "\0".join(texts)
    if joined.count("\0") != len(texts) - 1:  # a text holds the separator itself
        form, joined = "json", json.dumps(texts)
    return f"{form} {len(joined)}:{joined}".encode("utf-8", "surrogatepass")


class _CanonicalTexts(dict[Decimal | date | bool | None, str]):
    """Text of each distinct value: 1.0 and 1.00 are the same content. Absent is empty, which no value is."""

    def __missing__(self, value: Decimal | date | bool | None) -> str:
        self[value] = text = _canonical_text(value)
        return text


def _canonical_text(value: Decimal | date | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text_from_decimal(value) if isinstance(value, Decimal) else value.isoformat()
