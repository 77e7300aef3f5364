"""The usage rows of a run while row rules work on them: columns, what was left out and why, who touched what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from billing_providers.engine.rules.columns import Column, Table, Trail
from billing_providers.engine.rules.exact import total
from billing_providers.model.periods import BillingPeriod

if TYPE_CHECKING:
    import pandas as pd

    from billing_providers.engine.rules.columns import Codes, Mask, Objects

# Amounts of one unit, and the totals that stand for them where the source gives both.
TOTAL_OF = {"unit_cost": "total_cost", "unit_price": "total_price"}


@dataclass(frozen=True, slots=True)
class CustomerRows:
    """Some rows of one customer: how many, and the number of the first."""

    code: str
    name: str
    count: int
    first: int


class UsageRows:
    """Usage rows of one billing period in columns.

    ``open`` are the rows that still count; a row is closed once, with its reason. The column ``steps`` holds the days
    on which a folded row's quantity comes and goes, as differences.
    """

    def __init__(self, usage: pd.DataFrame, period: BillingPeriod) -> None:
        def objects(name: str) -> Objects:
            return usage[name].to_numpy(dtype=object)

        count = len(usage)
        self.period = period
        # A row counts itself; what is summed over rows is summed again over lines.
        made = {
            "record_count": Column.filled(count, Decimal(1)),
            "cost_by_unit": Column.filled(count, Decimal(0)),
            "steps": Column.filled(count, ()),
        }
        self.table = Table(count, objects, made)
        self.open = self.table.everywhere()
        self.trail = Trail(count)
        self._reasons = Column.filled(count, "")

    def exclude(self, mask: Mask, reason: str) -> None:
        """Close the masked rows: they count for nothing."""
        self.open &= ~mask
        self._reasons.put(mask, reason)

    def total(self, mask: Mask) -> Decimal:
        """Return the exact sum of the masked quantities."""
        return total(self.table.column("quantity"), mask)

    def mark(self, mask: Mask, rule: str) -> None:
        """Note that a rule touched the masked rows."""
        self.trail.mark(mask, rule)

    def settle(self) -> None:
        """Nothing follows from a rule for rows."""

    def reasons(self) -> Objects:
        """Return why each row was closed, empty for those that count."""
        return self._reasons.objects()

    def customers(self, mask: Mask) -> list[CustomerRows]:
        """Return the customers of the masked rows, sorted by code, named as in the first of these rows."""
        import numpy as np

        rows: Codes = np.flatnonzero(mask)
        codes = self.table.column("customer_code").by_value()[rows]
        _, first_of, counts = np.unique(codes, return_index=True, return_counts=True)
        firsts = rows[first_of]
        texts = self.table.objects("customer_code")[firsts]
        names = self.table.objects("customer_name")[firsts]
        found = zip(texts, names, counts.tolist(), firsts.tolist(), strict=True)
        return sorted(
            (CustomerRows(text.strip(), name, count, first) for text, name, count, first in found),
            key=lambda customer: customer.code,
        )
