"""Approve and post: rows of units become billing items. And invoices, made of posted items on demand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from billing_providers.sandbox.autotask.live import LiveLine, PostedItem
from billing_providers.sandbox.autotask.schedule import UnitRow
from billing_providers.sandbox.world.modules.records import (
    ITEM_RECURRING_BUNDLE,
    ITEM_RECURRING_SERVICE,
    AtBillingItem,
    AtInvoice,
)

if TYPE_CHECKING:
    from billing_providers.sandbox.autotask.state import AtState

_FIRST_INVOICE = 60001


def charge(entry: AtBillingItem) -> PostedItem:
    """Return an item of the world that is no row of units; its cost is not simulated."""
    return PostedItem(
        item_id=entry.item_id,
        company_id=entry.company_id,
        contract_id=entry.contract_id,
        name=entry.name,
        item_type=entry.item_type,
        quantity=entry.quantity,
        rate=entry.rate,
        amount=entry.quantity * entry.rate,
        cost=Decimal(0),
        item_date=entry.item_date,
        posted_on=entry.posted_on,
        invoice_id=entry.invoice_id,
    )


def items_of_rows(line: LiveLine, ids: Iterator[int]) -> list[PostedItem]:
    """Return the items of a line's posted rows."""
    if not line.schedule.posted:
        return []
    rows = line.schedule.rows(min(line.schedule.posted), line.schedule.posted_until())
    return [item_of_row(line, row, row.approved_on, next(ids)) for row in rows if row.approved_on is not None]


def item_of_row(line: LiveLine, row: UnitRow, posted_on: date, item_id: int) -> PostedItem:
    """Return the item that posting a row makes; a row of no units makes one too (assumed)."""
    return PostedItem(
        item_id=item_id,
        company_id=line.contract.company_id,
        contract_id=line.contract.contract_id,
        name=line.item.name,
        item_type=ITEM_RECURRING_BUNDLE if line.bundle else ITEM_RECURRING_SERVICE,
        quantity=Decimal(row.units),
        rate=row.unit_price,
        amount=row.price,
        cost=row.cost,
        item_date=row.start,
        posted_on=posted_on,
        line=line,
        row_id=row.row_id,
    )


def post_periods(state: AtState, contract_id: int | None, until: date) -> list[PostedItem]:
    """Approve and post what starts up to a day, on one contract or (None) on all; return the items made.

    :raises ValueError: for an unknown contract.
    """
    if contract_id is not None and contract_id not in state.contracts:
        raise ValueError(f"there is no contract {contract_id}")
    lines = [line for line in state.all_lines() if contract_id in (None, line.contract.contract_id)]
    return [item for line in lines for item in state.post(line, until)]


def make_invoices(state: AtState, start: date, last_day: date) -> list[AtInvoice]:
    """Invoice the posted items of a period that are not invoiced yet: one invoice per company, dated today.

    :raises ValueError: when the period ends before it starts.
    """
    if last_day < start:
        raise ValueError("the period ends before it starts")
    owed: dict[int, list[PostedItem]] = defaultdict(list)
    for item in state.items:
        if item.invoice_id is None and start <= item.item_date <= last_day:
            owed[item.company_id].append(item)
    made = []
    for company_id, items in sorted(owed.items()):
        number = max((entry.invoice_id for entry in state.invoices), default=_FIRST_INVOICE - 1) + 1
        total = sum((item.amount for item in items), Decimal(0))
        invoice = AtInvoice(number, company_id, f"INV-{number}", state.today(), start, last_day, total)
        state.invoices.append(invoice)
        made.append(invoice)
        for item in items:
            item.invoice_id = number
    return made
