"""What a simulated ConnectWise tenant is made of. Descriptions only: the twin copies what it changes.

Names follow the PSA's REST model (``plugins/billing_providers/sandbox/connectwise/published_2025_8.json``); days are
whole days, decimals are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ACTIVE, CANCELLED, EXPIRED, INACTIVE = "Active", "Cancelled", "Expired", "Inactive"  # agreementStatus
BILLABLE, DO_NOT_BILL, NO_CHARGE = "Billable", "DoNotBill", "NoCharge"  # billCustomer of an addition
AGREEMENT, BUNDLE, INVENTORY, NON_INVENTORY, SERVICE = (
    "Agreement", "Bundle", "Inventory", "NonInventory", "Service",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CwCompanyStatus:
    """A status that companies may have; ``inactive`` is its *Inactive* tick."""

    status_id: int
    name: str
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class CwCompany:
    """A company; ``identifier`` is its short company id (at most 30), ``name`` at most 50 characters."""

    company_id: int
    identifier: str
    name: str
    status_id: int
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CwBillingCycle:
    """A billing cycle; ``identifier`` at most 5 characters.

    :param option: ``BiMonthly``, ``BiWeekly``, ``Monthly``, ``NotRecurring``, ``Quarterly``, ``SemiAnnual``,
        ``Weekly`` or ``Yearly``.
    """

    cycle_id: int
    identifier: str
    name: str
    option: str


@dataclass(frozen=True, slots=True)
class CwAgreementType:
    """An agreement type."""

    type_id: int
    name: str


@dataclass(frozen=True, slots=True)
class CwAgreement:
    """An agreement of a company.

    :param end: its last day; None: it has no ending date.
    :param bill_start: the first day that may be billed; no addition may start before it.
    :param cycle_id: None: no billing cycle is set.
    :param status: ``Active``, ``Cancelled``, ``Expired`` or ``Inactive``, as the PSA prints it.
    :param cancelled: the day of cancellation; None: not cancelled.
    :param next_invoice: everything before this day is invoiced already; None: nothing is.
    :param prorates: the tick *Prorate Agreement*.
    :param parent_id: of a child agreement.
    """

    agreement_id: int
    company_id: int
    name: str
    type_id: int
    start: date
    end: date | None
    bill_start: date
    cycle_id: int | None
    status: str = ACTIVE
    cancelled: date | None = None
    next_invoice: date | None = None
    prorates: bool = True
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class CwProduct:
    """A product of the catalogue.

    :param identifier: at most 75 characters; the key that people map to.
    :param description: at most 60 characters.
    :param customer_description: the text that invoices show.
    :param product_class: ``Agreement``, ``Bundle``, ``Inventory``, ``NonInventory`` or ``Service``.
    :param unit: name of the unit of measure.
    """

    product_id: int
    identifier: str
    description: str
    customer_description: str
    product_class: str
    cost: Decimal
    price: Decimal
    unit: str = "Each"
    active: bool = True


@dataclass(frozen=True, slots=True)
class CwAddition:
    """An addition as it stands before the first run.

    :param included: units that are free (``lessIncluded``).
    :param last_day: the day of ``cancelledDate``; None: open-ended.
    :param bill_customer: ``Billable``, ``DoNotBill`` or ``NoCharge``.
    :param invoice_text: ``invoiceDescription``; empty: the PSA prints the product's own.
    """

    addition_id: int
    agreement_id: int
    product_id: int
    quantity: Decimal
    included: Decimal
    unit_cost: Decimal
    unit_price: Decimal
    starts_on: date
    last_day: date | None = None
    bill_customer: str = BILLABLE
    invoice_text: str = ""


@dataclass(frozen=True, slots=True)
class CwTenant:
    """Everything that the simulated PSA holds before the first run."""

    statuses: tuple[CwCompanyStatus, ...]
    companies: tuple[CwCompany, ...]
    cycles: tuple[CwBillingCycle, ...]
    types: tuple[CwAgreementType, ...]
    agreements: tuple[CwAgreement, ...]
    products: tuple[CwProduct, ...]
    additions: tuple[CwAddition, ...]
