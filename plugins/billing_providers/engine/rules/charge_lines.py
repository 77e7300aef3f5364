"""Charge lines while line rules work on them: usage rows summed by identity, exactly, in order of identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.engine.rules.attributes import common_attributes
from billing_providers.engine.rules.columns import Column, Table, trimmed
from billing_providers.engine.rules.exact import sums_of_groups, total, total_of
from billing_providers.engine.rules.steps import steps_of_groups
from billing_providers.engine.rules.usage_rows import TOTAL_OF, UsageRows

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Codes, Mask, Objects

# What is counted apart: rows that agree in all of these are summed, whatever else they say.
IDENTITY = ("source", "customer_code", "sku", "term", "billing_cycle", "item_id")

# What is summed over rows, and over lines again; ``cost_by_unit`` is what of a total the amount of one unit told.
SUMMED = ("quantity", "record_count", "cost_by_unit")

# What a line says only when all its rows say the same, and what it says otherwise.
_AGREED: dict[str, Any] = {"unit": "", "currency": "", "unit_cost": None, "unit_price": None}

_KEY_MAX = 2**62


@dataclass(frozen=True, slots=True)
class MixedUnits:
    """Rows of one identity that come in several units, and so have no sum."""

    customer_code: str
    customer_name: str
    sku: str
    units: tuple[str, ...]


class ChargeLines:
    """Charge lines in columns, sorted by identity.

    ``line_of_row`` leads from a usage row to its line, -1 for rows that do not count. ``mixed_units`` names the
    lines whose sum means nothing.
    """

    def __init__(self, rows: UsageRows) -> None:
        import numpy as np

        self._trail = rows.trail
        self.mixed_units: list[MixedUnits] = []
        self.identity_changed = False
        self.table, self.line_of_row = self._summed(rows.table, np.flatnonzero(rows.open))
        self.open = self.table.everywhere()

    def total(self, mask: Mask) -> Decimal:
        """Return the exact sum of the masked quantities."""
        return total(self.table.column("quantity"), mask)

    def mark(self, mask: Mask, rule: str) -> None:
        """Note that a rule touched the rows behind the masked lines."""
        if mask.any():
            self._trail.mark(self.rows_of(mask), rule)

    def rows_of(self, mask: Mask) -> Mask:
        """Return the usage rows behind the masked lines."""
        import numpy as np

        return np.append(mask, [False])[self.line_of_row]  # -1 is the last: no line

    def tell_totals(self, mask: Mask) -> None:
        """Give the masked lines the totals that they lack and that the amount of one unit tells."""
        import numpy as np

        quantities = self.table.objects("quantity")
        for unit_name, total_name in TOTAL_OF.items():
            units, column = self.table.objects(unit_name), self.table.column(total_name)
            numbers = np.flatnonzero(mask & column.where(lambda total: total is None))
            column.codes[numbers] = np.arange(len(column.values), len(column.values) + len(numbers))
            told = [total_of(units[number], quantities[number]) for number in numbers.tolist()]
            column.values.extend(told)
            if unit_name == "unit_cost":
                self._note_made(numbers, told)

    def _note_made(self, numbers: Codes, totals: Sequence[Decimal | None]) -> None:
        column = self.table.column("cost_by_unit")
        column.codes[numbers] = range(len(column.values), len(column.values) + len(numbers))
        column.values.extend(total or Decimal(0) for total in totals)

    def settle(self) -> None:
        """Sum the lines anew, after a rule gave some of them another identity."""
        import numpy as np

        if self.identity_changed:
            self.table, line_of_line = self._summed(self.table, np.arange(self.table.length))
            self._follow(line_of_line)

    def drop(self, mask: Mask) -> None:
        """Take the masked lines away, with the rows behind them."""
        import numpy as np

        self.table, line_of_line = self._summed(self.table, np.flatnonzero(~mask))
        self._follow(line_of_line)

    def _follow(self, line_of_line: Codes) -> None:
        import numpy as np

        self.line_of_row = np.append(line_of_line, [-1])[self.line_of_row]
        self.open = self.table.everywhere()
        self.identity_changed = False

    def _summed(self, table: Table, rows: Codes) -> tuple[Table, Codes]:
        """Return the sums of some rows of a table, and the number of the line that each row of the table reached."""
        import numpy as np

        keys = _identity_keys(table, rows)
        order = np.argsort(keys, kind="stable")
        ordered, keys = rows[order], keys[order]
        begins = np.ones(len(rows), dtype=bool)
        begins[1:] = keys[1:] != keys[:-1]
        starts = np.flatnonzero(begins)
        groups = _Groups(table, ordered, starts, ordered[starts])
        line_of_row = np.full(table.length, -1, dtype=np.int64)
        line_of_row[ordered] = np.cumsum(begins) - 1
        return self._table_of(groups), line_of_row

    def _table_of(self, groups: _Groups) -> Table:
        import numpy as np

        table, first = groups.table, groups.first
        agreed: dict[str, Objects] = {}
        for name, otherwise in _AGREED.items():
            said = table.objects(name)
            disagree = groups.disagreeing(said)
            if name == "unit":
                self.mixed_units += [groups.mixed_units(said, int(line)) for line in np.flatnonzero(disagree)]
            agreed[name] = said[first]
            agreed[name][disagree] = otherwise
        for name in TOTAL_OF.values():  # the sum, when all rows tell it
            agreed[name] = groups.amounts(table.objects(name))
        several = groups.disagreeing(table.objects("currency"))
        for name in (*TOTAL_OF, *TOTAL_OF.values()):
            agreed[name][several] = None  # amounts in several currencies have no sum, and are not the same
        agreed["steps"] = steps_of_groups(table.objects("steps"), groups.ordered, groups.starts)
        said = table.objects("attributes")
        agreed["attributes"] = said[first]
        for line in np.flatnonzero(groups.disagreeing(said)):
            agreed["attributes"][line] = common_attributes(groups.members(said, int(line)))

        def objects(name: str) -> Objects:
            return agreed[name] if name in agreed else table.objects(name)[first]

        columns = {name: _identity_column(table.column(name), first) for name in IDENTITY}
        for name in SUMMED:
            columns[name] = sums_of_groups(table.column(name), groups.ordered, groups.starts)
        return Table(len(first), objects, columns)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows of a table, group after group: ``starts`` in ``ordered``, ``first`` row of each in the original order."""

    table: Table
    ordered: Codes
    starts: Codes
    first: Codes

    def disagreeing(self, said: Objects) -> Mask:
        """Return the groups whose rows say several things; ``said`` is what each row of the table says."""
        import numpy as np

        sizes = np.diff(np.append(self.starts, len(self.ordered)))
        disagree = np.zeros(len(self.starts), dtype=bool)
        several = np.flatnonzero(sizes > 1)
        if len(several):
            members = np.repeat(sizes > 1, sizes)
            codes = Column.of(said[self.ordered[members]]).by_value()
            starts = np.append([0], np.cumsum(sizes[several])[:-1])
            disagree[several] = np.minimum.reduceat(codes, starts) != np.maximum.reduceat(codes, starts)
        return disagree

    def amounts(self, said: Objects) -> Objects:
        """Return the exact sum of each group's amounts; None where one of its rows tells none."""
        import numpy as np

        sums = np.full(len(self.starts), None, dtype=object)
        told = np.array([amount is not None for amount in said], dtype=bool)
        if not told.any():
            return sums
        whole = np.logical_and.reduceat(told[self.ordered], self.starts)
        amounts = said.copy()
        amounts[~told] = Decimal(0)
        sums[whole] = sums_of_groups(Column.of(amounts), self.ordered, self.starts).objects()[whole]
        return sums

    def members(self, said: Objects, line: int) -> list[Any]:
        """Return what the rows of one group say."""
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.ordered)
        return list(said[self.ordered[self.starts[line] : end]])

    def mixed_units(self, units: Objects, line: int) -> MixedUnits:
        """Return what a person should know about a group with several units."""
        row = self.first[line]
        code, name, sku = (self.table.objects(field)[row] for field in ("customer_code", "customer_name", "sku"))
        return MixedUnits(code.strip(), name, sku.strip(), tuple(sorted(set(map(trimmed, self.members(units, line))))))


def _identity_keys(table: Table, rows: Codes) -> Codes:
    """Return one number per row: equal for one identity, and in the order of identities."""
    import numpy as np

    keys = np.zeros(len(rows), dtype=np.int64)
    size = 1
    for name in IDENTITY:
        ranks, count = table.column(name).ranks()
        if size * max(count, 1) > _KEY_MAX:
            distinct, keys = np.unique(keys, return_inverse=True)
            size = len(distinct)
        keys = keys * count + ranks[rows]
        size *= max(count, 1)
    return keys


def _identity_column(column: Column, rows: Codes) -> Column:
    return Column(column.codes[rows], [value.strip() for value in column.values])
