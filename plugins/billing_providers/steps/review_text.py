"""The review's body: what a person needs to decide, as a short Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from billing_providers.engine.margin import Margins, margins
from billing_providers.model.changes import ContractDiff, LineChange, told_fields
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.record_link import RecordLink

ROWS_MAX = 40
NO_LINK = RecordLink("")


def changes_shown(diff: ContractDiff) -> list[LineChange]:
    """Return the changes that the review shows: held ones first, then the largest, up to :data:`ROWS_MAX`."""
    return sorted(diff.changes, key=lambda change: (not change.held_by, -_size(change), change.change_id))[:ROWS_MAX]


def review_text(
    diff: ContractDiff,
    change_list_uri: str,
    split_rows: Mapping[str, Sequence[str]] | None = None,
    link: RecordLink = NO_LINK,
    page: str = "",
) -> str:
    """Return the body: totals, held changes first, then the largest others, up to :data:`ROWS_MAX` rows.

    :param split_rows: first and last day of the row of units that a change splits, by change id.
    :param link: where people open a contract.
    :param page: address of the page that shows all of it; empty: it is not told.
    """
    shown, margin = changes_shown(diff), margins(diff)
    head = [
        f"**{len(diff.changes)} changes** for the period {diff.period_start} to {diff.period_end} (end excluded), "
        f"{len(diff.held)} held by guards, {diff.unchanged_count} lines unchanged.",
        "Totals: " + (", ".join(f"{name} {text_from_decimal(value)}" for name, value in diff.totals) or "none"),
        _margin_told(margin),
        *([f"[All of it, with what was billed before]({page})"] if page else []),
        f"Digest `{diff.digest}`. Approving writes exactly these numbers, the held ones included.",
        "",
        "| held by | account | service | before | after | margin | also set | why |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {', '.join(change.held_by)} | {_cell(change.account_name)} | {_linked(change, link)} "
        f"| {_before(change)} | {text_from_decimal(change.quantity_after)} | {_amount(margin.of[change.change_id])} "
        f"| {_cell(told_fields(change))} "
        f"| {_cell(change.reason)} |"
        for change in shown
    ]
    more = len(diff.changes) - len(shown)
    tail = ["", f"{more} more; the whole list: {change_list_uri}" if more else f"The list as a file: {change_list_uri}"]
    return "\n".join([*head, *rows, *_proration(shown, split_rows or {}), *tail])


def _margin_told(margin: Margins) -> str:
    unknown = f", {margin.unknown} without a known cost or price" if margin.unknown else ""
    known = margin.lines - margin.unknown
    return f"Margin of {known} changed lines as they end: {text_from_decimal(margin.total)}{unknown}."


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else text_from_decimal(amount)


def _proration(shown: Iterable[LineChange], split_rows: Mapping[str, Sequence[str]]) -> list[str]:
    """Say which units stay billed although they are changed, as nobody expects it."""
    told = [_split(change, *split_rows[change.change_id]) for change in shown if change.change_id in split_rows]
    if not told:
        return []
    head = (
        "**Proration:** these changes take effect inside days that are billed together. The units before that day stay "
        "billed for their days, in a row of their own, until the next billing period; a change cannot be taken back."
    )
    return ["", head, "", *told]


def _split(change: LineChange, first: str, last: str) -> str:
    day_before = change.effective_date - timedelta(days=1)
    return (
        f"- {_cell(change.account_name)}, {_cell(change.service_name)}: {_before(change)} units stay billed from "
        f"{first} to {day_before}, {text_from_decimal(change.quantity_after)} from {change.effective_date} to {last}."
    )


def _before(change: LineChange) -> str:
    return "unknown" if change.quantity_before is None else text_from_decimal(change.quantity_before)


def _size(change: LineChange) -> float:
    # Only orders rows for the eye; no number that is written passes here.
    return float(abs(change.quantity_after - (change.quantity_before or 0)))


def _linked(change: LineChange, link: RecordLink) -> str:
    """Return the service's name, which opens the contract where the settings say how."""
    name, address = _cell(change.service_name), link.of(change)
    if not address:
        return name
    words = name.replace("[", "\\[").replace("]", "\\]")
    return f"[{words}]({address.replace('(', '%28').replace(')', '%29')})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
