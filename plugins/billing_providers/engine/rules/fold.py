"""Folding: several charges of one identity in a period become one quantity, by a rule that has a name.

A charge says which days it covers, and its quantity may be negative: a purchase inside the period, a credit. What is
held on a day is the sum over the charges that cover it. Costs are not folded: all of them count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from billing_providers.engine.proration import Convention, ProrationRule, rounded, share_from
from billing_providers.engine.rules.charge_lines import IDENTITY
from billing_providers.engine.rules.columns import Column
from billing_providers.engine.rules.conditions import Unconditional
from billing_providers.engine.rules.exact import is_known
from billing_providers.engine.rules.usage_rows import TOTAL_OF, UsageRows
from billing_providers.model.periods import BillingPeriod

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Mask

_PLACES = 18  # as many as are kept


class FoldMode(StrEnum):
    """Which quantity stands for a period."""

    AT_END = "at_end"  # what is held on the last day; the days of changes are kept
    AT_START = "at_start"  # what is held on the first day
    PEAK = "peak"  # the most that is held on one day
    TIME_WEIGHTED = "time_weighted"  # what a whole period would hold for the same amount


@dataclass(frozen=True, slots=True)
class _Charge:
    """One row: its number, quantity, and the part of the period that it covers, end excluded."""

    row: int
    quantity: Decimal
    start: date
    end: date
    dated: bool  # the source says the days

    def covers(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True)
class Fold(Unconditional):
    """The rows of one identity count for what is held by the mode."""

    mode: FoldMode
    convention: ProrationRule = field(default_factory=lambda: ProrationRule(Convention.ACTUAL))
    kind: ClassVar[str] = "fold"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Count each row for its part. Rows without a known quantity stay as they are, and hold their customer."""
        import numpy as np

        quantities = rows.table.column("quantity").objects()
        steps = rows.table.column("steps").objects()
        units = {name: rows.table.column(name).objects() for name in TOTAL_OF}
        touched = np.zeros(len(mask), dtype=bool)
        for charges in _groups(rows, np.flatnonzero(mask).tolist(), quantities):
            counted = self._counted(charges, rows.period)
            keeps_days = self.mode is FoldMode.AT_END and any(charge.dated for charge in charges)
            for charge in charges:
                touched[charge.row] = True
                quantities[charge.row] = counted(charge)
                steps[charge.row] = _steps(charge, rows.period) if keeps_days else ()
            _agree(charges, quantities, units)
        rows.table.columns["quantity"] = Column.of(quantities)
        rows.table.columns["steps"] = Column.of(steps)
        rows.table.columns |= {name: Column.of(told) for name, told in units.items()}
        return touched

    def _counted(self, charges: list[_Charge], period: BillingPeriod) -> Callable[[_Charge], Decimal]:
        if self.mode is FoldMode.TIME_WEIGHTED:
            return lambda charge: _weighted(charge, period, self.convention)
        day = {FoldMode.AT_END: period.last_day, FoldMode.AT_START: period.start}.get(self.mode) or _peak(
            charges, period
        )
        return lambda charge: charge.quantity if charge.covers(day) else Decimal(0)

    def explain(self, where: str) -> str:
        """Say which quantity stands for the period."""
        words = {
            FoldMode.AT_END: "what is held on the last day",
            FoldMode.AT_START: "what is held on the first day",
            FoldMode.PEAK: "the most that is held on one day",
            FoldMode.TIME_WEIGHTED: f"what is held, weighted by its days ({self.convention.convention.value})",
        }
        return f"Counts {words[self.mode]} for usage{where}."

    def canonical(self) -> object:
        """Return the mode and what weighs."""
        weighs = self.mode is FoldMode.TIME_WEIGHTED
        return [self.mode.value, self.convention.convention.value if weighs else ""]


def _groups(rows: UsageRows, numbers: list[int], quantities: Any) -> Iterator[list[_Charge]]:
    """Yield the charges of each identity."""
    keys = [rows.table.column(name).objects() for name in IDENTITY]
    begins, ends = (rows.table.objects(name) for name in ("covers_from", "covers_until"))
    groups: dict[tuple[Any, ...], list[_Charge]] = {}
    for row in numbers:
        if is_known(quantities[row]):
            start = max(begins[row] or rows.period.start, rows.period.start)
            end = min(ends[row] or rows.period.end, rows.period.end)
            key = tuple(column[row].strip() for column in keys)
            dated = begins[row] is not None or ends[row] is not None
            groups.setdefault(key, []).append(_Charge(row, quantities[row], start, max(start, end), dated))
    yield from groups.values()


def _agree(charges: list[_Charge], quantities: Any, units: dict[str, Any]) -> None:
    """Let what one unit costs be told by the charges that count: what is over tells nothing about what is held."""
    counted = next((charge.row for charge in charges if quantities[charge.row]), None)
    for charge in charges:
        if counted is not None and not quantities[charge.row]:
            for told in units.values():
                told[charge.row] = told[counted]


def _peak(charges: list[_Charge], period: BillingPeriod) -> date:
    """Return the first day on which the most is held; what is held changes where a charge begins or ends."""
    days = {period.start, *(day for charge in charges for day in (charge.start, charge.end) if period.contains(day))}
    return max(sorted(days), key=lambda day: sum(one.quantity for one in charges if one.covers(day)))


def _weighted(charge: _Charge, period: BillingPeriod, rule: ProrationRule) -> Decimal:
    ends = share_from(charge.end, rule, period) if charge.end < period.end else Fraction(0)
    begins = share_from(charge.start, rule, period) if charge.start < period.end else Fraction(0)
    return rounded(Fraction(charge.quantity) * (begins - ends), _PLACES, rule.rounding)


def _steps(charge: _Charge, period: BillingPeriod) -> tuple[tuple[date, Decimal], ...]:
    """Return the days on which the quantity comes and goes, as differences."""
    if charge.start == charge.end:
        return ((period.start, Decimal(0)),)
    gone = ((charge.end, -charge.quantity),) if charge.end < period.end else ()
    return ((charge.start, charge.quantity), *gone)
