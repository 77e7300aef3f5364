"""The diff that undoes a run: every line that still is what the run left goes back to what it held before.

A diff like any other: it is reviewed, pushed through the journal, read back and registered. Pure.

1. *What the run left*, by its diffs and its journal. Changes of which nobody knows whether they stand are told.
2. *What stands there now.* A line that is no longer as the run left it, or on which a later period's run counts, is
   left alone with a finding that names both values. One that is as before already needs nothing.
3. *Back*: quantity and fields as they were. A line that the run added is set to zero, never deleted. Where the PSA
   dates quantities, each difference is taken back from its earliest legal day on.
4. *Guards* tell what is large; a person decides in any case.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.engine.dated_steps import held_together
from billing_providers.engine.diff_of import change_counts, change_order, change_totals
from billing_providers.engine.digest import diff_digest, joint_digest, live_lines_digest, policy_digest
from billing_providers.engine.guards import guard_changes
from billing_providers.engine.live_lines import live_lines
from billing_providers.engine.undo_inputs import UndoInputs
from billing_providers.engine.undo_lines import Later, LineUndo, Restored
from billing_providers.engine.undo_trails import Trail, trails_of
from billing_providers.model.changes import ContractDiff, DiffInputs, LineChange, ManagedLine, MatchedLine, joined
from billing_providers.model.decimals import EXACT, text_from_decimal
from billing_providers.model.findings import Finding
from billing_providers.model.psa import ContractLine, QuantityWrite

NOT_UNDONE, FROM_ANOTHER_DAY = 203, 204


def undo(inputs: UndoInputs) -> ContractDiff:
    """Return the diff that undoes the run; without changes where nothing of it can be undone."""
    trails, left_out = trails_of(inputs.diffs, inputs.entries, inputs.voice.psa)
    findings = [_not_undone(inputs, one.change, one.line_id, one.why) for one in left_out]
    lines = {line.line_id: line for line in inputs.lines}
    known = _Known.of(inputs)
    came_of = [(trail, _restored(inputs, trail, lines.get(trail.line_id), known)) for trail in trails]
    for trail, restored in came_of:
        findings += [_not_undone(inputs, trail.last, trail.line_id, restored.kept)] if restored.kept else []
        findings += [_later(inputs, later) for later in restored.later]
    changes = [change for _, restored in came_of for change in restored.changes]
    guarded, tripped = guard_changes(
        changes,
        inputs.settings.guards,
        inputs.voice,
        billed_before=_billed(inputs.lines),
        record_count=0,
        recent_record_counts=(),
    )
    ordered = tuple(sorted(held_together(guarded), key=change_order))
    matched = tuple(
        _matched(inputs, trail, restored, lines[trail.line_id])
        for trail, restored in came_of
        if _stays_managed(inputs, trail, restored, known)
    )
    return _diff(inputs, ordered, matched, [*findings, *tripped], sum(restored.as_before for _, restored in came_of))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of each line, by its id."""

    registered: Mapping[str, ManagedLine]
    taken: Mapping[str, frozenset[date]]
    last_writer: Mapping[str, str]

    @classmethod
    def of(cls, inputs: UndoInputs) -> _Known:
        taken: dict[str, frozenset[date]] = {}
        for write in inputs.dated_writes:
            taken[write.line_id] = taken.get(write.line_id, frozenset()) | {write.effective_date}
        return cls(
            registered={line.line_id: line for line in inputs.managed},
            taken=taken,
            last_writer={write.line_id: write.run_key for write in inputs.writes},
        )


def _restored(inputs: UndoInputs, trail: Trail, live: ContractLine | None, known: _Known) -> Restored:
    if live is None:
        return Restored(kept="the line is no longer on the contract")
    period = inputs.scope.period
    registered = known.registered.get(trail.line_id)
    if registered is not None and registered.period_start > period.start:
        held = text_from_decimal(registered.quantity)
        by = f" by run {registered.run_key}" if registered.run_key else ""
        return Restored(kept=f"it was confirmed at {held}{by} for the later period from {registered.period_start}")
    return LineUndo(
        trail=trail,
        live=live,
        tenant=inputs.scope.tenant,
        run_key=inputs.scope.undoes,
        capabilities=inputs.capabilities,
        contract=inputs.contracts.get(trail.last.contract_id),
        taken=known.taken.get(trail.line_id, frozenset()),
        last_writer=known.last_writer.get(trail.line_id, ""),
    ).restored()


def _stays_managed(inputs: UndoInputs, trail: Trail, restored: Restored, known: _Known) -> bool:
    """Whether the register goes on to hold a line; one that nobody managed before the run is forgotten."""
    if not restored.changes and not restored.as_before:
        return False
    return trail.line_id in (known.registered if trail.adds else inputs.managed_before)


