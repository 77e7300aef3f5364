"""Dated quantity events of one billing period: what is in force when, and which dated steps there are.

An event says a whole quantity from a day on, not a difference. Several of one day are one: the last one entered holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing_providers.engine.proration.amounts import exact
from billing_providers.engine.proration.conventions import Convention, ProrationRule
from billing_providers.engine.proration.ratios import share_from
from billing_providers.engine.proration.refusal import ProrationError
from billing_providers.engine.proration.rounding import rounded
from billing_providers.engine.proration.spans import Span
from billing_providers.model.decimals import Rounding
from billing_providers.model.periods import BillingPeriod

_NOTHING = Decimal(0)


class EventOrder(StrEnum):
    """What an event does to one that was entered before it and is dated later."""

    BY_DAY = "by_day"  # nothing: each holds from its day to the next one's
    BY_ENTRY = "by_entry"  # it cancels it: what is entered later is what is meant from its day on


@dataclass(frozen=True, slots=True)
class QuantityEvent:
    """From a local date on so many units are held, at a price for a whole period; None: at the price before.

    :raises ProrationError: for a quantity below zero, or a number that is no finite decimal.
    """

    day: date
    quantity: Decimal
    unit_price: Decimal | None = None

    def __post_init__(self) -> None:
        if exact(self.quantity, "quantity") < 0:
            raise ProrationError(f"{self.quantity} units from {self.day} on; a quantity that is held is 0 or more")
        if self.unit_price is not None:
            exact(self.unit_price, "unit price")


@dataclass(frozen=True, slots=True)
class DatedQuantity:
    """From a day on so many units: what a PSA that dates quantities is told."""

    day: date
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of days with one quantity and one price; None: no event tells a price."""

    span: Span
    quantity: Decimal
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class PeriodQuantities:
    """The quantities of one billing period. Segments cover it without gap; steps are where the quantity changes.

    ``before`` is held on the day before the period, ``next_start`` on the first day after it. Under NONE there is at
    most one step, on the period's first day; under every other convention each has its own day.
    """

    period: BillingPeriod
    before: Decimal
    at_start: Decimal
    at_end: Decimal
    next_start: Decimal
    peak: Decimal
    steps: tuple[DatedQuantity, ...]
    segments: tuple[Segment, ...]
    weighted: Fraction | None  # exact; None: the PSA prorates

    def time_weighted(self, places: int, rounding: Rounding = Rounding.HALF_UP) -> Decimal | None:
        """Return the units that a whole period would hold for the same amount; None when the PSA prorates."""
        return None if self.weighted is None else rounded(self.weighted, places, rounding)


def quantities_in(
    period: BillingPeriod, events: Sequence[QuantityEvent], rule: ProrationRule, *, order: EventOrder
) -> PeriodQuantities:
    """Return what the events make of a period. Before the first event nothing is held.

    :param events: in the order in which they were entered, those before the period included.
    :raises ProrationError: for a period that is no month under a convention of months.

    >>> march = BillingPeriod(date(2026, 3, 1), date(2026, 4, 1))
    >>> events = [QuantityEvent(date(2026, 1, 5), Decimal(10)), QuantityEvent(date(2026, 3, 17), Decimal(12))]
    >>> told = quantities_in(march, events, ProrationRule(Convention.ACTUAL), order=EventOrder.BY_DAY)
    >>> told.at_start, told.at_end, told.time_weighted(4)
    (Decimal('10'), Decimal('12'), Decimal('10.9677'))
    """
    held = _schedule(events, order)
    segments = tuple(_segments(period, held))
    before = _NOTHING
    for event in held:
        if event.day < period.start:
            before = event.quantity
    next_start = next((event.quantity for event in reversed(held) if event.day <= period.end), _NOTHING)
    return PeriodQuantities(
        period=period,
        before=before,
        at_start=segments[0].quantity,
        at_end=segments[-1].quantity,
        next_start=next_start,
        peak=max(segment.quantity for segment in segments),
        steps=tuple(_steps(period, before, segments, rule)),
        segments=segments,
        weighted=None if rule.convention is Convention.PSA else _weighted(period, segments, rule),
    )


def _schedule(events: Sequence[QuantityEvent], order: EventOrder) -> list[QuantityEvent]:
    """Return one event for each day, by day, each with the price that is in force."""
    held: list[QuantityEvent] = []
    if order is EventOrder.BY_DAY:
        held = sorted({event.day: event for event in events}.values(), key=lambda event: event.day)
    else:
        for event in events:
            while held and held[-1].day >= event.day:
                held.pop()
            held.append(event)
    price: Decimal | None = None
    for position, event in enumerate(held):
        price = price if event.unit_price is None else event.unit_price
        held[position] = QuantityEvent(event.day, event.quantity, price)
    return held


def _segments(period: BillingPeriod, held: Sequence[QuantityEvent]) -> list[Segment]:
    """Return the stretches of a period. An event that changes neither quantity nor price starts none."""
    starts = [QuantityEvent(period.start, _NOTHING)]
    for event in held:
        last = starts[-1]
        if event.day <= period.start:
            starts = [QuantityEvent(period.start, event.quantity, event.unit_price)]
        elif event.day < period.end and (event.quantity, event.unit_price) != (last.quantity, last.unit_price):
            starts.append(event)
    ends = [event.day for event in starts[1:]] + [period.end]
    return [
        Segment(Span(event.day, end), event.quantity, event.unit_price) for event, end in zip(starts, ends, strict=True)
    ]


def _steps(
    period: BillingPeriod, before: Decimal, segments: Sequence[Segment], rule: ProrationRule
) -> list[DatedQuantity]:
    if rule.convention is Convention.NONE:
        last = segments[-1].quantity
        return [] if last == before else [DatedQuantity(period.start, last)]
    steps: list[DatedQuantity] = []
    for segment in segments:
        if segment.quantity != before:
            steps.append(DatedQuantity(segment.span.start, segment.quantity))
        before = segment.quantity
    return steps


def _weighted(period: BillingPeriod, segments: Sequence[Segment], rule: ProrationRule) -> Fraction:
    """The quantity at the start for the whole period, and each difference for the rest of it.

    So a quantity that never changes weighs itself under every convention, also where 31 days are 31/30.
    """
    total = held = Fraction(0)
    for segment in segments:
        quantity = Fraction(segment.quantity)
        total += (quantity - held) * share_from(segment.span.start, rule, period)
        held = quantity
    return total
