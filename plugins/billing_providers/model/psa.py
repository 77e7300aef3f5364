"""The PSA's things in one vocabulary, and the contract that every PSA hook keeps.

Ids are text whatever the PSA uses. Dates are local dates; ``end`` of a contract is the last day it is in
force (inclusive), ``None`` for open ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from billing_providers.model.changes import LineChange, LineField
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.periods import BillingPeriod


@dataclass(frozen=True, slots=True)
class Account:
    """A customer of the MSP in the PSA (account, company)."""

    account_id: str
    code: str  # the PSA's account code; compared trimmed and case-sensitively
    name: str
    active: bool
    parent_id: str = ""
    status: str = ""  # as the PSA prints it; says why an account is not active


@dataclass(frozen=True, slots=True)
class Contract:
    """An agreement under which an account is billed. ``account_id`` is empty when the PSA did not tell it."""

    contract_id: str
    account_id: str
    account_name: str
    name: str
    contract_type: str
    active: bool
    billing_cycle: str
    start: date | None
    end: date | None
    status: str = ""  # as the PSA prints it
    parent_id: str = ""  # the contract that this one is a child of
    bill_start: date | None = None  # no line may start earlier; None: the PSA knows no such day
    next_invoice: date | None = None  # days before are invoiced; None: nothing is, or the PSA does not tell
    prorates: bool | None = None  # whether lines that start inside a period are billed in part; None: not told


@dataclass(frozen=True, slots=True)
class Service:
    """An entry of the PSA's catalogue (service, product)."""

    service_id: str
    name: str
    description: str
    active: bool
    unit_cost: Decimal | None = None
    unit_price: Decimal | None = None
    no_line_why: str = ""  # why it cannot be a contract line, e.g. it is a bundle; empty: it can
    invoice_text: str = ""  # what invoices say about it


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """Units of a line over a range of days, both ends included, where the PSA keeps a quantity for every day."""

    start: date
    end: date
    units: Decimal
    posted: bool = False  # approved and posted: nothing on or before its end can be changed any more


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One service on one contract (line, addition). ``quantity`` None: the PSA does not let it be read.

    The fields from ``last_day`` on are empty where the PSA has nothing of the kind. A line with a ``schedule`` holds
    other quantities on other days; its ``quantity`` is that of the first day that was asked for.
    """

    line_id: str
    contract_id: str
    account_id: str
    service_id: str
    service_name: str
    description: str
    quantity: Decimal | None
    unit_cost: Decimal | None
    unit_price: Decimal | None
    effective_date: date | None
    open: bool  # false when ended
    version: str = ""  # what changes when somebody edits the line (timestamp, hash); empty when the PSA has none
    last_day: date | None = None  # last day on which it is billed; None: open-ended
    invoice_text: str = ""
    included: Decimal | None = None  # units of the quantity that are not billed
    billable: bool = True  # false: the PSA puts it on no invoice, or for nothing
    schedule: tuple[UnitPeriod, ...] = ()  # the days that were asked for, ascending
    owned_by: str = ""  # what else drives the line, so that it is left alone: "3 configuration items", "a discount"

    def field(self, field: LineField) -> str | None:
        """Return a field as the canonical text of :class:`~billing_providers.model.changes.FieldChange`."""
        value = getattr(self, field.value)
        if isinstance(value, Decimal):
            return text_from_decimal(value)
        return value.isoformat() if isinstance(value, date) else value or None

    def fields(self) -> dict[LineField, str | None]:
        """Return all fields as canonical texts."""
        return {field: self.field(field) for field in LineField}

    def quantity_on(self, day: date) -> Decimal | None:
        """Return the quantity in force on a day; None when the schedule does not hold it, or it cannot be read."""
        if not self.schedule:
            return self.quantity
        return next((period.units for period in self.schedule if period.start <= day <= period.end), None)

    def open_on(self, day: date) -> bool:
        """Whether the line is still billed on a day."""
        return self.open and (self.last_day is None or self.last_day >= day)


@dataclass(frozen=True, slots=True)
class LinesAgain:
    """Lines of one contract to be read as they stand at this moment.

    :param line_ids: the lines that are wanted.
    :param services: their services; with ``look_up`` all lines of the contract for these are wanted too.
    """

    contract: Contract
    line_ids: tuple[str, ...]
    services: tuple[Service, ...]
    look_up: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """A range of local dates, both ends included."""

    first: date
    last: date


class QuantityWrite(StrEnum):
    """How the PSA takes a new quantity."""

    SET = "set"  # absolute: repeating is harmless
    DELTA = "delta"  # relative: never repeated blindly
    NONE = "none"  # no call exists; a person gets the exact change list


@dataclass(frozen=True, slots=True)
class PsaCapabilities:
    """What this tenant offers, found out at connect time. Shared code asks for these, never for a PSA's name."""

    quantity_write: QuantityWrite
    reads_quantity: bool
    adds_lines: bool
    whole_units: bool  # quantities are integers
    strategy: str  # short name of the line strategy in use
    explanation: str  # one sentence for people: what can be written here, and why
    sets: frozenset[LineField] = frozenset()  # what can be set besides the quantity
    clears: frozenset[LineField] = frozenset()  # of these, days and amounts that can be taken away again
    lists_lag_s: float = 0.0  # a list may miss what was written less than so long ago
    reads_lag_s: float = 0.0  # a write whose answer was lost may still be at work for so long
    dates_quantities: bool = False  # a quantity holds from a date on; lines have a schedule
    takes_dates: bool = False  # a quantity is written with the day from which on it holds


