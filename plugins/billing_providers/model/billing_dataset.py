"""The dataset of pending and posted billing items of one run: its rows, its totals, and when it was read.

Amounts are exact decimals, without tax, of all units and days of an item. Days are local dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class ItemState(StrEnum):
    """How far an item has come."""

    POSTED = "posted"  # a person approved and posted it
    PENDING = "pending"  # nobody did yet


class TotalBy(StrEnum):
    """What items are added up by; always by state and currency as well."""

    ALL = "all"
    MODULE = "module"
    CUSTOMER = "customer"  # the account of the PSA
    SERVICE = "service"
    PERIOD = "period"  # the billing period in which an item starts


@dataclass(frozen=True, slots=True)
class BillingItem:
    """One row of the dataset: one posted item or one pending row of units, exactly as the PSA told it.

    :ivar period_start, period_end: billing period of the run; the end is excluded.
    :ivar billed_period: first day of the integration's billing period in which the item starts; older than
        ``period_start`` for what is pending since; None: the item has no date.
    :ivar module: what the line's quantity comes from: the source's module, several joined by `` + ``, or the source
        itself where it has no modules; empty: no run sets or plans the line.
    :ivar managed: whether the line is in the register of managed lines.
    :ivar customer_code, sku: of the usage that reaches the line, several joined by a comma; for a line without
        usage the account's code, and nothing.
    :ivar first_day: of a posted item the day that it is billed for.
    :ivar last_day: of pending units, inside; None for posted items.
    :ivar prorated: a pending row that covers only a part of its billing period.
    :ivar split_on: day inside the billing period on which the row ends or begins because the units changed.
    """

    run_key: str
    integration: str
    period_start: date
    period_end: date
    state: ItemState
    billed_period: date | None
    module: str
    managed: bool
    customer_code: str
    customer_name: str
    account_id: str
    account_name: str
    contract_id: str
    contract_name: str
    service_id: str
    service_name: str
    line_id: str
    sku: str
    quantity: Decimal | None
    amount: Decimal | None  # None: the PSA told none
    currency: str  # ISO code; empty: not told
    first_day: date | None
    last_day: date | None
    posted_on: date | None
    invoice_number: str
    prorated: bool
    split_on: date | None

    @property
    def waits(self) -> bool:
        """Whether it is pending since an earlier billing period than the run's."""
        pending = self.state is ItemState.PENDING
        return pending and self.billed_period is not None and self.billed_period < self.period_start


@dataclass(frozen=True, slots=True)
class BillingTotal:
    """The sum of the items of one module, customer, service or period, in one state and currency.

    :ivar group_key: module, account id, service id or first day of the period; empty: items that have none.
    :ivar quantity: sum of the known quantities; it means something by service alone.
    :ivar amount: sum of the known amounts.
    :ivar unpriced: items whose amount is not known, which ``amount`` lacks.
    """

    grouped_by: TotalBy
    group_key: str
    label: str
    state: ItemState
    currency: str
    items: int
    quantity: Decimal
    amount: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class BillingItemsRead:
    """When a run read its billing items, and how many there were."""

    run_key: str
    integration: str
    tenant: str
    period_start: date
    period_end: date
    taken_at: datetime
    posted: int
    pending: int
