"""Contract lines that take changes as a PSA does, and the journal that a push of them leaves. No planning in here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.engine.undo_inputs import UndoInputs
from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, LineField
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.psa import ContractLine, PsaCapabilities, QuantityWrite, UnitPeriod
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import IntegrationSettings
from tests.support.diffs import PERIOD, TENANT

RUN, UNDO = "atria_to_kaseya_bms/r1", "atria_to_kaseya_bms_undo/u1"
NOON = datetime(2026, 10, 27, 12, tzinfo=UTC)
WRITTEN = (JournalState.INTENDED, JournalState.SENT, JournalState.CONFIRMED, JournalState.VERIFIED)
_AMOUNTS = {LineField.UNIT_COST, LineField.UNIT_PRICE, LineField.INCLUDED}

Lines = dict[str, ContractLine]


def took(lines: Mapping[str, ContractLine], changes: Iterable[LineChange]) -> Lines:
    """Return the lines after a PSA that sets quantities took the changes, in the order of their steps."""
    after = dict(lines)
    for change in sorted(changes, key=lambda one: one.step):
        if change.kind is ChangeKind.ADD_LINE:
            line = _added(change)
        else:
            line = after[change.line_id]
            if change.kind not in {ChangeKind.SET_FIELDS, ChangeKind.END_LINE}:
                line = dataclasses.replace(line, quantity=change.quantity_after)
        for field in change.fields:
            line = dataclasses.replace(line, **{field.field.value: _value(field.field, field.after)})
        after[line.line_id] = line
    return after


def took_differences(line: ContractLine, changes: Iterable[LineChange]) -> ContractLine:
    """Return a line with a schedule after the differences, each of which moves every later day.

    :raises ValueError: for a second difference on one day, or for units below zero: the PSA takes neither.
    """
    days: set[date] = set()
    for change in sorted(changes, key=lambda one: one.step):
        units = change.quantity_after - (change.quantity_before or Decimal(0))
        if change.effective_date in days or line.quantity_on(change.effective_date) != change.quantity_before:
            raise ValueError(f"{change.effective_date} was changed before, or holds other units than the change says")
        days.add(change.effective_date)
        rows = [part for row in line.schedule for part in _split(row, change.effective_date)]
        moved = [
            dataclasses.replace(row, units=row.units + units) if row.start >= change.effective_date else row
            for row in rows
        ]
        if any(row.units < 0 for row in moved):
            raise ValueError("units below zero")
        line = dataclasses.replace(line, schedule=tuple(moved))
    return line


def journal_of(
    diff: ContractDiff,
    states: Mapping[str, tuple[JournalState, ...]] | None = None,
    *,
    run_key: str = RUN,
    at: datetime = NOON,
) -> list[JournalEntry]:
    """Return the journal of a push: every change as ``states`` tell by its id, else all the way to verified."""
    told = [(change, state) for change in diff.changes for state in (states or {}).get(change.change_id, WRITTEN)]
    return [
        JournalEntry(
            tenant=TENANT,
            integration=diff.integration,
            period_start=diff.period_start,
            run_key=run_key,
            digest=diff.digest,
            change_id=change.change_id,
            line_id=change.line_id or (_id_of_added(change) if state is JournalState.VERIFIED else ""),
            contract_id=change.contract_id,
            customer_codes=change.customer_codes,
            skus=change.skus,
            state=state,
            at=at + timedelta(seconds=number),
            quantity_before=change.quantity_before,
            quantity_after=change.quantity_after,
            observed=None,
            request_id="",
            detail="",
        )
        for number, (change, state) in enumerate(told)
    ]


def undo_inputs(diff: ContractDiff, lines: Iterable[ContractLine], **changes: Any) -> UndoInputs:
    """Return the inputs of the undo of a run that pushed a diff; every change stands unless told otherwise."""
    values: dict[str, Any] = {
        "scope": RunScope(UNDO, diff.integration, TENANT, PERIOD, (), False, False, PERIOD.end, undoes=RUN),
        "settings": IntegrationSettings(integration=diff.integration, source="atria", psa=diff.psa),
        "diffs": [diff],
        "entries": journal_of(diff),
        "lines": list(lines),
        "contracts": {},
        "capabilities": capabilities(),
        "writes": [],
        "dated_writes": [],
        "undone_before": [],
        "managed": [],
        "managed_before": frozenset(),
        "matched": {line.line_id: line for line in diff.matched},
        "voice": FindingVoice(),
        "tool_version": "0.1.0",
    }
    return UndoInputs(**{**values, **changes})


def capabilities(**changes: Any) -> PsaCapabilities:
    """Return what a PSA offers that sets quantities and all fields."""
    offered = PsaCapabilities(QuantityWrite.SET, True, True, False, "set", "", frozenset(LineField))
    return dataclasses.replace(offered, **changes)


def _added(change: LineChange) -> ContractLine:
    return ContractLine(
        line_id=_id_of_added(change),
        contract_id=change.contract_id,
        account_id=change.account_id,
        service_id=change.service_id,
        service_name=change.service_name,
        description="",
        quantity=change.quantity_after,
        unit_cost=change.unit_cost,
        unit_price=change.unit_price,
        effective_date=change.effective_date,
        open=True,
    )


def _id_of_added(change: LineChange) -> str:
    return f"9{change.contract_id}{change.service_id}"


def _value(field: LineField, text: str) -> Any:
    if field in _AMOUNTS:
        return Decimal(text)
    if field is LineField.INVOICE_TEXT:
        return text
    return date.fromisoformat(text) if text else None


def _split(row: UnitPeriod, day: date) -> list[UnitPeriod]:
    if not row.start < day <= row.end:
        return [row]
    return [dataclasses.replace(row, end=day - timedelta(days=1)), dataclasses.replace(row, start=day)]
