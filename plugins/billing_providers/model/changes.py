"""The contract diff: every line change of one run, what was skipped and why, and the digest that binds it.

Data only: a diff is stored, digested, reviewed and pushed; it holds no behaviour and no reference to a PSA.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.findings import Finding


class ChangeKind(StrEnum):
    """What one change does to one contract line. Any but the last two may set other fields along with it."""

    SET_QUANTITY = "set_quantity"
    SET_FIELDS = "set_fields"  # cost, price or text; the quantity stays
    ADD_LINE = "add_line"
    ZERO = "zero"
    END_LINE = "end_line"  # the line gets a last day; its quantity stays for the days before


class LineField(StrEnum):
    """What a contract line has besides its quantity, and a change may set. Values are canonical text."""

    UNIT_COST = "unit_cost"
    UNIT_PRICE = "unit_price"
    INVOICE_TEXT = "invoice_text"
    INCLUDED = "included"  # units of the quantity that are not billed
    STARTS_ON = "effective_date"  # first day on which the line is billed
    LAST_DAY = "last_day"  # last day on which the line is billed


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a line with its value before and after; ``before`` None: empty, unknown, or a new line."""

    field: LineField
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class LineChange:
    """One difference for one contract line. Only changes with an empty ``held_by`` are pushed without a person.

    ``change_id`` is stable for the same line and kind in one tenant, whatever the numbers.
    """

    change_id: str
    kind: ChangeKind
    customer_codes: tuple[str, ...]
    customer_names: tuple[str, ...]
    account_id: str
    account_name: str
    contract_id: str
    contract_name: str
    service_id: str
    service_name: str
    line_id: str  # empty for ADD_LINE
    skus: tuple[str, ...]
    quantity_before: Decimal | None  # None: cannot be read in this tenant, or a new line
    quantity_after: Decimal  # zero for END_LINE: nothing is billed from the effective date on
    unit_cost: Decimal | None  # after the change; for ADD_LINE of the catalogue unless ``fields`` sets it
    unit_price: Decimal | None
    effective_date: date
    line_version: str
    reason: str  # one sentence: which usage, which rule, which mapping
    charge_nos: tuple[int, ...]  # the charge lines behind the number
    fields: tuple[FieldChange, ...] = ()  # what is set besides the quantity, sorted by field
    step: int = 0  # of several dated changes of one line its number, from 1; each counts on the one before it
    held_by: tuple[str, ...] = ()  # codes of the guards that hold it until a person approves


def told_fields(change: LineChange) -> str:
    """Return what a change sets besides the quantity, for people; empty when nothing."""
    return ", ".join(
        f"{field.field.value} {'empty' if field.before is None else field.before} → {field.after or 'empty'}"
        for field in change.fields
    )


def joined(values: Iterable[str]) -> str:
    """Return customer codes or SKUs as one text: distinct, sorted, one per line of text."""
    return "\n".join(sorted(set(values)))


def parts_of(text: str) -> tuple[str, ...]:
    """Return the values that :func:`joined` put into one text."""
    return tuple(text.split("\n"))


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A live line that this run matched to usage: it becomes (or stays) managed once the run is applied.

    A line may sum several customers and SKUs: ``customer_code`` and ``sku`` then hold all of them, sorted, one
    per line of text (see :func:`joined` and :func:`parts_of`).
    """

    line_id: str
    contract_id: str
    account_id: str
    service_id: str
    customer_code: str
    sku: str
    quantity: Decimal
    billing_cycle: str = ""  # of the usage; anything but "" and "monthly" keeps the line from being zeroed
    holds_from: date | None = None  # the day for which the quantity was compared; None: the PSA does not date it
    last_day: date | None = None  # of the line, as it was when it was matched
    included: Decimal | None = None  # units of the quantity that the line does not bill, as it was then
    charge_nos: str = ""  # numbers of the charge lines behind the quantity, ascending, with a comma between


@dataclass(frozen=True, slots=True)
class ManagedLine:
    """A line in the register: the product set it before, so it may be zeroed. Lines not listed are never touched.

    ``customer_code`` and ``sku`` hold several values as in :class:`MatchedLine`.
    """

    tenant: str
    line_id: str
    contract_id: str
    account_id: str
    service_id: str
    customer_code: str
    sku: str
    quantity: Decimal  # last confirmed
    period_start: date  # last period in which it was matched
    billing_cycle: str = ""
    holds_from: date | None = None  # the day for which the quantity was confirmed; None: the PSA does not date it
    last_day: date | None = None  # of the line, as it was then
    run_key: str = ""  # the run that confirmed it
    confirmed_at: datetime | None = None  # aware, UTC


@dataclass(frozen=True, slots=True)
class DiffInputs:
    """Digests of everything that decides a diff, and the tool's version."""

    snapshot: str
    rules: str
    mappings: str
    policy: str
    live_lines: str
    tool_version: str


@dataclass(frozen=True, slots=True)
class ContractDiff:
    """All line changes of one run.

    ``complete``: every customer in scope was planned. ``applicable``: there is something that may be pushed
    (false for a plan-only tenant, an incomplete extract, or a run-level error).
    """

    digest: str
    integration: str
    psa: str
    tenant: str
    period_start: date
    period_end: date
    timezone: str
    complete: bool
    applicable: bool
    changes: tuple[LineChange, ...]
    unchanged_count: int
    matched: tuple[MatchedLine, ...]
    findings: tuple[Finding, ...]
    inputs: DiffInputs
    strategy: str  # line strategy of the tenant
    snapshot_id: str
    charge_set_id: str
    counts: tuple[tuple[str, int], ...]  # set, zero, add, unchanged, held, customers, … sorted by name
    totals: tuple[tuple[str, Decimal], ...]  # quantity_delta, price_delta, cost_delta … sorted by name

    @property
    def pushable(self) -> tuple[LineChange, ...]:
        """Changes that no guard holds."""
        return tuple(change for change in self.changes if not change.held_by)

    @property
    def held(self) -> tuple[LineChange, ...]:
        """Changes that wait for a person."""
        return tuple(change for change in self.changes if change.held_by)
