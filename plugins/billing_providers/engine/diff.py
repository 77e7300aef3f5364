"""What should be and what is, compared line by line: set, add, unchanged, or left alone with a finding.

Targets and live lines meet by contract and service. Everything is compared in columns; a Python object is made
only for a line that changes or needs a word.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from billing_providers.engine.columns import Array
from billing_providers.engine.decided import Decided
from billing_providers.engine.dues import Dues
from billing_providers.engine.line_fields import LineFields
from billing_providers.engine.live_lines import LiveLines, positions_in
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.targets import Targets
from billing_providers.model.changes import FieldChange
from billing_providers.model.settings import Fractions, SeveralLines

FINE, NOTHING, ADD = 0, -1, -2
LINE_ENDED, SCHEDULED, OWNED = 170, 183, 186
_STRONGER = frozenset({NOTHING, 105, 106})  # nothing to bill, or a fault of the usage itself


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """Live lines with what they should hold: position of the line, its target, the units before and after.

    ``known`` is false where the PSA does not tell the quantity before; ``rises`` where the line gets more, which may
    take effect on another day than a decrease.
    """

    line: Array
    target: Array
    before: Array
    after: Array
    known: Array
    rises: Array
    fields: dict[int, tuple[FieldChange, ...]]  # position of a line → what of it changes besides the quantity

    @property
    def changed(self) -> Array:
        """Mask of the lines that change, or may change because nobody knows what they hold."""
        import numpy as np

        mask: Array = ~self.known | (self.before != self.after)
        return mask | np.isin(self.line, list(self.fields)) if self.fields else mask

    def outside(self, account_ids: Collection[str], targets: Targets) -> Assigned:
        """Return what is assigned on other accounts than these."""
        import numpy as np

        if not account_ids:
            return self
        of_contract = np.array([account.account_id not in account_ids for account in targets.accounts], dtype=bool)
        kept = of_contract[targets.contract[self.target]]
        columns = ("line", "target", "before", "after", "known", "rises")
        return replace(self, **{name: getattr(self, name)[kept] for name in columns})


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every target with its verdict: :data:`FINE`, :data:`ADD`, :data:`NOTHING` to do, or a finding's number.

    ``after`` is what each target comes to once it is rounded. ``line_target`` is the target of each live line, -1
    for lines that no usage reaches.
    """

    verdict: Array
    after: Array
    line_target: Array
    assigned: Assigned
    aside: dict[int, tuple[int, str]]  # targets whose only lines cannot be used: a finding's number and what about

    @property
    def reached(self) -> Array:
        """Positions of the live lines that usage reaches, those that are left alone included."""
        import numpy as np

        positions: Array = np.nonzero(self.line_target >= 0)[0]
        return positions

    def lines_of(self, target: int) -> list[int]:
        """Return the positions of a target's open lines, lowest id first."""
        import numpy as np

        order, targets = self._by_target
        start, end = np.searchsorted(targets, [target, target + 1])
        positions: list[int] = order[start:end].tolist()
        return positions

    @cached_property
    def _by_target(self) -> tuple[Array, Array]:
        import numpy as np

        order = np.argsort(self.line_target, kind="stable")
        return order, self.line_target[order]


def compare(
    targets: Targets, dues: Dues, wanted: LineFields, *, live: LiveLines, decided: Decided, inputs: PlanInputs
) -> Comparison:
    """Compare all targets with all live lines."""
    import numpy as np

    policy, after = inputs.settings.policy, dues.after
    line_target = _line_targets(targets, live)
    reached = np.nonzero(line_target >= 0)[0]
    count = np.bincount(line_target[reached], minlength=len(targets))
    unreadable = np.zeros(len(targets), dtype=bool)
    if inputs.capabilities.reads_quantity:
        missing = decided.rising.missing | decided.falling.missing
        unreadable[line_target[reached[missing[reached]]]] = True
    refuse = inputs.capabilities.whole_units and policy.fractions is Fractions.REFUSE
    add = policy.add_lines and inputs.capabilities.adds_lines
    verdict = np.select(
        [
            targets.mixed_terms,
            dues.units < 0,
            (after != dues.units) & refuse,
            (count == 0) & (after == 0),
            count == 0,
            (count > 1) & (policy.several_lines is SeveralLines.SKIP),
            unreadable,
        ],
        [105, 106, 143, NOTHING, ADD if add else 6, 104, 162],
        default=FINE,
    )
    aside = _set_aside(targets, np.nonzero(count == 0)[0].tolist(), live, inputs)
    for target, (number, _) in aside.items():
        verdict[target] = number if verdict[target] != NOTHING else NOTHING
    for target, (number, _) in {**wanted.faults, **dues.faults}.items():
        verdict[target] = verdict[target] if verdict[target] in _STRONGER else number
    assigned = _assigned(verdict, after, line_target, wanted=wanted, live=live, decided=decided)
    torn = assigned.rises & (decided.rising.units[assigned.line] != decided.falling.units[assigned.line])
    if torn.any():
        verdict[assigned.target[torn]] = SCHEDULED
        assigned = _assigned(verdict, after, line_target, wanted=wanted, live=live, decided=decided)
    return Comparison(verdict, after, line_target, assigned, aside)


