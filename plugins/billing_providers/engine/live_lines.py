"""The PSA's live contract lines as columns, in one order whatever order they were read in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing_providers.engine.columns import Array
from billing_providers.model.frames import rows_of
from billing_providers.model.psa import ContractLine

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class LiveLines:
    """Lines in order of their ids; position ``i`` of every column is the same line."""

    lines: list[ContractLine]
    ids: list[str]
    contract_ids: list[str]
    service_ids: list[str]
    open: Array

    def __len__(self) -> int:
        return len(self.lines)

    def positions(self, line_ids: Sequence[str]) -> Array:
        """Return where lines are; -1 for those that were not read."""
        import numpy as np

        if len(set(self.ids)) == len(self.ids):
            return positions_in(self.ids, line_ids)
        position = {line_id: number for number, line_id in reversed(list(enumerate(self.ids)))}
        return np.array([position.get(line_id, -1) for line_id in line_ids], dtype=np.int64)


def live_lines(lines: Sequence[ContractLine] | pd.DataFrame) -> LiveLines:
    """Return the lines as columns. A line that was read twice with the same content counts once."""
    import numpy as np

    held = list(lines) if isinstance(lines, Sequence) else list(rows_of(ContractLine, lines))
    keys = [id_key(line.line_id) for line in held]
    if len(set(keys)) < len(keys):
        held = list(dict.fromkeys(held))
        held.sort(key=lambda line: (id_key(line.line_id), repr(line)))
    else:
        held = [held[position] for position in sorted(range(len(held)), key=keys.__getitem__)]
    return LiveLines(
        lines=held,
        ids=[line.line_id for line in held],
        contract_ids=[line.contract_id for line in held],
        service_ids=[line.service_id for line in held],
        open=np.array([line.open for line in held], dtype=bool),
    )


def id_key(identity: str) -> str:
    """Return what ids are sorted by: numbers by their value, whatever their length."""
    return identity.zfill(20)


def positions_in(known: Iterable[str], wanted: Sequence[str]) -> Array:
    """Return the position of each wanted text among known, distinct texts; -1 where there is none."""
    import numpy as np
    import pandas as pd

    index = pd.Index(np.array([*known, None], dtype=object)[:-1], dtype=object)
    result: Array = index.get_indexer(pd.Index(np.array([*wanted, None], dtype=object)[:-1], dtype=object))
    return result
