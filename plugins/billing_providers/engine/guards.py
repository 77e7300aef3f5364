"""Limits beyond which changes wait for a person. A tripped guard holds exactly what it names, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from functools import reduce
from operator import attrgetter
from statistics import median
from typing import Any

from billing_providers.model.changes import ChangeKind, LineChange, LineField
from billing_providers.model.decimals import EXACT, text_from_decimal
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.settings import Guards


def guard_changes(
    changes: Sequence[LineChange],
    guards: Guards,
    voice: FindingVoice,
    *,
    billed_before: Mapping[str, Decimal],
    record_count: int,
    recent_record_counts: Sequence[int],
    counted_in: str = "the last closed periods",
    runs_before: Mapping[str, int] | None = None,
) -> tuple[list[LineChange], list[Finding]]:
    """Return the changes with ``held_by`` filled, and a finding for each tripped guard.

    :param billed_before: by account id, what the lines that usage reaches amount to now (units × price).
    :param counted_in: what the recent record counts are of, for people.
    :param runs_before: by line id, in how many runs of the period the line was changed already.
    """
    if not changes:
        return [], []
    tripped = [
        *_line_jumps(changes, guards, voice),
        *_customer_shares(changes, guards, voice, billed_before),
        *_run_lines(changes, guards, voice),
        *_run_amount(changes, guards, voice),
        *_record_count(guards, voice, record_count, recent_record_counts, counted_in),
        *_flapping(changes, guards, voice, runs_before or {}),
    ]
    held: dict[str, list[str]] = {}
    for finding, names in tripped:
        for change in changes if names is None else names:
            held.setdefault(change.change_id, []).append(finding.code)
    guarded = [
        _held(change, tuple(sorted({*held[change.change_id], *change.held_by}))) if change.change_id in held else change
        for change in changes
    ]
    return guarded, [finding for finding, _ in tripped]


_ALL_BUT_HELD_BY = attrgetter(*(field.name for field in fields(LineChange) if field.name != "held_by"))

_REMOVALS = frozenset({ChangeKind.ZERO, ChangeKind.END_LINE})

# A tripped guard: its finding and the changes that it names; None names all changes of the run.
Tripped = tuple[Finding, Sequence[LineChange] | None]


def amount_of(change: LineChange) -> Decimal:
    """Return by how much a change moves the billed amount: units × price, units where the price is zero or unknown.

    A change whose quantity before nobody can read counts with nothing.
    """
    if change.quantity_before is None and change.kind is not ChangeKind.ADD_LINE:
        return Decimal(0)
    before, after = _amounts(change)
    return EXACT.subtract(after, before)


def _amounts(change: LineChange) -> tuple[Decimal, Decimal]:
    """Return the billed amount before and after, each at its own price: one that is set counts as it is, zero too."""
    price_before = price = change.unit_price or Decimal(1)
    for field in change.fields:
        if field.field is LineField.UNIT_PRICE:
            price_before, price = Decimal(field.before or 0), Decimal(field.after)
    return (
        EXACT.multiply(change.quantity_before or Decimal(0), price_before),
        EXACT.multiply(change.quantity_after, price),
    )


def _held(change: LineChange, codes: tuple[str, ...]) -> LineChange:
    # A run may hold 100,000 changes, and dataclasses.replace() takes three times as long.
    return LineChange(*(*_ALL_BUT_HELD_BY(change), codes))  # held_by is the last field


def _line_jumps(changes: Sequence[LineChange], guards: Guards, voice: FindingVoice) -> Iterable[Tripped]:
    """Hold jumps of one service on one contract; lines that are collapsed into one count, and wait, together.

    Each step of a line is a jump of its own.

    Where the price is set too, the amount counts instead of the units: quantity one may cost anything.
    """
    if guards.line_factor is None:
        return
    together: dict[tuple[str, str, int], list[LineChange]] = {}
    for change in changes:
        if change.kind not in _REMOVALS:
            together.setdefault((change.contract_id, change.service_id, change.step), []).append(change)
    for group in together.values():
        if any(change.quantity_before is None and change.kind is ChangeKind.SET_QUANTITY for change in group):
            continue
        priced = any(field.field is LineField.UNIT_PRICE for change in group for field in change.fields)
        before = _total(_amounts(change)[0] if priced else change.quantity_before or Decimal(0) for change in group)
        after = _total(_amounts(change)[1] if priced else change.quantity_after for change in group)
        if abs(after - before) <= (guards.customer_floor if priced else guards.line_floor):
            continue
        low, high = sorted((before, after))
        if low <= 0 or high > EXACT.multiply(low, guards.line_factor):
            yield _about(group[0], 114, voice, before=before, after=after, limit=guards.line_factor), group


def _customer_shares(
    changes: Sequence[LineChange], guards: Guards, voice: FindingVoice, billed_before: Mapping[str, Decimal]
) -> Iterable[Tripped]:
    if guards.customer_share is None:
        return
    by_account: dict[str, list[LineChange]] = {}
    for change in changes:
        by_account.setdefault(change.account_id, []).append(change)
    for account, group in by_account.items():
        moved = _total(amount_of(change) for change in group)
        removed = [change for change in group if change.kind in _REMOVALS]
        before = EXACT.subtract(billed_before.get(account, Decimal(0)), _total(amount_of(change) for change in removed))
        if abs(moved) <= guards.customer_floor or abs(moved) <= EXACT.multiply(abs(before), guards.customer_share):
            continue
        share = f"{100 * moved / before:+.0f} %" if before else "from nothing"
        limit = f"{text_from_decimal(100 * guards.customer_share)} %"
        yield (
            _about(group[0], 115, voice, before=before, after=EXACT.add(before, moved), share=share, limit=limit),
            group,
        )


def _run_lines(changes: Sequence[LineChange], guards: Guards, voice: FindingVoice) -> Iterable[Tripped]:
    if guards.run_lines is not None and len(changes) > guards.run_lines:
        yield voice.finding(116, count=len(changes), limit=guards.run_lines), None


def _run_amount(changes: Sequence[LineChange], guards: Guards, voice: FindingVoice) -> Iterable[Tripped]:
    """Look at what goes up and what goes down apart, so that two large errors cannot cancel out."""
    if guards.run_amount is None:
        return
    amounts = [amount_of(change) for change in changes]
    up = _total(amount for amount in amounts if amount > 0)
    down = _total(amount for amount in amounts if amount < 0)
    worst = up if up >= -down else down
    if abs(worst) > guards.run_amount:
        sign = "+" if worst > 0 else ""
        yield (
            voice.finding(117, amount=sign + text_from_decimal(worst), limit=text_from_decimal(guards.run_amount)),
            None,
        )


def _record_count(
    guards: Guards, voice: FindingVoice, record_count: int, recent_record_counts: Sequence[int], counted_in: str
) -> Iterable[Tripped]:
    recent = list(recent_record_counts)[: guards.recent_periods]
    if guards.record_share is None or len(recent) < 2:
        return
    usual = Decimal(median(Decimal(count) for count in recent))
    if abs(record_count - usual) > usual * guards.record_share:
        recent_told = ", ".join(map(str, recent))
        yield voice.finding(118, count=record_count, recent=recent_told, counted_in=counted_in), None


def _flapping(
    changes: Sequence[LineChange], guards: Guards, voice: FindingVoice, runs_before: Mapping[str, int]
) -> Iterable[Tripped]:
    """Hold a line that goes to and fro; the steps of a line wait together."""
    by_line: dict[str, list[LineChange]] = {}
    for change in changes:
        if guards.flap_max is not None and runs_before.get(change.line_id, 0) >= guards.flap_max:
            by_line.setdefault(change.line_id, []).append(change)
    for line_id, group in by_line.items():
        yield (
            _about(group[0], 213, voice, count=runs_before[line_id], limit=guards.flap_max),
            group,
        )


def _about(change: LineChange, number: int, voice: FindingVoice, **values: Any) -> Finding:
    texts: dict[str, Any] = {
        name: text_from_decimal(value) if isinstance(value, Decimal) else value for name, value in values.items()
    }
    subject: dict[str, Any] = {
        "customer": ", ".join(change.customer_codes),
        "customer_name": ", ".join(change.customer_names),
        "account": change.account_id,
    }
    if number in {114, 213}:
        subject |= {"contract": change.contract_id, "line": change.line_id, "service": change.service_name}
    return voice.finding(number, **subject, **texts)


def _total(numbers: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, numbers, Decimal(0))