def _assigned(
    verdict: Array, after: Array, line_target: Array, *, wanted: LineFields, live: LiveLines, decided: Decided
) -> Assigned:
    """Return what the lines of the fine targets should hold; of several lines the first takes it all."""
    import numpy as np

    reached = np.nonzero(line_target >= 0)[0]
    line = reached[verdict[line_target[reached]] == FINE]
    target = line_target[line]
    first = np.full(len(verdict), -1, dtype=np.int64)
    first[target[::-1]] = line[::-1]
    held = np.where(first[target] == line, after[target], 0)
    rises = held > decided.rising.units[line]
    return Assigned(
        line=line,
        target=target,
        before=np.where(rises, decided.rising.units[line], decided.falling.units[line]),
        after=held,
        known=~(decided.rising.missing | decided.falling.missing)[line],
        rises=rises,
        fields=_fields_of_lines(line, target, first, wanted, live),
    )


def _set_aside(
    targets: Targets, without_line: list[int], live: LiveLines, inputs: PlanInputs
) -> dict[int, tuple[int, str]]:
    """Return the targets whose lines are there but cannot be used: a finding's number, and what it is about.

    Such lines ended inside the period, or are driven by something else.
    """
    period = inputs.scope.period
    aside: dict[tuple[str, str], tuple[int, str]] = {}
    for at, (last_day, owner) in enumerate(zip(live.columns["last_day"], live.columns["owned_by"], strict=True)):
        key = (live.contract_ids[at], live.service_ids[at])
        if owner:
            aside[key] = (OWNED, owner)
        elif last_day is not None and period.contains(last_day) and not live.open[at]:
            aside.setdefault(key, (LINE_ENDED, last_day.isoformat()))
    if not aside:
        return {}
    found = {}
    for target in without_line:
        contract = targets.contracts[int(targets.contract[target])]
        key = (contract.contract_id, targets.services[int(targets.service[target])].service_id)
        if key in aside:
            found[target] = aside[key]
    return found


def _fields_of_lines(
    line: Array, target: Array, first: Array, wanted: LineFields, live: LiveLines
) -> dict[int, tuple[FieldChange, ...]]:
    """Return what differs on each line that takes a target's quantity, apart from the quantity."""
    import numpy as np

    if not wanted.wanted:
        return {}
    chosen = np.isin(target, list(wanted.wanted)) & (first[target] == line)
    changes = {
        position: wanted.changes(number, live.line(position).fields())
        for position, number in zip(line[chosen].tolist(), target[chosen].tolist(), strict=True)
    }
    return {position: fields for position, fields in changes.items() if fields}


def _line_targets(targets: Targets, live: LiveLines) -> Array:
    """Return the target of each open live line, -1 where there is none."""
    import numpy as np
    import pandas as pd

    width = max(len(targets.services), 1)
    contract = positions_in([contract.contract_id for contract in targets.contracts], live.contract_ids)
    service = positions_in([service.service_id for service in targets.services], live.service_ids)
    meets = live.open & (contract >= 0) & (service >= 0)
    keys = pd.Index(targets.contract * width + targets.service)
    return np.where(meets, keys.get_indexer(pd.Index(np.where(meets, contract * width + service, -1))), -1)
