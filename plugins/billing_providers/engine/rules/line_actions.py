"""What a billing rule can do to summed charge lines: round, floor, ceiling, included, bundle.

A sum below zero is left alone by all but ``bundle``: it is reported as negative later, and a floor must not hide it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from billing_providers.engine.rules.charge_lines import ChargeLines
from billing_providers.engine.rules.conditions import Condition, OneOf, Unconditional, said
from billing_providers.model.decimals import EXACT, text_from_decimal

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Mask

ROUND_DIRECTIONS = ("up", "down", "nearest")
# What the parts of one bundle have in common.
_SHARED = ("source", "customer_code", "term", "billing_cycle")


@dataclass(frozen=True, slots=True)
class Round(Unconditional):
    """The quantity becomes a multiple of a step; ``nearest`` takes a half up."""

    direction: str
    step: Decimal
    kind: ClassVar[str] = "round"

    def apply(self, lines: ChargeLines, mask: Mask) -> Mask:
        """Round; return the lines that changed."""
        return change(lines, mask, self.rounded)

    def rounded(self, quantity: Decimal) -> Decimal:
        """Return a quantity rounded, by whole steps."""
        steps, rest = divide_whole(quantity, self.step)
        twice = EXACT.add(rest, rest)
        if (self.direction == "up" and rest) or (self.direction == "nearest" and twice >= self.step):
            steps += 1
        return EXACT.multiply(Decimal(steps), self.step)

    def explain(self, where: str) -> str:
        """Say to what."""
        way = "to the nearest multiple" if self.direction == "nearest" else f"{self.direction} to a multiple"
        return f"Rounds the sum of charge lines{where} {way} of {text_from_decimal(self.step)}."

    def canonical(self) -> object:
        """Return direction and step."""
        return [self.direction, text_from_decimal(self.step)]


@dataclass(frozen=True, slots=True)
class Floor(Unconditional):
    """The quantity is at least this, also where the source reports zero."""

    minimum: Decimal
    kind: ClassVar[str] = "floor"

    def apply(self, lines: ChargeLines, mask: Mask) -> Mask:
        """Raise what is below; return the lines that changed."""
        return change(lines, mask, lambda quantity: max(quantity, self.minimum))

    def explain(self, where: str) -> str:
        """Say how many."""
        return f"Counts at least {text_from_decimal(self.minimum)} for charge lines{where}."

    def canonical(self) -> object:
        """Return the minimum."""
        return text_from_decimal(self.minimum)


@dataclass(frozen=True, slots=True)
class Ceiling(Unconditional):
    """The quantity is at most this."""

    maximum: Decimal
    kind: ClassVar[str] = "ceiling"

    def apply(self, lines: ChargeLines, mask: Mask) -> Mask:
        """Lower what is above; return the lines that changed."""
        return change(lines, mask, lambda quantity: min(quantity, self.maximum))

    def explain(self, where: str) -> str:
        """Say how many."""
        return f"Counts at most {text_from_decimal(self.maximum)} for charge lines{where}."

    def canonical(self) -> object:
        """Return the maximum."""
        return text_from_decimal(self.maximum)


@dataclass(frozen=True, slots=True)
class Included(Unconditional):
    """This much of each charge line is included in the price of something else; only the rest counts."""

    volume: Decimal
    kind: ClassVar[str] = "included"

    def apply(self, lines: ChargeLines, mask: Mask) -> Mask:
        """Subtract, never below zero; return the lines that changed."""
        return change(lines, mask, lambda quantity: max(EXACT.subtract(quantity, self.volume), Decimal(0)))

    def explain(self, where: str) -> str:
        """Say how much."""
        return f"Counts only what exceeds the included {text_from_decimal(self.volume)} of charge lines{where}."

    def canonical(self) -> object:
        """Return the volume."""
        return text_from_decimal(self.volume)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several SKUs of a customer, term and billing cycle become one count under a SKU of their own.

    The parts disappear, over all their item ids. A part that a customer does not have counts as zero. What is
    reported directly under the bundle's SKU is added. What one unit of a part costs says nothing about the bundle; what
    all parts cost in total does, whether the source tells totals or the cost of a unit.
    """

    parts: frozenset[str]
    into: str
    count: str
    description: str = ""
    kind: ClassVar[str] = "bundle"

    def conditions(self) -> tuple[Condition, ...]:
        """Demand one of the parts."""
        return (Condition("sku", (OneOf(self.parts),)),)

    def apply(self, lines: ChargeLines, mask: Mask) -> Mask:
        """Give the parts the bundle's identity; the first line of a bundle carries its count, the others zero."""
        import numpy as np

        numbers = np.flatnonzero(mask)
        shared = [lines.table.objects(name)[numbers] for name in _SHARED]
        skus, quantities = (lines.table.objects(name)[numbers] for name in ("sku", "quantity"))
        bundles: dict[tuple[str, ...], dict[str, Decimal]] = {}
        firsts: list[int] = []
        for number, identity, sku, quantity in zip(
            numbers.tolist(), zip(*shared, strict=True), skus, quantities, strict=True
        ):
            if identity not in bundles:
                bundles[identity] = dict.fromkeys(self.parts, Decimal(0))
                firsts.append(number)
            bundles[identity][sku] = EXACT.add(bundles[identity][sku], quantity)
        lines.tell_totals(mask | self._joining(lines, bundles))
        column = lines.table.column("quantity")
        column.put(mask, Decimal(0))
        column.codes[firsts] = np.arange(len(column.values), len(column.values) + len(firsts))
        column.values.extend(BUNDLE_COUNTS[self.count](counts) for counts in bundles.values())
        for name, value in (("sku", self.into), ("item_id", ""), ("unit_cost", None), ("unit_price", None)):
            lines.table.column(name).put(mask, value)
        if self.description:
            lines.table.column("description").put(mask, self.description)
        lines.identity_changed = True
        return mask

    def _joining(self, lines: ChargeLines, bundles: Collection[tuple[str, ...]]) -> Mask:
        """Return the lines of the bundle's own identity that its parts are added to."""
        import numpy as np

        own = lines.table.column("sku").where(lambda sku: sku == self.into)
        own &= lines.table.column("item_id").where(lambda item_id: not item_id)
        for number in np.flatnonzero(own).tolist():
            own[number] = tuple(lines.table.objects(name)[number] for name in _SHARED) in bundles
        return own

    def explain(self, where: str) -> str:
        """Say how the parts are counted."""
        return f"Counts the {self.count} of the parts as one SKU {said(self.into)} for charge lines{where}."

    def canonical(self) -> object:
        """Return parts, target and way of counting."""
        return [sorted(self.parts), self.into, self.count, self.description]


def _sum(counts: Mapping[str, Decimal]) -> Decimal:
    result = Decimal(0)
    for count in counts.values():
        result = EXACT.add(result, count)
    return result


BUNDLE_COUNTS: dict[str, Callable[[Mapping[str, Decimal]], Decimal]] = {
    "sum": _sum,
    "max": lambda counts: max(counts.values()),
    "min": lambda counts: min(counts.values()),
}


def change(lines: ChargeLines, mask: Mask, changed: Callable[[Decimal], Decimal]) -> Mask:
    """Change the masked quantities that are not negative; return the lines whose quantity is another now."""
    import numpy as np

    column = lines.table.column("quantity")
    moves = np.zeros(len(column.values), dtype=bool)
    for code in column.used(mask):
        quantity = column.values[code]
        moves[code] = quantity >= 0 and changed(quantity) != quantity
    touched: Mask = mask & moves[column.codes]
    column.change(touched, changed)
    return touched


def divide_whole(quantity: Decimal, step: Decimal) -> tuple[int, Decimal]:
    """Return how many whole steps a quantity that is not negative holds, and the rest."""
    steps = EXACT.divide_int(quantity, step)
    return int(steps), EXACT.subtract(quantity, EXACT.multiply(steps, step))
