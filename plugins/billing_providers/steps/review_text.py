"""The review's body: what a person needs to decide, as a short Markdown table."""

from __future__ import annotations

from billing_providers.model.changes import ContractDiff, LineChange, told_fields
from billing_providers.model.decimals import text_from_decimal

ROWS_MAX = 40


def review_text(diff: ContractDiff, change_list_uri: str) -> str:
    """Return the body: totals, held changes first, then the largest others, up to :data:`ROWS_MAX` rows."""
    shown = sorted(diff.changes, key=lambda change: (not change.held_by, -_size(change), change.change_id))[:ROWS_MAX]
    head = [
        f"**{len(diff.changes)} changes** for the period {diff.period_start} to {diff.period_end} (end excluded), "
        f"{len(diff.held)} held by guards, {diff.unchanged_count} lines unchanged.",
        "Totals: " + (", ".join(f"{name} {text_from_decimal(value)}" for name, value in diff.totals) or "none"),
        f"Digest `{diff.digest}`. Approving writes exactly these numbers, the held ones included.",
        "",
        "| held by | account | service | before | after | also set | why |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {', '.join(change.held_by)} | {_cell(change.account_name)} | {_cell(change.service_name)} "
        f"| {_before(change)} | {text_from_decimal(change.quantity_after)} | {_cell(told_fields(change))} "
        f"| {_cell(change.reason)} |"
        for change in shown
    ]
    more = len(diff.changes) - len(shown)
    tail = ["", f"{more} more; the whole list: {change_list_uri}" if more else f"The list as a file: {change_list_uri}"]
    return "\n".join([*head, *rows, *tail])


def _before(change: LineChange) -> str:
    return "unknown" if change.quantity_before is None else text_from_decimal(change.quantity_before)


def _size(change: LineChange) -> float:
    # Only orders rows for the eye; no number that is written passes here.
    return float(abs(change.quantity_after - (change.quantity_before or 0)))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
