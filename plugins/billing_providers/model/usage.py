"""What a source reported: usage records and the dated, immutable snapshot that holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class UsageKind(StrEnum):
    """What a record counts. Only RECURRING and USAGE are quantities; the others never reach a contract line."""

    RECURRING = "recurring"
    USAGE = "usage"
    SETUP = "setup"
    CREDIT = "credit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One fact from a source. Texts are as the source sent them; absent texts are empty, absent numbers None.

    Identity of what is counted: source, customer, SKU, term, billing cycle, item id. Records of one identity
    are summed, never overwritten. ``record_id`` identifies the *record* for duplicate detection; sources
    without ids give their position (``row 12``).
    """

    source: str
    position: str  # where to look it up: "row 12", "items[3]"
    record_id: str
    customer_code: str  # the source's own short code of the customer
    customer_name: str
    billing_identifier: str  # the PSA's account code, as kept in the source; may be empty
    sku: str
    description: str  # line description (detailed)
    summary: str  # summary description (for invoices)
    term: str  # commitment: "", "monthly", "yearly", …
    billing_cycle: str  # "", "monthly", "yearly", "one_time"
    item_id: str  # subscription or item id
    kind: UsageKind
    quantity: Decimal | None  # None: the source gives only the bases below
    assigned: Decimal | None  # seats assigned to users
    enabled: Decimal | None  # seats enabled
    total: Decimal | None  # seats owned
    unit: str  # "", "GB", "bytes", "seats", …
    unit_cost: Decimal | None
    unit_price: Decimal | None
    currency: str
    billable: bool
    period_start: date | None  # None: the source does not say; then it is the snapshot's
    period_end: date | None  # exclusive
    actor: str  # who made the change, when the source says
    plan: str
    attributes: str  # every other field of the source, as JSON object text with sorted keys
    total_cost: Decimal | None = None  # of the whole record; where it is given, unit_cost need not be
    total_price: Decimal | None = None
    covers_from: date | None = None  # first day on which the quantity is in force; None: since before the period
    covers_until: date | None = None  # exclusive; None: until after the period


@dataclass(frozen=True, slots=True)
class UsageSnapshot:
    """One dated pull of a source for one billing period. Never changed after it is stored.

    ``complete`` is false when anything is missing (a page, a customer, too many malformed rows, a control
    total that does not fit); ``incomplete_why`` says what. Nothing is zeroed from an incomplete snapshot.
    """

    snapshot_id: str  # first 32 hex digits of the digest, so the same content has the same id
    integration: str
    source: str
    period_start: date
    period_end: date  # exclusive
    taken_at: datetime  # aware, UTC
    complete: bool
    incomplete_why: str
    record_count: int
    malformed_count: int
    failed_customers: tuple[str, ...]  # customer codes whose usage could not be read
    control_total: Decimal | None  # what the source states as the sum of all quantities, when it does
    digest: str  # SHA-256 over period, completeness and every record in order
    origin: str  # base URL or file URL, without credentials


@dataclass(frozen=True, slots=True)
class SnapshotPull:
    """One pull of a complete snapshot: content that was there already is the same snapshot again."""

    snapshot_id: str
    taken_at: datetime  # aware, UTC
    record_count: int
