"""Which part of the usage moves in a run: what does not move is outside of it, as if it were not there.

A run carries the kinds of the movement table that its settings name. While the period is still open, what moves on the
billing date never does. A line that is fed by both sorts would be short, so it is left alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing_providers.engine.charge_columns import charge_columns
from billing_providers.engine.columns import Array
from billing_providers.engine.decided import decide, placed_usage
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.targets import Targets, targets_of
from billing_providers.engine.unplaced import Usage
from billing_providers.model.changes import ManagedLine, parts_of
from billing_providers.model.findings import Finding
from billing_providers.model.movement import Moves

if TYPE_CHECKING:
    import pandas as pd

    from billing_providers.engine.charge_columns import ChargeColumns

LEFT_OUT = 210
_NAMED_MAX = 5

LineKey = tuple[str, str]  # contract id, service id


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose usage of what reaches a line, for people."""

    customer_codes: str
    customer_names: str
    skus: str


@dataclass(frozen=True, slots=True, eq=False)
class MovingPart:
    """The inputs without what does not move, the charge lines that do not, and a finding about them."""

    inputs: PlanInputs
    still: pd.DataFrame | None = None
    findings: tuple[Finding, ...] = ()

    def still_lines(self, live: LiveLines) -> dict[LineKey, Feed]:
        """Return the lines that usage reaches which does not move, whether they are there or not."""
        if self.still is None:
            return {}
        inputs = dataclasses.replace(self.inputs, charges=self.still, managed=[])
        decided = decide(inputs, charge_columns(self.still), live)
        targets, _ = targets_of(placed_usage(inputs, decided), decided, live, inputs)
        return feeds(targets, decided.usage)


def feeds(targets: Targets, usage: Usage) -> dict[LineKey, Feed]:
    """Return whose usage reaches which line."""
    rows = targets.rows_by_target(range(len(targets)))
    keys = zip(targets.contract.tolist(), targets.service.tolist(), strict=True)
    return {
        (targets.contracts[contract].contract_id, targets.services[service].service_id): _feed(rows[target], usage)
        for target, (contract, service) in enumerate(keys)
    }


def _feed(rows: Sequence[int], usage: Usage) -> Feed:
    codes = usage.charges.customers_of(rows)
    names = [usage.decisions[code].customer.name for code in codes]
    return Feed(", ".join(codes), ", ".join(names), ", ".join(usage.charges.skus_of(rows)))


def moving_part(inputs: PlanInputs) -> MovingPart:
    """Return what of the inputs moves in this run; all of it, where no table says otherwise."""
    moving = moving_kinds(inputs)
    if moving.issuperset(Moves):
        return MovingPart(inputs)
    import numpy as np

    columns = charge_columns(inputs.charges)
    kinds = [inputs.movement.of(sku, term) for sku, term in columns.articles]
    moves = np.array([kind in moving for kind in kinds] + [False], dtype=bool)[columns.article]
    managed = [line for line in inputs.managed if _moves(line, moving, inputs)]
    part = dataclasses.replace(inputs, charges=_rows(columns, moves), managed=managed)
    if moves.all():
        return MovingPart(part)
    return MovingPart(
        part, _rows(columns, ~moves), (_left_out(columns, np.nonzero(~moves)[0].tolist(), kinds, inputs),)
    )


def moving_kinds(inputs: PlanInputs) -> frozenset[Moves]:
    """Return the kinds that move in this run; all of them where no table says what moves when."""
    if not inputs.movement.rows:
        return frozenset(Moves)
    waits = {Moves.BILLING_DATE} if inputs.scope.in_period else set()
    return frozenset(inputs.settings.moves) - waits


def _moves(line: ManagedLine, moving: frozenset[Moves], inputs: PlanInputs) -> bool:
    """The register knows no terms: a SKU moves when it does with every term."""
    return all(inputs.movement.of_any_term(sku) <= moving for sku in parts_of(line.sku))


def _rows(columns: ChargeColumns, mask: Array) -> pd.DataFrame:
    rows: pd.DataFrame = columns.frame[mask]
    return rows.reset_index(drop=True)


def _left_out(columns: ChargeColumns, rows: Sequence[int], kinds: Sequence[Moves], inputs: PlanInputs) -> Finding:
    skus: dict[Moves, set[str]] = {}
    for article in {int(columns.article[row]) for row in rows}:
        skus.setdefault(kinds[article], set()).add(columns.articles[article][0])
    return inputs.voice.finding(
        LEFT_OUT,
        count=len(rows),
        customers=len(columns.customers_of(rows)),
        skus="; ".join(f"{kind.value}: {_named(names)}" for kind, names in sorted(skus.items())),
        where=inputs.movement.origin,
    )


def _named(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _NAMED_MAX} more" if len(ordered) > _NAMED_MAX else ""
    return ", ".join(name or "none" for name in ordered[:_NAMED_MAX]) + more
