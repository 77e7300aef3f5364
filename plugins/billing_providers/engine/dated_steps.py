"""Prorated quantities: each change inside the period is written from its own day on, in order, instead of once.

With the policy ``prorate``, lines whose charges tell days (the rule ``fold: at_end``) get one change for each day on
which the quantity changed, merged by day. What an earlier run wrote is not written again. The PSA prorates; nothing is
computed here but what is held from which day on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.engine.change_words import change_id
from billing_providers.engine.columns import Array
from billing_providers.engine.diff import ADD, FINE, Comparison
from billing_providers.engine.dues import Dues, owed
from billing_providers.engine.effective_dates import units_at
from billing_providers.engine.line_changes import LineChanges
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.rules.steps import steps_from_text
from billing_providers.engine.targets import Targets
from billing_providers.engine.unplaced import Usage
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.findings import Finding
from billing_providers.model.journal import DatedWrite
from billing_providers.model.psa import UnitPeriod

WITHOUT_DAYS, MORE_STEPS = 196, 197

Steps = Sequence[tuple[date, Decimal]]  # from each day on so much, ascending, the first from the period's start


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """The drafted changes with those of lines that have steps replaced. ``awakened``: lines that change only inside."""

    changes: list[LineChange]
    findings: list[Finding]
    awakened: int


def with_steps(drafted: Sequence[LineChange], lines: LineChanges, inputs: PlanInputs) -> Stepped:
    """Return the changes, each step of a line a change of its own; without the policy as they are."""
    if not inputs.settings.policy.prorate:
        return Stepped(list(drafted), [], 0)
    steps, torn = _steps_of_targets(lines.words.targets, lines.words.usage, lines.dues, lines.compared, inputs)
    findings = [_told(WITHOUT_DAYS, target, lines) for target in torn]
    by_line = {change.line_id: change for change in drafted if change.line_id}
    added = {(change.contract_id, change.service_id) for change in drafted if not change.line_id}
    replaced: dict[str, list[LineChange]] = {}
    new: dict[tuple[str, str], LineChange] = {}
    written = _writes_by_line(inputs)
    for target, of_target in steps.items():
        positions = lines.compared.lines_of(target)
        key = _key(target, lines.words.targets)
        if len(positions) == 1:
            base = by_line.get(lines.live.ids[positions[0]]) or lines.change_for(target, positions[0])
            replaced[base.line_id] = _line_steps(base, of_target, lines, positions[0], written.get(base.line_id, ()))
        elif not positions and key in added:
            new[key] = _first_step(next(one for one in drafted if not one.line_id and _of(one) == key), of_target)
            findings += [_told(MORE_STEPS, target, lines)] if new[key].quantity_after != of_target[-1][1] else []
    kept = [new.get(_of(one), one) if not one.line_id else one for one in drafted if one.line_id not in replaced]
    awakened = sum(bool(made) for line_id, made in replaced.items() if line_id not in by_line)
    return Stepped([*kept, *(change for made in replaced.values() for change in made)], findings, awakened)


def whole_chains(changes: Iterable[LineChange], drafted: Iterable[LineChange]) -> list[LineChange]:
    """Return the changes without steps that follow one which was left out: a step counts on the one before it."""
    changes = list(changes)
    kept = {change.change_id for change in changes}
    broken: dict[str, int] = {}
    for change in sorted(drafted, key=lambda one: one.step):
        if change.step and change.change_id not in kept:
            broken.setdefault(change.line_id, change.step)
    return [
        change for change in changes if not change.step or change.step < broken.get(change.line_id, change.step + 1)
    ]


def held_together(changes: Sequence[LineChange]) -> list[LineChange]:
    """Return the changes with all steps of a line held where a guard holds one of them."""
    held: dict[str, set[str]] = {}
    for change in changes:
        if change.step and change.held_by:
            held.setdefault(change.line_id, set()).update(change.held_by)
    return [
        dataclasses.replace(change, held_by=tuple(sorted(held[change.line_id])))
        if change.step and change.line_id in held
        else change
        for change in changes
    ]


def _steps_of_targets(
    targets: Targets, usage: Usage, dues: Dues, compared: Comparison, inputs: PlanInputs
) -> tuple[dict[int, Steps], list[int]]:
    """Return the steps of each target whose charges tell days, and the targets whose days are lost in a split."""
    import numpy as np

    texts = usage.charges.frame["steps"].tolist()
    told = np.fromiter((bool(text) for text in texts), dtype=bool, count=len(texts))
    counted = np.bincount(targets.row, minlength=len(texts))
    may_change = np.isin(compared.verdict, [FINE, ADD])
    wanted = [target for target in np.unique(targets.target[told[targets.row]]).tolist() if may_change[target]]
    steps: dict[int, Steps] = {}
    torn: list[int] = []
    for target, rows in targets.rows_by_target(wanted).items():
        if (counted[rows] > 1).any():
            torn.append(target)
        else:
            steps[target] = _summed(target, rows, texts, usage=usage, dues=dues, inputs=inputs)
    return steps, torn


def _summed(
    target: int, rows: Sequence[int], texts: Sequence[str], *, usage: Usage, dues: Dues, inputs: PlanInputs
) -> Steps:
    import numpy as np

    period, scale, terms = inputs.scope.period, usage.scale, dues.terms.get(target)
    differences: dict[date, int] = {}
    for row in rows:
        held = 0
        for day, quantity in steps_from_text(texts[row]) or [(period.start, scale.decimal(int(usage.units[row])))]:
            units = scale.units(quantity)
            differences[day] = differences.get(day, 0) + units - held
            held = units
    differences.setdefault(period.start, 0)
    days = sorted(differences)
    exact = np.cumsum(np.array([differences[day] for day in days], dtype=object))
    billed: Array = np.array([owed(int(units), terms, scale) if terms else int(units) for units in exact], dtype=object)
    rounded = scale.rounded(billed, inputs.places, inputs.settings.policy.rounding)
    return _merged(zip(days, scale.decimals(rounded), strict=True))


def _merged(steps: Iterable[tuple[date, Decimal]]) -> Steps:
    merged: list[tuple[date, Decimal]] = []
    for day, quantity in steps:
        if not merged or merged[-1][1] != quantity:
            merged.append((day, quantity))
    return merged


def _line_steps(
    base: LineChange, steps: Steps, lines: LineChanges, position: int, written: Sequence[DatedWrite]
) -> list[LineChange]:
    """Return what is to be written for one line, in order; the other fields go along with the last."""
    held = lines.live.columns["quantity"][position]
    schedule = lines.live.columns["schedule"][position]
    if lines.words.inputs.capabilities.dates_quantities:
        pending = _against_schedule(steps, schedule, lines.words.inputs.scope.period.end)
    else:
        pending = _against_writes(steps, held, written)
    made = [_step(base, number, wanted, lines) for number, wanted in enumerate(pending, start=1)]
    if made:
        made[-1] = dataclasses.replace(made[-1], fields=base.fields)
    elif base.fields:
        made = [dataclasses.replace(base, kind=ChangeKind.SET_FIELDS, quantity_after=held, quantity_before=held)]
    return made


Pending = list[tuple[date, Decimal | None, Decimal]]


def _against_writes(steps: Steps, held: Decimal | None, written: Sequence[DatedWrite]) -> Pending:
    """A line shows its latest quantity alone; what it held before, the journal knows.

    From the first day on which the two histories part, every day of either is written.
    """
    days_written = {write.effective_date: write.quantity_after for write in written}  # of one day the last one holds
    at_start = written[0].quantity_before if written else held
    days = sorted({day for day, _ in steps} | set(days_written))
    told: Steps = [(steps[0][0], at_start or Decimal(0)), *sorted(days_written.items())]
    parted = next((at for at, day in enumerate(days) if _on(steps, day) != _on(told, day)), None)
    if parted is None and held != steps[-1][1]:
        parted = len(days) - 1  # somebody changed it since
    pending: Pending = []
    for day in days[parted:] if parted is not None else ():
        pending.append((day, held, _on(steps, day)))
        held = _on(steps, day)
    return pending


def _on(steps: Steps, day: date) -> Decimal:
    return [quantity for begins, quantity in steps if begins <= day][-1]


def _against_schedule(steps: Steps, schedule: Sequence[UnitPeriod], end: date) -> Pending:
    """A line holds other units on other days; each change moves the days after it as well."""
    days = sorted({day for day, _ in steps} | {row.start for row in schedule if steps[0][0] < row.start < end})
    moved, pending = Decimal(0), Pending()
    for day in days:
        live = units_at(schedule, day)
        wanted = _on(steps, day)
        before = None if live is None else live + moved
        if before != wanted:
            pending.append((day, before, wanted))
            moved += wanted - (before or Decimal(0))
    return pending


def _step(
    base: LineChange, number: int, wanted: tuple[date, Decimal | None, Decimal], lines: LineChanges
) -> LineChange:
    day, before, after = wanted
    tenant, kind = lines.words.inputs.scope.tenant, ChangeKind.SET_QUANTITY
    return dataclasses.replace(
        base,
        change_id=change_id(tenant, base.contract_id, f"{base.line_id}@{day}", kind),
        kind=kind,
        quantity_before=before,
        quantity_after=after,
        effective_date=day,
        fields=(),
        step=number,
        reason=f"From {day} on, step {number} inside the period. {base.reason}",
    )


def _first_step(added: LineChange, steps: Steps) -> LineChange:
    """A new line begins with the first day that has a quantity; what follows needs the line's id."""
    day, quantity = next((step for step in steps if step[1]), steps[-1])
    return dataclasses.replace(added, quantity_after=quantity, effective_date=day)


def _writes_by_line(inputs: PlanInputs) -> Mapping[str, Sequence[DatedWrite]]:
    by_line: dict[str, list[DatedWrite]] = {}
    for write in inputs.dated_writes:
        if write.certain and inputs.scope.period.contains(write.effective_date):
            by_line.setdefault(write.line_id, []).append(write)
    return by_line


def _key(target: int, targets: Targets) -> tuple[str, str]:
    contract = targets.contracts[targets.contract[target]]
    return contract.contract_id, targets.services[targets.service[target]].service_id


def _of(change: LineChange) -> tuple[str, str]:
    return change.contract_id, change.service_id


def _told(number: int, target: int, lines: LineChanges) -> Finding:
    rows = lines.words.targets.rows_by_target([target])[target]
    return lines.words.inputs.voice.finding(number, **lines.words.subject(target, lines.words.facts(rows)))
