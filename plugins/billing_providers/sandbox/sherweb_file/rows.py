"""One row of the invoice file, before it is printed in any form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.world.sherweb.records import SherwebCharge

Cell = str | Decimal | date | None

# Heading and what stands below it, for a charge, the invoice's number and its date.
COLUMNS: tuple[tuple[str, Callable[[SherwebCharge, str, date], Cell]], ...] = (
    ("Invoice Number", lambda _, number, __: number),
    ("Invoice Date", lambda _, __, dated: dated),
    ("Customer", lambda charge, _, __: charge.display_name),
    ("Subscription Id", lambda charge, _, __: charge.subscription_id),
    ("Product", lambda charge, _, __: charge.product_name),
    ("SKU", lambda charge, _, __: charge.sku),
    ("Charge", lambda charge, _, __: charge.charge_name),
    ("Charge Type", lambda charge, _, __: charge.charge_type),
    ("Billing Cycle", lambda charge, _, __: charge.cycle),
    ("From", lambda charge, _, __: charge.first),
    ("To", lambda charge, _, __: charge.last),
    ("Quantity", lambda charge, _, __: charge.quantity),
    ("List Price", lambda charge, _, __: charge.list_price),
    ("Net Price", lambda charge, _, __: charge.net_price),
    ("Net Price Prorated", lambda charge, _, __: charge.net_price_prorated),
    ("Subtotal", lambda charge, _, __: charge.sub_total),
    ("Currency", lambda charge, _, __: charge.currency),
)


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """The cells of one charge by heading. ``Any`` stands for what a trouble puts in."""

    cells: dict[str, Any]


def row_of(charge: SherwebCharge, number: str, dated: date) -> InvoiceRow:
    """Return the row of a charge."""
    return InvoiceRow({heading: cell(charge, number, dated) for heading, cell in COLUMNS})
