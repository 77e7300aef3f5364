"""Proration: exact arithmetic of dates and money, under conventions that are named and never guessed."""

from __future__ import annotations

from billing_providers.engine.proration.allocation import allocate
from billing_providers.engine.proration.amounts import TaxedAmount, prorated, shown_unit_price, taxed
from billing_providers.engine.proration.anniversaries import months_after
from billing_providers.engine.proration.annual import AnnualBilling, YearlyDue, YearlyItem, due_in
from billing_providers.engine.proration.changes import Exchange, added_amount, credits_within, exchange
from billing_providers.engine.proration.conventions import Convention, ProrationRule
from billing_providers.engine.proration.high_water import high_water_charges
from billing_providers.engine.proration.lines import ProratedLine, prorated_lines
from billing_providers.engine.proration.quantities import (
    DatedQuantity,
    EventOrder,
    PeriodQuantities,
    QuantityEvent,
    Segment,
    quantities_in,
)
from billing_providers.engine.proration.ratios import ratio_of_days, ratios_by_period, share_from, span_ratio
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.rounding import rounded
from billing_providers.engine.proration.spans import Span, SpanEnd

__all__ = [
    "AnnualBilling",
    "Convention",
    "DatedQuantity",
    "EventOrder",
    "Exchange",
    "PeriodQuantities",
    "ProratedLine",
    "ProrationError",
    "ProrationRule",
    "QuantityEvent",
    "Segment",
    "Span",
    "SpanEnd",
    "TaxedAmount",
    "YearlyDue",
    "YearlyItem",
    "added_amount",
    "allocate",
    "credits_within",
    "due_in",
    "exchange",
    "high_water_charges",
    "months_after",
    "prorated",
    "prorated_lines",
    "quantities_in",
    "ratio_of_days",
    "ratios_by_period",
    "rounded",
    "share_from",
    "shown_unit_price",
    "span_ratio",
    "taxed",
]
