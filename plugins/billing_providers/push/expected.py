"""What a line must show before and after a change, quantity and fields alike. Pure."""

from __future__ import annotations

from billing_providers.model.changes import ChangeKind, FieldChange, LineChange
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.psa import ContractLine


def differs_from_plan(change: LineChange, line: ContractLine) -> str:
    """Return what of a line is not as the change wants it, for people; empty when all of it is.

    A line that gets a last day keeps its quantity for the days before.
    """
    told = []
    quantity = line.quantity_on(change.effective_date)
    if change.kind is not ChangeKind.END_LINE and quantity != change.quantity_after:
        held = "unknown" if quantity is None else text_from_decimal(quantity)
        told.append(f"quantity is {held}, wanted {text_from_decimal(change.quantity_after)}")
    if change.step and not line.schedule and line.effective_date not in {None, change.effective_date}:
        told.append(f"the quantity holds from {line.effective_date} on, wanted {change.effective_date}")
    told += [
        f"{wanted.field.value} is {line.field(wanted.field) or 'empty'}, wanted {wanted.after or 'empty'}"
        for wanted in change.fields
        if (line.field(wanted.field) or "") != wanted.after
    ]
    return "; ".join(told)


def differs_from_review(change: LineChange, line: ContractLine) -> str:
    """Return what of a line was changed since the diff was made; empty when it is as reviewed.

    A field that is as wanted already counts as ours: a write may have come as far as that.
    """
    if line.quantity_on(change.effective_date) != change.quantity_before:
        return "the quantity was changed since the diff was made"
    moved = [wanted.field.value for wanted in change.fields if not _untouched(wanted, line)]
    if moved:
        return f"{', '.join(moved)} changed since the diff was made"
    own_step = change.step > 1  # the step before it made another version
    if change.line_version and line.version and line.version != change.line_version and not own_step:
        return "the line was edited since the diff was made"
    return ""


def _untouched(wanted: FieldChange, line: ContractLine) -> bool:
    shown = line.field(wanted.field)
    return shown == wanted.before or (shown or "") == wanted.after
