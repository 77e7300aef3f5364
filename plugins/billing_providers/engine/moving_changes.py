"""Changes that wait although their quantity differs: shared lines, what is too young, lines that have moved on.

Each is left for a later run or a person, and said; nothing of it is lost, as the next run compares with the live lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.engine.limited import limited
from billing_providers.engine.movement_scope import Feed, LineKey
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.changes import ChangeKind, LineChange, MatchedLine
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding

SHARED, YOUNG, MOVED_ON = 211, 212, 214
_NAMED_MAX = 5
_REMOVALS = frozenset({ChangeKind.ZERO, ChangeKind.END_LINE})


@dataclass(frozen=True, slots=True, eq=False)
class Movable:
    """The changes that may be written now, and findings about the others.

    ``shared``: lines that usage reaches which does not move. ``later``: lines that a later period has matched.
    """

    changes: list[LineChange]
    findings: list[Finding]
    shared: Collection[LineKey]
    later: Mapping[str, date]

    def registers(self, line: MatchedLine) -> bool:
        """Whether a matched line may be registered for this period."""
        return (line.contract_id, line.service_id) not in self.shared and line.line_id not in self.later


def movable_changes(
    changes: Sequence[LineChange], still: Mapping[LineKey, Feed], moving: Mapping[LineKey, Feed], inputs: PlanInputs
) -> Movable:
    """Return the changes that may be written now.

    :param still: lines that usage reaches which does not move.
    :param moving: lines that usage reaches which moves.
    """
    later = _later_periods(inputs)
    kept: list[LineChange] = []
    young: list[LineChange] = []
    gone_on: list[LineChange] = []
    for change in changes:
        if (change.contract_id, change.service_id) in still:
            continue
        if change.line_id in later:
            gone_on.append(change)
        elif inputs.young.holds(change):
            young.append(change)
        else:
            kept.append(change)
    shared = sorted(key for key in still if key in moving)
    findings = limited(shared, lambda key: _shared(key, moving[key], still[key], inputs), inputs.voice)
    if young:
        findings.append(_young(young, inputs))
    lost = [pair for change in gone_on if (pair := _lost(change, inputs)) is not None]
    findings += limited(lost, lambda pair: _moved_on(pair[0], pair[1], later[pair[0].line_id], inputs), inputs.voice)
    return Movable(kept, findings, still, later)


def runs_before(inputs: PlanInputs) -> dict[str, int]:
    """Return in how many runs of this period the quantity of each line was changed already."""
    runs: dict[str, set[str]] = {}
    for entry in inputs.standing:
        if entry.period_start == inputs.scope.period.start and entry.quantity_before != entry.quantity_after:
            runs.setdefault(entry.line_id, set()).add(entry.run_key)
    return {line_id: len(keys) for line_id, keys in runs.items()}


def _later_periods(inputs: PlanInputs) -> dict[str, date]:
    """Return the managed lines that a run of a later period has matched, with that period's start."""
    if not inputs.movement.rows:
        return {}
    start = inputs.scope.period.start
    return {line.line_id: line.period_start for line in inputs.managed if line.period_start > start}


def _lost(change: LineChange, inputs: PlanInputs) -> tuple[LineChange, Decimal | None] | None:
    """Return the change with what the line held at the end of the period, unless that is what it should hold.

    It held what the first write of a later period found; without one, what it holds now. A line without usage in this
    period that none of its runs wrote may be managed since the later period only, and is nobody's loss.
    """
    start = inputs.scope.period.start
    writes = [entry for entry in inputs.standing if entry.line_id == change.line_id]
    if change.kind in _REMOVALS and all(entry.period_start > start for entry in writes):
        return None
    held = next((entry.quantity_before for entry in writes if entry.period_start > start), change.quantity_before)
    return None if held == change.quantity_after else (change, held)


def _subject(change: LineChange) -> dict[str, Any]:
    return {
        "customer": ", ".join(change.customer_codes),
        "customer_name": ", ".join(change.customer_names),
        "account": change.account_id,
        "contract": change.contract_id,
        "contract_name": change.contract_name,
        "service": change.service_name,
        "sku": ", ".join(change.skus),
        "line": change.line_id,
    }


def _shared(key: LineKey, moving: Feed, still: Feed, inputs: PlanInputs) -> Finding:
    contract, service = key
    names = {entry.service_id: entry.name.strip() for entry in inputs.directory.services}
    return inputs.voice.finding(
        SHARED,
        customer=moving.customer_codes,
        customer_name=moving.customer_names,
        contract=contract,
        service=names.get(service, service),
        sku=moving.skus,
        still=still.skus,
        where=inputs.movement.origin,
    )


def _young(changes: Sequence[LineChange], inputs: PlanInputs) -> Finding:
    named = [f"{', '.join(change.customer_codes)} {', '.join(change.skus)}" for change in changes]
    more = f" and {len(named) - _NAMED_MAX} more" if len(named) > _NAMED_MAX else ""
    minutes = inputs.settings.debounce // timedelta(minutes=1)
    return inputs.voice.finding(
        YOUNG, count=len(changes), minutes=minutes, changes="; ".join(sorted(named)[:_NAMED_MAX]) + more
    )


def _moved_on(change: LineChange, held: Decimal | None, later: date, inputs: PlanInputs) -> Finding:
    return inputs.voice.finding(
        MOVED_ON,
        **_subject(change),
        period=inputs.scope.period,
        later=later,
        held="an unknown quantity" if held is None else text_from_decimal(held),
        after=text_from_decimal(change.quantity_after),
    )
