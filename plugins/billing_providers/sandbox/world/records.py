"""What the world is made of. Descriptions only: twins copy what they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

RECURRING_SERVICES = "Recurring Services"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the PSA."""

    account_id: int
    code: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of an account; ``end`` is its last day."""

    contract_id: int
    account_id: int
    name: str
    contract_type: str = RECURRING_SERVICES
    billing_cycle: str = "Monthly"
    active: bool = True
    start: date = date(2021, 1, 1)
    end: date = date(2035, 12, 31)


@dataclass(frozen=True, slots=True)
class CatalogueService:
    """A service of the PSA's catalogue."""

    service_id: int
    name: str
    description: str
    unit_cost: Decimal
    unit_price: Decimal
    active: bool = True
    unit_of_measure: str = "Each"


@dataclass(frozen=True, slots=True)
class Line:
    """A contract line as it stands before the first run."""

    line_id: int
    contract_id: int
    service_id: int
    service_name: str
    description: str
    units: Decimal
    unit_cost: Decimal
    unit_price: Decimal
    effective_date: date
    active: bool = True


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the usage source. ``billing_identifier`` should be an account code."""

    code: str
    name: str
    billing_identifier: str


class Outcome(StrEnum):
    """What a right run makes of usage under the default policy and guards."""

    BILLED = "billed"  # reaches its line
    GUARDED = "guarded"  # reaches its line, but a default guard holds the change
    EXCLUDED = "excluded"  # internal, trial, not billable, setup, credit
    UNMATCHED = "unmatched"  # reported and left alone


@dataclass(frozen=True, slots=True)
class UsageStem:
    """What one customer uses of one SKU; grows into rows for any period.

    :param base: quantity in an unchanged month; decimals for GB.
    :param parts: how many rows it comes in.
    :param one_identity: all its rows carry one item id.
    :param varies: some months differ from ``base``.
    :param parity: 0 or 1: only in months whose number has this remainder by two (deprovisioned in the others).
    :param repeated: the first row comes twice, with the same record id and content.
    :param line_id: the line that it belongs on; None where it belongs on none.
    """

    customer_code: str
    sku: str
    base: Decimal
    outcome: Outcome = Outcome.BILLED
    line_id: int | None = None
    parts: int = 1
    one_identity: bool = False
    varies: bool = True
    parity: int | None = None
    repeated: bool = False
    term: str = "monthly"
    billing_cycle: str = "monthly"
    kind: str = "recurring"
    unit: str = "seats"
    billable: bool = True
    label: str = ""  # what its descriptions say; empty: the catalogue's words for the SKU
    serial: int = 0  # tells apart stems of one customer and SKU


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row of the source's billing answer. ``period_end`` is the last day of the period.

    ``quantity`` is text only in the malformed row that can be switched on.
    """

    record_id: str
    customer_code: str
    customer_name: str
    billing_identifier: str
    sku: str
    line_description: str
    summary_description: str
    quantity: Decimal | str
    billable: bool
    period_start: date
    period_end: date
    term: str
    billing_cycle: str
    item_id: str
    kind: str
    unit: str
    assigned: Decimal | None
    enabled: Decimal | None
    total: Decimal | None
    unit_cost: Decimal | None
    unit_price: Decimal | None
    currency: str
    user: str
    plan: str


@dataclass(frozen=True, slots=True)
class Case:
    """One awkward thing, by name, so that tests can point at it."""

    name: str
    customer_code: str
    sku: str  # empty: it concerns the whole customer
    what: str
