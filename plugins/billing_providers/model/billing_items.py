"""What a PSA is about to invoice for contract lines, and what it approved already: both to be held against usage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol, runtime_checkable

from billing_providers.model.periods import BillingPeriod


@dataclass(frozen=True, slots=True)
class PostedItem:
    """One approved and posted amount of a line. An approver may have changed it, so it need not be units × price."""

    line_id: str
    contract_id: str
    account_id: str
    service_id: str
    service_name: str  # as the item is called
    quantity: Decimal | None
    amount: Decimal | None  # of all units, without tax, in the customer's currency
    item_date: date | None  # the day that it is billed for
    posted_on: date | None
    invoice_number: str  # empty: not invoiced yet
    currency: str = ""  # ISO code; empty: the PSA does not tell


@dataclass(frozen=True, slots=True)
class PendingItem:
    """Units of a line over some days, both inside, that nobody has approved and posted yet."""

    line_id: str  # empty: the PSA does not tell the line
    contract_id: str
    service_id: str
    start: date
    end: date
    units: Decimal
    amount: Decimal | None  # of all units and days, as the PSA has it now
    currency: str = ""  # ISO code; empty: the PSA does not tell


@runtime_checkable
class TellsBillingItems(Protocol):
    """A PSA hook that tells what is posted and what is pending. Both raise what every method of a hook raises."""

    def posted_items(self, period: BillingPeriod) -> list[PostedItem]:
        """Read what was approved and posted for lines on days of the period, invoiced or not."""

    def pending_rows(self, period: BillingPeriod) -> list[PendingItem]:
        """Read what is billed for lines until the period's last day and waits to be posted, however old."""
