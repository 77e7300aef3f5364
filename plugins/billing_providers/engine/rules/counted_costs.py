"""What of its cost each usage row brings to its charge line."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from billing_providers.engine.rules.exact import amount_kept, total_of
from billing_providers.engine.rules.usage_rows import UsageRows

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Objects


def counted_costs(rows: UsageRows) -> Objects:
    """Return each row's total after the row rules, else its quantity times the cost of one unit.

    None for rows that are closed, and for those of which neither is known.
    """
    import numpy as np

    costs = rows.table.objects("total_cost").copy()
    by_unit = np.flatnonzero(rows.open & np.array([cost is None for cost in costs], dtype=bool))
    units, quantities = rows.table.column("unit_cost"), rows.table.column("quantity")
    known: dict[tuple[int, int], Decimal | None] = {}
    pairs = zip(units.codes[by_unit].tolist(), quantities.codes[by_unit].tolist(), strict=True)
    for row, (unit, quantity) in zip(by_unit.tolist(), pairs, strict=True):
        if (unit, quantity) not in known:
            told = total_of(units.values[unit], quantities.values[quantity])
            known[unit, quantity] = amount_kept(told)
        costs[row] = known[unit, quantity]
    costs[~rows.open] = None
    return costs
