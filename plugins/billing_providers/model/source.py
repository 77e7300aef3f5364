"""The contract of every usage source."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, runtime_checkable

from billing_providers.model.periods import BillingPeriod
from billing_providers.model.usage import UsageRecord


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that could not be read: where it is, which field, why. ``customer_code`` empty when unknown."""

    position: str
    field: str
    error: str
    customer_code: str = ""
    customer_name: str = ""


@dataclass(frozen=True, slots=True)
class UsageRead:
    """What one reading of a source gave. Rows are in the source's order.

    ``complete`` is false when the source itself says or shows that something is missing (a page, a marker, a
    count that does not fit). ``failed_customers`` are customers whose usage could not be read, with the reason.
    """

    records: list[UsageRecord]
    origin: str
    complete: bool = True
    incomplete_why: str = ""
    malformed: list[MalformedRow] = field(default_factory=list)
    failed_customers: dict[str, str] = field(default_factory=dict)
    control_total: Decimal | None = None
    notes: list[str] = field(default_factory=list)
    never_repeats: bool = False  # two periods never agree in every figure: a repeat is a stale copy of the last one


@runtime_checkable
class UsageSource(Protocol):
    """The contract of every source hook. Raises :class:`billing_providers.errors.RequestError` or SettingsError."""

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read the usage of a period. ``customers`` (source codes) may narrow the request; empty means all."""

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Say why the period's usage cannot be read yet; empty when it can, or when only reading it tells."""

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether sign-in works and what can be read."""
