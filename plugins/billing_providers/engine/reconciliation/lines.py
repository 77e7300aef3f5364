"""The PSA's side: what every line bills after the run, by what was read back, else by the diff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.model.changes import ChangeKind, LineChange, LineField, MatchedLine
from billing_providers.model.decimals import EXACT
from billing_providers.model.journal import DONE, JournalEntry, JournalState
from billing_providers.model.reconciliation import Cause
from billing_providers.model.seen_lines import SeenLine

ZERO = Decimal(0)
_GONE = {ChangeKind.ZERO, ChangeKind.END_LINE}
#: Findings about a day that the PSA refuses: the line is matched, and its change was not planned.
_REFUSED = frozenset({165, 166, 184, 185, 188})


@dataclass(slots=True)
class BilledLine:
    """One line after the run. ``cause``: why it is not what was planned, or what was planned when nothing is charged.

    ``line_id`` is empty for a line that is not there yet; ``key`` names it anyway. ``customers`` and ``skus`` are those
    of a line without a charge. ``billable`` false: the PSA puts it on no invoice. ``invoiced``: its quantity on the
    last ``invoice``, where those are compared.
    """

    key: str
    line_id: str
    contract_id: str
    contract_name: str
    account_id: str
    account_name: str
    service_id: str
    service_name: str
    quantity: Decimal | None
    unit_cost: Decimal | None
    unit_price: Decimal | None
    included: Decimal | None = None
    billable: bool = True
    charge_nos: frozenset[int] = frozenset()
    customers: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    cause: Cause | None = None
    detail: str = ""
    invoiced: Decimal | None = None
    invoice: str = ""

    @property
    def cost(self) -> Decimal | None:
        """What all its units cost; None where that is not known."""
        return None if self.quantity is None else _times(self.unit_cost, self.quantity)

    @property
    def amount(self) -> Decimal | None:
        """What it bills, without the units that are included; None where that is not known."""
        if not self.billable:
            return ZERO
        if self.quantity is None:
            return None
        billed = max(EXACT.subtract(self.quantity, self.included or ZERO), ZERO) if self.included else self.quantity
        return _times(self.unit_price, billed)


def lines_after(inputs: ReconcileInputs) -> dict[str, BilledLine]:
    """Return all lines that the run saw, matched or changed, by key: line id, or change id of a line to be added."""
    lines = {line.line_id: _as_seen(line) for line in inputs.seen}
    refused = {finding.about("line"): finding.code for finding in inputs.findings if finding.number in _REFUSED}
    for matched in inputs.diff.matched:
        line = lines.get(matched.line_id) or lines.setdefault(matched.line_id, _as_matched(matched))
        line.charge_nos = frozenset(int(number) for number in matched.charge_nos.split(",") if number)
        in_part = inputs.scope.failed_only or inputs.scope.in_period
        _unchanged(line, matched, refused.get(line.line_id, ""), in_part=in_part)
    for changes in _by_line(inputs.diff.changes):
        key = changes[0].line_id or changes[0].change_id
        line = lines.get(key) or lines.setdefault(key, _as_changed(changes[0]))
        _apply(line, changes, inputs)
    return lines


def _unchanged(line: BilledLine, matched: MatchedLine, refused: str, *, in_part: bool) -> None:
    """Leave a matched line that no change is about as it was; its match says what it should be."""
    if refused:
        line.cause, line.detail = Cause.LEFT_ALONE, refused
    elif matched.holds_from is not None or line.quantity == matched.quantity:
        line.quantity = matched.quantity
    else:
        line.cause = Cause.NOT_IN_RUN if in_part else Cause.LEFT_ALONE


def _by_line(changes: Iterable[LineChange]) -> list[list[LineChange]]:
    groups: dict[str, list[LineChange]] = {}
    for change in changes:
        groups.setdefault(change.line_id or change.change_id, []).append(change)
    return [sorted(group, key=lambda change: change.step) for group in groups.values()]


def _apply(line: BilledLine, changes: list[LineChange], inputs: ReconcileInputs) -> None:
    """Bring a line to where its changes stand; of several steps the last that stands counts."""
    last = changes[-1]
    line.charge_nos = frozenset(number for change in changes for number in change.charge_nos)
    line.customers, line.skus, line.cause = last.customer_codes, last.skus, None
    line.quantity = changes[0].quantity_before if last.line_id else ZERO
    for change in changes:
        entry = inputs.states.get(change.change_id)
        if _stands(change, entry, inputs):
            line.quantity = ZERO if change.kind is ChangeKind.END_LINE else _shown(change, entry)
            line.unit_cost, line.unit_price = change.unit_cost, change.unit_price
            line.included = _included(change, line.included)
            line.cause = Cause.SET_TO_ZERO if change.kind in _GONE else None
        else:
            line.cause, line.detail = _why(change, entry, inputs)
            if entry is not None and entry.observed is not None and entry.state is not JournalState.INTENDED:
                line.quantity = entry.observed


def _stands(change: LineChange, entry: JournalEntry | None, inputs: ReconcileInputs) -> bool:
    """Whether a change is in the PSA; in a dry run, whether it would be written without asking anybody."""
    if inputs.scope.dry_run:
        return not change.held_by
    return entry is not None and entry.state in DONE


def _shown(change: LineChange, entry: JournalEntry | None) -> Decimal:
    return change.quantity_after if entry is None or entry.observed is None else entry.observed


def _why(change: LineChange, entry: JournalEntry | None, inputs: ReconcileInputs) -> tuple[Cause, str]:
    if entry is not None:
        cause = Cause.STALE if entry.state is JournalState.STALE else Cause.NOT_WRITTEN
        return cause, f"{entry.state.value}: {entry.detail}" if entry.detail else entry.state.value
    decision = inputs.approval.decision if inputs.approval else ""
    if change.held_by and decision != "approved":
        return Cause.WAITS, ", ".join(change.held_by)
    if inputs.diff.applicable and decision in {"approved", "not_needed"}:
        return Cause.NOT_WRITTEN, "not sent"
    if not inputs.diff.applicable:
        return Cause.NOT_WRITTEN, "cannot be written here"
    return Cause.WAITS, "rejected" if decision == "rejected" else "nobody decided"


def _included(change: LineChange, before: Decimal | None) -> Decimal | None:
    told = next((field.after for field in change.fields if field.field is LineField.INCLUDED), None)
    return before if told is None else Decimal(told or 0)


def _times(unit: Decimal | None, quantity: Decimal) -> Decimal | None:
    return None if unit is None else EXACT.multiply(unit, quantity)


def _as_seen(line: SeenLine) -> BilledLine:
    return BilledLine(
        line.line_id, line.line_id, line.contract_id, line.contract_name, line.account_id, line.account_name,
        line.service_id, line.service_name, line.quantity, line.unit_cost, line.unit_price, line.included,
        line.billable,
    )  # fmt: skip


def _as_matched(line: MatchedLine) -> BilledLine:
    return BilledLine(
        line.line_id, line.line_id, line.contract_id, "", line.account_id, "", line.service_id, "", line.quantity,
        None, None, line.included,
    )  # fmt: skip


def _as_changed(change: LineChange) -> BilledLine:
    return BilledLine(
        change.line_id or change.change_id, change.line_id, change.contract_id, change.contract_name,
        change.account_id, change.account_name, change.service_id, change.service_name, change.quantity_before,
        change.unit_cost, change.unit_price,
    )  # fmt: skip
