"""What changes in the simulated PSA while it runs: agreements are invoiced, additions are written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from billing_providers.sandbox.world.resale.records import (
    ACTIVE,
    BILLABLE,
    CANCELLED,
    EXPIRED,
    CwAddition,
    CwAgreement,
    CwProduct,
)

BORN = datetime(2020, 11, 2, 8, tzinfo=UTC)  # when everything of the world was entered
BORN_BY = "Admin1"
_CENT = Decimal("0.01")


@dataclass(slots=True)
class LiveAgreement:
    """An agreement; only invoicing changes it."""

    facts: CwAgreement
    next_invoice: date | None
    last_invoice_id: int = 0
    updated_at: datetime = BORN

    @classmethod
    def of(cls, agreement: CwAgreement) -> LiveAgreement:
        """Copy an agreement of the world."""
        return cls(agreement, agreement.next_invoice)

    @property
    def closed_as(self) -> str:
        """``cancelled`` or ``expired``; empty while additions may be written."""
        return {CANCELLED: "cancelled", EXPIRED: "expired"}.get(self.facts.status, "")

    def in_force(self, start: date, last_day: date) -> bool:
        """Whether it may be invoiced for a day of a period."""
        facts = self.facts
        return (
            facts.status == ACTIVE
            and facts.cancelled is None
            and max(facts.start, facts.bill_start) <= last_day
            and (facts.end is None or facts.end >= start)
        )


@dataclass(slots=True)
class LiveAddition:
    """An addition as it stands now; dates are whole days, ``last_day`` is that of ``cancelledDate``."""

    addition_id: int
    agreement_id: int
    product: CwProduct
    quantity: Decimal
    included: Decimal
    unit_cost: Decimal
    unit_price: Decimal
    starts_on: date
    last_day: date | None = None
    bill_customer: str = BILLABLE
    invoice_text: str = ""
    description: str = ""
    serial_number: str = ""
    sequence: Decimal = Decimal(0)
    taxable: bool = False
    purchase: bool = False
    special_order: bool = False
    prorate_current: bool = False
    entered_at: datetime = BORN
    entered_by: str = BORN_BY
    updated_at: datetime = BORN
    updated_by: str = BORN_BY

    @classmethod
    def of(cls, addition: CwAddition, product: CwProduct) -> LiveAddition:
        """Copy an addition of the world."""
        return cls(
            addition_id=addition.addition_id,
            agreement_id=addition.agreement_id,
            product=product,
            quantity=addition.quantity,
            included=addition.included,
            unit_cost=addition.unit_cost,
            unit_price=addition.unit_price,
            starts_on=addition.starts_on,
            last_day=addition.last_day,
            bill_customer=addition.bill_customer,
            invoice_text=addition.invoice_text,
            description=product.description,
        )

    @property
    def billed(self) -> Decimal:
        """What is billed beyond what is included (seen: quantity − included); not below zero (assumed)."""
        return max(self.quantity - self.included, Decimal(0))

    @property
    def price_total(self) -> Decimal:
        """Billed units at their price, to the cent (assumed)."""
        return (self.billed * self.unit_price).quantize(_CENT, ROUND_HALF_UP)

    @property
    def cost_total(self) -> Decimal:
        """Billed units at their cost, to the cent (assumed)."""
        return (self.billed * self.unit_cost).quantize(_CENT, ROUND_HALF_UP)

    def billed_within(self, start: date, last_day: date) -> bool:
        """Whether an invoice of a period shows it."""
        ended = self.last_day is not None and self.last_day < start
        return self.bill_customer == BILLABLE and self.starts_on <= last_day and not ended

    def open_on(self, day: date) -> bool:
        """Whether it is not ended before a day."""
        return self.last_day is None or self.last_day >= day

    def touch(self, now: datetime, by: str) -> None:
        """Move the stamp of the last change: whole seconds, and two changes never have the same one."""
        self.updated_at = max(now.replace(microsecond=0), self.updated_at + timedelta(seconds=1))
        self.updated_by = by


@dataclass(slots=True)
class Kept:
    """An addition over time.

    :param now: as it stands; None: it is deleted.
    :param past: what it was until each change through the API, oldest first; None: it was not there yet.
    """

    now: LiveAddition | None
    past: list[tuple[datetime, LiveAddition | None]] = field(default_factory=list)

    def remember(self, until: datetime) -> None:
        """Keep what it is now, before a change through the API."""
        self.past.append((until, replace(self.now) if self.now else None))

    def seen_since(self, instant: datetime) -> LiveAddition | None:
        """Return it as a list shows it that has not heard of changes after an instant."""
        return next((shown for until, shown in self.past if until > instant), self.now)

    def versions(self) -> list[LiveAddition]:
        """Return it as it stands and as it was, to be edited by hand everywhere."""
        return [shown for shown in (self.now, *(past for _, past in self.past)) if shown is not None]
