"""The journal of a push: append-only, one row per step of one line change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.changes import ChangeKind, FieldChange


class JournalState(StrEnum):
    """Where a line change stands.

    ``intended → sent → confirmed → verified`` is the good way. ``failed``: the PSA refused it and it was not
    applied. ``unknown``: it had left and nobody knows; resolved by reading. ``stale``: the live line was not
    what the diff says, so nothing was sent. ``mismatch``: read back and found different.
    """

    INTENDED = "intended"
    SENT = "sent"
    CONFIRMED = "confirmed"
    VERIFIED = "verified"
    FAILED = "failed"
    UNKNOWN = "unknown"
    STALE = "stale"
    MISMATCH = "mismatch"


#: States after which a change needs nothing more.
DONE = frozenset({JournalState.CONFIRMED, JournalState.VERIFIED})
#: States that ``failed_only`` takes up again.
OPEN = frozenset(
    {
        JournalState.INTENDED,
        JournalState.SENT,
        JournalState.FAILED,
        JournalState.UNKNOWN,
        JournalState.STALE,
        JournalState.MISMATCH,
    }
)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step of one line change. Numbers are those of the diff; ``observed`` is what the PSA showed."""

    tenant: str
    integration: str
    period_start: date
    run_key: str
    digest: str
    change_id: str
    line_id: str
    contract_id: str
    customer_codes: tuple[str, ...]
    skus: tuple[str, ...]
    state: JournalState
    at: datetime  # aware, UTC
    quantity_before: Decimal | None
    quantity_after: Decimal
    observed: Decimal | None
    request_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class DatedWrite:
    """A quantity that an earlier try wrote for a line from a day on, where the PSA dates quantities.

    Those of one line come in the order in which they were written. ``certain`` is false while nobody has seen that the
    write was applied. ``quantity_before`` is what the line held when the write was planned, None where nobody knew.
    """

    line_id: str
    effective_date: date
    quantity_after: Decimal
    certain: bool
    quantity_before: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineWrite:
    """What one change set, or may have set, on one line of a tenant, and where it stands by the journal.

    Those of one line come in the order of their last entries. ``fields`` were set besides the quantity.
    """

    line_id: str
    at: datetime  # of its last entry; aware, UTC
    integration: str
    run_key: str
    period_start: date
    state: JournalState
    quantity_after: Decimal
    kind: ChangeKind
    customer_names: tuple[str, ...]
    service_name: str
    contract_name: str
    effective_date: date
    fields: tuple[FieldChange, ...]

    @property
    def stands(self) -> bool:
        """Whether the PSA was seen to have taken it."""
        return self.state in DONE
