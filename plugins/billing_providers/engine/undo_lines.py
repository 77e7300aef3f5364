"""Brings one line back to what it held before a run, if it still is what the run left; else says why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing_providers.engine.change_words import change_id
from billing_providers.engine.undo_days import LegalDay, legal_day
from billing_providers.engine.undo_trails import Trail
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.psa import Contract, ContractLine, PsaCapabilities

_QUANTITY_STAYS = frozenset({ChangeKind.SET_FIELDS, ChangeKind.END_LINE})


@dataclass(frozen=True, slots=True)
class Later:
    """A change that is undone from a later day than its own."""

    change: LineChange
    day: date
    why: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of one line: changes that restore it, or none: it is ``as_before`` already, or ``kept`` says why not.

    ``kept`` may also say what of the line stays although the rest is restored.
    """

    changes: tuple[LineChange, ...] = ()
    kept: str = ""
    later: tuple[Later, ...] = ()
    as_before: bool = False


@dataclass(frozen=True, slots=True)
class _Move:
    """A difference that the run sent: from which day on, how many units, and what the line held there then."""

    day: date
    units: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class LineUndo:
    """One line of a run, as the PSA shows it now.

    :param taken: days for which the line was changed before.
    :param last_writer: the run that wrote the line last.
    """

    trail: Trail
    live: ContractLine
    tenant: str
    run_key: str
    capabilities: PsaCapabilities
    contract: Contract | None = None
    taken: frozenset[date] = field(default_factory=frozenset)
    last_writer: str = ""

    def restored(self) -> Restored:
        """Return what brings the line back."""
        if not self.live.open:
            return Restored(kept="the line has ended")
        if self.live.owned_by:
            return Restored(kept=f"the line is driven by {self.live.owned_by} now")
        if self.trail.held_before is None:
            return Restored(kept="nobody knew what the line held before the run")
        return self._dated() if self._moves() and self.live.schedule else self._plain(self.trail.held_before)

    def _plain(self, before: Decimal) -> Restored:
        day, left = self.trail.last.effective_date, self.trail.left
        held = self.live.quantity_on(day)
        fields, kept = self._fields()
        if held == before and all(self._shows(one.field, one.after) for one in fields):
            return Restored(kept=kept, as_before=not kept)
        if held != left or not self._fields_are_left():
            return Restored(kept=self._moved_on(held))
        if held == before:
            return Restored((self._change(ChangeKind.SET_FIELDS, held, before, day=day, fields=fields),), kept)
        days = sorted({change.effective_date for change in self.trail.changes if change.step})
        if not days:
            return Restored((self._change(self._kind, left, before, day=day, fields=fields),), kept)
        steps = (  # each day of the run is written again, as the run did
            self._change(
                ChangeKind.SET_QUANTITY,
                left if step == 1 else before,
                before,
                day=at,
                fields=fields if step == len(days) else (),
                step=step,
            )
            for step, at in enumerate(days, start=1)
        )
        return Restored(tuple(steps), kept)

    def _dated(self) -> Restored:
        """Take each difference back from its earliest legal day on; each counts on those before it."""
        moves = self._moves()
        lefts = _lefts(moves)
        total = _sum(moves)
        rows = [row for row in self.live.schedule if row.end >= min(lefts)]
        if rows and rows[-1].units == lefts[max(lefts)] - total and total:
            return Restored(as_before=True)
        for row in rows:
            day = max(day for day in lefts if day <= max(row.start, min(lefts)))
            if row.units != lefts[day]:
                return Restored(kept=self._moved_on(row.units, max(row.start, day), lefts[day]))
        if not self._fields_are_left():
            return Restored(kept=self._moved_on(self.live.quantity_on(self.trail.last.effective_date)))
        return self._taken_back(moves)

    def _taken_back(self, moves: Sequence[_Move]) -> Restored:
        """Take the differences back; what the run did until a day that is free goes back on it in one."""
        fields, kept = self._fields()
        later: list[Later] = []
        left, moved = sorted(moves, key=lambda one: one.day), Decimal(0)
        taken = self.taken | {move.day for move in moves}
        while left:
            legal, due = self._next_due(left, moved, taken)
            held = None if legal.day is None else self.live.quantity_on(legal.day)
            if legal.day is None or held is None:
                return Restored(kept=f"no day is left on which it can be changed: {legal.why}")
            units = _sum(due)
            if units:
                change = self._change(self._kind, held + moved, held + moved - units, day=legal.day)
                later.append(Later(change, due[0].day, legal.why))
            left, moved, taken = left[len(due) :], moved - units, taken | {legal.day}
        return Restored(_in_order([one.change for one in later], fields), kept, tuple(later))

    def _next_due(
        self, left: Sequence[_Move], moved: Decimal, taken: frozenset[date]
    ) -> tuple[LegalDay, Sequence[_Move]]:
        """Return the next free day and what goes back on it: as much as leaves no later day below zero."""
        wanted = left[0].day
        while True:
            legal = legal_day(wanted, self.live.schedule, self.contract, taken)
            if legal.day is None:
                return legal, left
            due = [move for move in left if move.day <= legal.day]
            lowest = min((row.units for row in self.live.schedule if row.end >= legal.day), default=Decimal(0))
            if lowest + moved >= _sum(due):
                return legal, due
            if len(due) == len(left):
                return LegalDay(None, "a later day would hold less than nothing"), left
            wanted = left[len(due)].day

    def _moves(self) -> list[_Move]:
        """Return the differences of the run, in the order in which it sent them."""
        moves = [
            _Move(
                change.effective_date,
                change.quantity_after - (change.quantity_before or Decimal(0)),
                change.quantity_after,
            )
            for change in self.trail.changes
            if change.kind not in _QUANTITY_STAYS
        ]
        return [move for move in moves if move.units]

    @property
    def _kind(self) -> ChangeKind:
        return ChangeKind.ZERO if self.trail.adds else ChangeKind.SET_QUANTITY

    def _shows(self, name: LineField, text: str) -> bool:
        return (self.live.field(name) or "") == text

    def _fields_are_left(self) -> bool:
        return self.trail.adds or all(self._shows(one.field, one.after) for one in self.trail.fields)

    def _fields(self) -> tuple[tuple[FieldChange, ...], str]:
        """Return the fields to be set back, and what cannot be. A line that was added keeps its own."""
        back: list[FieldChange] = []
        kept: list[str] = []
        for one in () if self.trail.adds else self.trail.fields:
            name = one.field.value.replace("_", " ")
            if one.before is not None:
                back.append(FieldChange(one.field, one.after or None, one.before))
            elif one.field is LineField.INVOICE_TEXT or one.field in self.capabilities.clears:
                back.append(FieldChange(one.field, one.after or None, ""))
            elif one.field is LineField.LAST_DAY:
                kept.append(f"its last day {one.after} cannot be taken away")
            else:
                kept.append(f"its {name} was not told before the run, and stays {one.after}")
        return tuple(back), "; ".join(kept)

    def _moved_on(self, held: Decimal | None, day: date | None = None, left: Decimal | None = None) -> str:
        """Say what the run left and what is there now."""
        left = self.trail.left if left is None else left
        on = f" on {day}" if day else ""
        told = [f"it holds {_told(held)} now{on}, and the run had left {_told(left)}"] if held != left else []
        told += [
            f"{one.field.value.replace('_', ' ')} is {self.live.field(one.field) or 'empty'} now, and the run had left "
            f"{one.after or 'empty'}"
            for one in self.trail.fields
            if not self._shows(one.field, one.after)
        ]
        by = f" (last written by run {self.last_writer})" if self.last_writer not in {"", self.run_key} else ""
        return "; ".join(told) + by

    def _change(
        self,
        kind: ChangeKind,
        before: Decimal | None,
        after: Decimal,
        *,
        day: date,
        fields: tuple[FieldChange, ...] = (),
        step: int = 0,
    ) -> LineChange:
        last, live = self.trail.last, self.live
        money = {one.field: Decimal(one.after) for one in fields if one.field in _MONEY}
        subject = f"{live.line_id}@undo" + (f"@{day}" if step or live.schedule else "")
        return dataclasses.replace(
            last,
            change_id=change_id(self.tenant, last.contract_id, subject, kind),
            kind=kind,
            line_id=live.line_id,
            quantity_before=before,
            quantity_after=after,
            unit_cost=money.get(LineField.UNIT_COST, live.unit_cost),
            unit_price=money.get(LineField.UNIT_PRICE, live.unit_price),
            effective_date=day,
            line_version=live.version,
            reason=f"Run {self.run_key} had left {_told(before)}; this restores what the line held before it.",
            charge_nos=(),
            fields=fields,
            step=step,
            held_by=(),
        )


_MONEY = frozenset({LineField.UNIT_COST, LineField.UNIT_PRICE})


def _lefts(moves: Sequence[_Move]) -> dict[date, Decimal]:
    """Return what the run left from each of its days on; what it wrote later for an earlier day moved that as well."""
    return {
        move.day: move.after + sum((other.units for other in moves[at + 1 :] if other.day <= move.day), Decimal(0))
        for at, move in enumerate(moves)
    }


def _sum(moves: Sequence[_Move]) -> Decimal:
    return sum((move.units for move in moves), Decimal(0))


def _in_order(changes: Sequence[LineChange], fields: tuple[FieldChange, ...]) -> tuple[LineChange, ...]:
    """Return changes of one line as steps, where there are several; the fields go along with the last."""
    steps = [dataclasses.replace(change, step=step) for step, change in enumerate(changes, start=1)]
    steps = steps if len(steps) > 1 else list(changes)
    return (*steps[:-1], *(dataclasses.replace(last, fields=fields) for last in steps[-1:]))


def _told(quantity: Decimal | None) -> str:
    return "nothing" if quantity is None else text_from_decimal(quantity)