@dataclass(frozen=True, slots=True)
class PsaDirectory:
    """What was read in bulk before any line: complete lists of accounts, contracts and catalogue."""

    accounts: tuple[Account, ...]
    contracts: tuple[Contract, ...]
    services: tuple[Service, ...]
    contract_types: tuple[str, ...] = ()  # all that exist, also those that no contract has


@dataclass(frozen=True, slots=True)
class WriteReceipt:
    """What the PSA answered to one write. ``observed`` is the quantity in its answer, None when it told none."""

    observed: Decimal | None
    line_id: str
    request_id: str = ""
    line: ContractLine | None = None  # the whole line, where the answer holds it


@dataclass(frozen=True, slots=True)
class InvoicedLine:
    """One line of an invoice, for checking afterwards."""

    invoice_number: str
    invoice_date: date | None
    account_id: str
    contract_id: str
    name: str
    quantity: Decimal | None


@runtime_checkable
class PsaHook(Protocol):
    """The contract of every PSA hook. All methods raise :class:`billing_providers.errors.RequestError`."""

    @property
    def tenant_key(self) -> str:
        """Names the PSA tenant, e.g. ``kaseya_bms:acme@api.bms.kaseya.com``; no request is made."""

    @property
    def requests_in_flight_max(self) -> int:
        """How many requests this PSA allows at once."""

    def capabilities(self) -> PsaCapabilities:
        """Sign in if needed and tell what this tenant offers."""

    def read_directory(self, *, contract_type: str) -> PsaDirectory:
        """Read accounts, contracts of every type and the catalogue, in bulk."""

    def read_lines(
        self, contracts: Sequence[Contract], services: Sequence[Service], *, days: Days | None = None
    ) -> list[ContractLine]:
        """Read the lines of these contracts. ``services`` bounds the look-up where only a service lists its lines.

        ``days`` are those on which quantities are wanted, where the PSA dates them; None: today.
        """

    def reread_lines(self, wanted: Sequence[LinesAgain], *, days: Days | None = None) -> list[ContractLine]:
        """Read some lines anew, past any lag of lists. A line that is gone is missing; others may come along."""

    def last_edit(self, change: LineChange) -> str:
        """Say in a few words who edited the line last and when, as far as the PSA tells; else empty. Never raises."""

    def write_line(self, change: LineChange) -> WriteReceipt:
        """Write one change. Never repeated by the HTTP client; the journal decides."""

    def invoiced_lines(self, period: BillingPeriod) -> list[InvoicedLine]:
        """Read the invoice lines dated from the period's start on, for checking afterwards."""

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether sign-in works, which rights are missing, and what can be written."""
