"""The PSA's live contract lines as columns, in one order whatever order they were read in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any

from billing_providers.engine.columns import Array
from billing_providers.engine.effective_dates import LineDates, units_at
from billing_providers.model.psa import ContractLine

if TYPE_CHECKING:
    import pandas as pd

# What ids are sorted by: numbers by their value, whatever their length.
id_key = methodcaller("zfill", 20)

_NAMES = tuple(field.name for field in fields(ContractLine))


@dataclass(frozen=True, slots=True, eq=False)
class LiveLines:
    """Lines in order of their ids; position ``i`` of every column is the same line.

    ``columns`` holds the fields of :class:`~billing_providers.model.psa.ContractLine` by name. ``rising`` is what a
    line holds on the day on which an increase takes effect, ``falling`` on that of a decrease; they differ only where
    the PSA dates quantities, and then ``up`` and ``down`` are those days.
    """

    columns: dict[str, list[Any]]
    open: Array
    rising: list[Decimal | None]
    falling: list[Decimal | None]
    up: list[date] | None = None
    down: list[date] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ids(self) -> list[str]:
        """Line ids."""
        return self.columns["line_id"]

    @property
    def contract_ids(self) -> list[str]:
        """Ids of the lines' contracts."""
        return self.columns["contract_id"]

    @property
    def service_ids(self) -> list[str]:
        """Ids of the lines' services."""
        return self.columns["service_id"]

    def line(self, position: int) -> ContractLine:
        """Return one line."""
        return ContractLine(*(self.columns[name][position] for name in _NAMES))

    def positions(self, line_ids: Sequence[str]) -> Array:
        """Return where lines are; -1 for those that were not read."""
        import numpy as np

        if not line_ids:
            return np.zeros(0, dtype=np.int64)
        if len(set(self.ids)) == len(self.ids):
            return positions_in(self.ids, line_ids)
        position = {line_id: number for number, line_id in reversed(list(enumerate(self.ids)))}
        return np.array([position.get(line_id, -1) for line_id in line_ids], dtype=np.int64)


def live_lines(
    lines: Sequence[ContractLine] | pd.DataFrame, billed_on: date, dates: LineDates | None = None
) -> LiveLines:
    """Return the lines as columns. A line that was read twice with the same content counts once.

    :param billed_on: a line whose last day comes before this one is not open, and neither is one with another owner.
    :param dates: on which days quantities change, where the PSA dates them.
    """
    import numpy as np

    if isinstance(lines, Sequence):
        columns = {name: list(map(attrgetter(name), lines)) for name in _NAMES}
    else:
        columns = {name: lines[name].tolist() for name in _NAMES}
    keys = list(map(id_key, columns["line_id"]))
    if len(set(keys)) < len(keys):
        rows = dict.fromkeys(zip(*columns.values(), strict=True))
        ordered = sorted(rows, key=lambda row: (id_key(row[0]), repr(row)))
        columns = {name: list(column) for name, column in zip(_NAMES, zip(*ordered, strict=True), strict=True)}
    elif keys != sorted(keys):
        order = sorted(range(len(keys)), key=keys.__getitem__)
        columns = {name: [column[at] for at in order] for name, column in columns.items()}
    is_open = np.array(columns["open"], dtype=bool)
    for position, (last_day, owner) in enumerate(zip(columns["last_day"], columns["owned_by"], strict=True)):
        if owner or (last_day is not None and last_day < billed_on):
            is_open[position] = False
    if dates is None:
        return LiveLines(columns, is_open, columns["quantity"], columns["quantity"])
    schedules = columns["schedule"]
    up, down = list(map(dates.of_increase, schedules)), list(map(dates.of_decrease, schedules))
    return LiveLines(
        columns, is_open, list(map(units_at, schedules, up)), list(map(units_at, schedules, down)), up, down
    )


def positions_in(known: Iterable[str], wanted: Sequence[str]) -> Array:
    """Return the position of each wanted text among known, distinct texts; -1 where there is none."""
    import numpy as np
    import pandas as pd

    index = pd.Index(np.array([*known, None], dtype=object)[:-1], dtype=object)
    result: Array = index.get_indexer(pd.Index(np.array([*wanted, None], dtype=object)[:-1], dtype=object))
    return result
