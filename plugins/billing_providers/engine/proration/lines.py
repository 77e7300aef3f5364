"""The lines that bill a period: its whole amount at the start, then credit and charge for each change inside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing_providers.engine.proration.amounts import prorated
from billing_providers.engine.proration.conventions import ProrationRule
from billing_providers.engine.proration.quantities import PeriodQuantities, Segment
from billing_providers.engine.proration.ratios import share_from
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.spans import Span


@dataclass(frozen=True, slots=True)
class ProratedLine:
    """One line. A credit has a negative quantity and amount, at the price of the charge that it takes back."""

    span: Span
    quantity: Decimal
    unit_price: Decimal
    ratio: Fraction  # of the period, before any rounding
    amount: Decimal
    charged_on: date  # first day of the charge: of the line itself, or of the one that a credit takes back


def prorated_lines(quantities: PeriodQuantities, rule: ProrationRule) -> list[ProratedLine]:
    """Return the lines of a period, by day, a credit before the charge of its day. Lines over no units are left out.

    The units at the start are charged for the whole period. A change takes back the rest of the charge before it, all
    its units at its own price, and charges the rest of the period anew: so the credits of a charge never exceed it. A
    change on the first day is what the period starts with, and one on its end belongs to the next: neither makes a
    line. Under NONE each rest is the whole period, and the lines come to the units at the end.

    :param rule: the one with which the quantities were made.
    :raises ProrationError: when the PSA prorates, or units have no price.
    """
    lines: list[ProratedLine] = []
    charged: Segment | None = None
    for segment in quantities.segments:
        ratio = share_from(segment.span.start, rule, quantities.period)
        rest = Span(segment.span.start, quantities.period.end)
        if charged is not None:
            lines += _line(charged, rest, ratio, rule, takes_back=True)
        lines += _line(segment, rest, ratio, rule, takes_back=False)
        charged = segment
    return lines


def _line(
    segment: Segment, rest: Span, ratio: Fraction, rule: ProrationRule, *, takes_back: bool
) -> list[ProratedLine]:
    if not segment.quantity or not ratio:
        return []
    if segment.unit_price is None:
        raise ProrationError(f"{segment.quantity} units from {segment.span.start} on have no price; no event tells one")
    amount, quantity = prorated(segment.unit_price, ratio, rule, segment.quantity), segment.quantity
    if takes_back:
        amount, quantity = amount.copy_negate() if amount else amount, quantity.copy_negate()
    return [ProratedLine(rest, quantity, segment.unit_price, ratio, amount, segment.span.start)]
