"""What a simulated Autotask tenant is made of. Descriptions only: the twin copies what it changes.

Names follow the PSA's REST model; days are whole days, decimals are exact, picklist values are the PSA's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# contractType (seen: 7 in the vendor's help, the others in one live tenant).
TIME_AND_MATERIALS, FIXED_PRICE, BLOCK_HOURS, RETAINER, RECURRING_SERVICE, PER_TICKET, UMBRELLA = 1, 3, 4, 6, 7, 8, 9
CONTRACT_INACTIVE, CONTRACT_ACTIVE = 0, 1  # status (seen in clients)
# contractPeriodType of a contract, periodType of a service (seen in clients).
MONTHLY, QUARTERLY, SEMI_ANNUAL, YEARLY = 2, 3, 4, 5
# billingItemType. No value of it is verified: assumed.
ITEM_CONTRACT_CHARGE, ITEM_RECURRING_SERVICE, ITEM_RECURRING_BUNDLE = 4, 7, 8


@dataclass(frozen=True, slots=True)
class AtCompany:
    """A company (*organization* in the UI); ``name`` at most 100, ``number`` at most 50 characters."""

    company_id: int
    name: str
    number: str = ""
    active: bool = True
    company_type: int = 1  # customer
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class AtContract:
    """A contract of a company.

    :param start: its first day.
    :param end: its last day; the PSA requires one.
    :param anchor_day: 1-28: the day of the month on which billing periods start; None: that of ``start``. A first
        period that is shorter than a whole one is prorated.
    """

    contract_id: int
    company_id: int
    name: str
    start: date
    end: date
    contract_type: int = RECURRING_SERVICE
    status: int = CONTRACT_ACTIVE
    period_type: int = MONTHLY
    number: str = ""
    anchor_day: int | None = 1


@dataclass(frozen=True, slots=True)
class AtService:
    """A service of the catalogue; ``name`` at most 100 characters, ``sku`` at most 50."""

    service_id: int
    name: str
    unit_price: Decimal
    unit_cost: Decimal
    description: str = ""
    invoice_text: str = ""
    sku: str = ""
    period_type: int = MONTHLY
    active: bool = True


@dataclass(frozen=True, slots=True)
class AtServiceBundle:
    """A bundle of services that is sold as one."""

    bundle_id: int
    name: str
    unit_price: Decimal
    unit_cost: Decimal
    description: str = ""
    invoice_text: str = ""
    period_type: int = MONTHLY
    active: bool = True


@dataclass(frozen=True, slots=True)
class AtContractService:
    """A line: a service on a contract. It holds no quantity; see :class:`AtUnits`.

    :param line_id: its id, ``contractServiceID`` elsewhere.
    :param unit_price: what one unit is sold for on this contract; below zero: a discount line.
    :param invoice_text: empty: the service's own text is printed.
    """

    line_id: int
    contract_id: int
    service_id: int
    unit_price: Decimal
    unit_cost: Decimal
    invoice_text: str = ""


@dataclass(frozen=True, slots=True)
class AtContractServiceBundle:
    """A line that is a bundle on a contract. Its ids are counted apart from those of contract services."""

    line_id: int
    contract_id: int
    bundle_id: int
    unit_price: Decimal
    unit_cost: Decimal
    invoice_text: str = ""


@dataclass(frozen=True, slots=True)
class AtUnits:
    """So many units of one line from a day to a day.

    Rows of one line follow each other without a gap. A row may be longer than a billing period: the twin cuts it at
    every start of a period. After the last row it adds rows until the contract's last day, holding the same units. A
    line without any row holds no units from the contract's start on.

    :param line_id: of a contract service, or of a bundle in :attr:`AtTenant.bundle_units`.
    :param start: first day.
    :param end: last day; None: the contract's.
    :param price: for all units and the whole row; None: the line's price times units, prorated by days where the row
        covers only a part of its period. Only a row within one period may state it.
    :param cost: like ``price``.
    :param approved_on: the day on which it was approved and posted; None: pending. The twin makes the billing items
        of posted rows.
    """

    line_id: int
    start: date
    units: int
    end: date | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    approved_on: date | None = None


@dataclass(frozen=True, slots=True)
class AtConfigurationItem:
    """A device that a line may cover.

    :param line_id: the contract service that counts it; None: none does.
    :param bundle_line_id: the bundle line that counts it.
    :param device_uid: of the same device in Datto RMM; empty: unknown there.
    """

    item_id: int
    company_id: int
    title: str
    contract_id: int | None = None
    line_id: int | None = None
    bundle_line_id: int | None = None
    device_uid: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class AtBillingItem:
    """An approved and posted item that is no row of units, such as a charge by hand.

    :param rate: price of one.
    :param item_type: ``billingItemType``.
    :param invoice_id: None: not invoiced.
    """

    item_id: int
    company_id: int
    contract_id: int | None
    name: str
    quantity: Decimal
    rate: Decimal
    item_date: date
    posted_on: date
    item_type: int = ITEM_CONTRACT_CHARGE
    invoice_id: int | None = None


@dataclass(frozen=True, slots=True)
class AtInvoice:
    """An invoice of a company."""

    invoice_id: int
    company_id: int
    number: str
    dated: date
    first_day: date
    last_day: date
    total: Decimal
    voided: bool = False


@dataclass(frozen=True, slots=True)
class AtTenant:
    """Everything that the simulated PSA holds before the first run."""

    companies: tuple[AtCompany, ...] = ()
    contracts: tuple[AtContract, ...] = ()
    services: tuple[AtService, ...] = ()
    bundles: tuple[AtServiceBundle, ...] = ()
    contract_services: tuple[AtContractService, ...] = ()
    contract_bundles: tuple[AtContractServiceBundle, ...] = ()
    units: tuple[AtUnits, ...] = ()
    bundle_units: tuple[AtUnits, ...] = ()
    configuration_items: tuple[AtConfigurationItem, ...] = ()
    billing_items: tuple[AtBillingItem, ...] = ()
    invoices: tuple[AtInvoice, ...] = ()
