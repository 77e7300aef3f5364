"""Since when the source has shown a quantity: by comparing the latest reading with those before it.

Readings are compared by what the billing rules of today make of them, for each customer and SKU. What is not there
counts as zero, so that usage that is gone is a change like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from billing_providers.model.changes import LineChange
from billing_providers.model.decimals import EXACT

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[str, str]  # customer code, SKU
Figures = Mapping[Pair, tuple[tuple[str, str, Decimal], ...]]  # of each term and billing cycle the quantity, sorted


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the source showed at an instant."""

    at: datetime  # aware
    figures: Figures


@dataclass(frozen=True, slots=True)
class YoungUsage:
    """What the source has not shown for long enough: some customers' SKUs, or everything."""

    pairs: frozenset[Pair] = frozenset()
    everything: bool = False

    def holds(self, change: LineChange) -> bool:
        """Whether a change rests on something young."""
        if self.everything:
            return True
        return any((code, sku) in self.pairs for code in change.customer_codes for sku in change.skus)


def figures_of(charges: pd.DataFrame) -> Figures:
    """Return the quantities of charge lines by customer and SKU; what is zero is left out."""
    sums: dict[tuple[str, ...], Decimal] = {}
    names = ("customer_code", "sku", "term", "billing_cycle")
    columns = ([text.strip() for text in charges[name].tolist()] for name in names)
    for key, quantity in zip(zip(*columns, strict=True), charges["quantity"].tolist(), strict=True):
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), quantity)
    figures: dict[Pair, list[tuple[str, str, Decimal]]] = {}
    for (customer, sku, term, cycle), total in sorted(sums.items()):
        if total:
            figures.setdefault((customer, sku), []).append((term, cycle, total))
    return {pair: tuple(said) for pair, said in figures.items()}


def young_usage(now: Reading, earlier: Iterable[Reading], debounce: timedelta) -> YoungUsage:
    """Return what has changed in the last while, or is not known to have been there before it.

    :param earlier: complete readings of the same period, the newest first; no more are taken than are needed.
    """
    if not debounce:
        return YoungUsage()
    pairs: set[Pair] = set()
    for reading in earlier:
        pairs |= _differing(now.figures, reading.figures)
        if reading.at <= now.at - debounce:
            return YoungUsage(frozenset(pairs))
    return YoungUsage(everything=True)


def first_seen(now: Reading, pairs: Collection[Pair], earlier: Iterable[Reading]) -> dict[Pair, datetime]:
    """Return since when the source has shown what it shows now, without a break, for some customers' SKUs.

    :param earlier: complete readings of the same period, the newest first; no more are taken than are needed.
    """
    since = dict.fromkeys(pairs, now.at)
    unbroken = set(pairs)
    if not unbroken:
        return since
    for reading in earlier:
        unbroken -= {pair for pair in unbroken if reading.figures.get(pair) != now.figures.get(pair)}
        since.update(dict.fromkeys(unbroken, reading.at))
        if not unbroken:
            break
    return since


def _differing(now: Figures, then: Figures) -> set[Pair]:
    return {pair for pair in now.keys() | then.keys() if now.get(pair) != then.get(pair)}