def _matched(inputs: UndoInputs, trail: Trail, restored: Restored, live: ContractLine) -> MatchedLine:
    """Return a line as the register will hold it: restored, for the customers and SKUs that it was matched to."""
    last, days = trail.last, [change.effective_date for change in restored.changes]
    known = inputs.matched.get(trail.line_id)
    quantity = restored.changes[-1].quantity_after if restored.changes else trail.held_before
    return MatchedLine(
        line_id=trail.line_id,
        contract_id=live.contract_id,
        account_id=last.account_id,
        service_id=live.service_id,
        customer_code=known.customer_code if known else joined(last.customer_codes),
        sku=known.sku if known else joined(last.skus),
        quantity=quantity or Decimal(0),
        billing_cycle=known.billing_cycle if known else "",
        holds_from=max(days, default=last.effective_date) if inputs.capabilities.dates_quantities else None,
        last_day=_last_day(restored, live),
    )


def _last_day(restored: Restored, live: ContractLine) -> date | None:
    told = [one.after for change in restored.changes for one in change.fields if one.field.value == "last_day"]
    return (date.fromisoformat(told[-1]) if told[-1] else None) if told else live.last_day


def _diff(
    inputs: UndoInputs,
    changes: tuple[LineChange, ...],
    matched: tuple[MatchedLine, ...],
    findings: Sequence[Finding],
    unchanged: int,
) -> ContractDiff:
    scope, undone = inputs.scope, inputs.diffs[-1]
    customers = {code for change in changes for code in change.customer_codes}
    counts = {"customers": len(customers), "live_lines": len(inputs.lines), "unchanged": unchanged}
    diff = dataclasses.replace(
        undone,
        digest="",
        period_start=scope.period.start,
        period_end=scope.period.end,
        timezone=scope.period.timezone,
        complete=True,
        applicable=inputs.capabilities.quantity_write is not QuantityWrite.NONE,
        changes=changes,
        unchanged_count=unchanged,
        matched=matched,
        findings=tuple(sorted(findings, key=lambda finding: (finding.number, finding.subject, finding.message))),
        inputs=_inputs(inputs),
        strategy=inputs.capabilities.strategy,
        counts=change_counts(changes, {**counts, "matched": len(matched), "not_undone": _count(findings)}),
        totals=change_totals(changes),
    )
    return dataclasses.replace(diff, digest=diff_digest(diff))


def _inputs(inputs: UndoInputs) -> DiffInputs:
    """Return what decided the diff: that of the run, and besides what it is undone by."""
    bounds = [
        inputs.scope.undoes,
        [diff.digest for diff in inputs.diffs],
        sorted(map(str, inputs.dated_writes)),
        list(inputs.undone_before),
    ]
    live = live_lines(inputs.lines, inputs.scope.period.last_day)
    return dataclasses.replace(
        inputs.diffs[-1].inputs,
        policy=joint_digest(policy_digest(inputs.settings), json.dumps(bounds)),
        live_lines=live_lines_digest(live),
        tool_version=inputs.tool_version,
    )


def _billed(lines: Sequence[ContractLine]) -> dict[str, Decimal]:
    """Return what the lines amount to now by account: units × price, units where there is no price."""
    billed: dict[str, Decimal] = {}
    for line in lines:
        amount = EXACT.multiply(line.quantity or Decimal(0), line.unit_price or Decimal(1))
        billed[line.account_id] = EXACT.add(billed.get(line.account_id, Decimal(0)), amount)
    return billed


def _count(findings: Sequence[Finding]) -> int:
    return sum(finding.number == NOT_UNDONE for finding in findings)


def _not_undone(inputs: UndoInputs, change: LineChange, line_id: str, why: str) -> Finding:
    return inputs.voice.finding(NOT_UNDONE, **_subject(change, line_id), why=why)


def _later(inputs: UndoInputs, later: Later) -> Finding:
    change = later.change
    return inputs.voice.finding(
        FROM_ANOTHER_DAY,
        **_subject(change, change.line_id),
        before=text_from_decimal(change.quantity_after),
        after=text_from_decimal(change.quantity_before or Decimal(0)),
        day=later.day,
        start=change.effective_date,
        why=later.why,
    )


def _subject(change: LineChange, line_id: str) -> dict[str, Any]:
    return {
        "customer": ", ".join(change.customer_codes),
        "customer_name": ", ".join(change.customer_names),
        "account": change.account_id,
        "contract": change.contract_id,
        "contract_name": change.contract_name,
        "service": change.service_name,
        "sku": ", ".join(change.skus),
        "line": line_id,
    }
