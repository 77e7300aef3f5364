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
_COMPUTED = frozenset(
    ("quantity", "assigned", "enabled", "total", "unit_cost", "unit_price", "period_start", "period_end")
)


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
    digest = hashlib.sha256(_encoded(head))
    for start in range(0, len(records), _SLICE):
        chunk = records[start : start + _SLICE]
        texts = _CanonicalTexts()
        for name in _FIELDS:
            column = map(attrgetter(name), chunk)
            digest.update(_encoded([texts[value] for value in column] if name in _COMPUTED else list(column)))
    return digest.hexdigest()


class _CanonicalTexts(dict[Decimal | date | None, str | None]):
    """Text of each distinct decimal and date: 1.0 and 1.00 are the same content."""

    def __missing__(self, value: Decimal | date | None) -> str | None:
        self[value] = text = _canonical_text(value)
        return text


def _canonical_text(value: Decimal | date | None) -> str | None:
    if value is None:
        return None
    return text_from_decimal(value) if isinstance(value, Decimal) else value.isoformat()


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
