"""What the dashboard shows: periods, groups and billing items, each as one row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class GroupOrder(StrEnum):
    """In which order groups are shown."""

    AMOUNT = "amount"  # the largest first
    CHANGE = "change"  # what differs most from the period before
    HELD = "held"  # most held lines first
    LABEL = "name"


@dataclass(frozen=True, slots=True)
class PeriodTotals:
    """The sums of a period, by its newest run over all customers; amounts as in
    :class:`~billing_providers.model.run_totals.RunTotal`."""

    integration: str
    run_key: str
    digest: str
    period_start: date
    period_end: date
    started_at: datetime
    result: str | None
    lines: int
    changes: int
    held: int
    before: Decimal
    after: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class GroupTotals:
    """One module, customer or service of a period. ``earlier``: its amount in the period before; None: it had none.

    One that is gone has no lines, and an amount of zero.
    """

    group_key: str
    label: str
    lines: int
    changes: int
    held: int
    quantity: Decimal
    before: Decimal
    after: Decimal
    unpriced: int
    earlier: Decimal | None


@dataclass(frozen=True, slots=True)
class ItemTotals:
    """Billing items of one module, customer, service or period, as the PSA has them: posted and pending ones."""

    group_key: str
    label: str
    currency: str
    posted: Decimal | None  # None: it has no such items
    posted_items: int
    pending: Decimal | None
    pending_items: int
    unpriced: int
