"""One row of the review: a change with what people hold it against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.engine.account_totals import amount_moved
from billing_providers.errors import SettingsError
from billing_providers.model.changes import LineChange, told_fields
from billing_providers.model.journal import JournalEntry
from billing_providers.model.record_link import RecordLink
from billing_providers.model.settings_log import SettingsEntry

ODD_FACTOR = 2  # a quantity that doubles or halves is marked, whether or not a guard holds it


@dataclass(frozen=True, slots=True)
class ReviewedChange:
    """A change with its difference and amount, what the line was billed for before, and where the change stands.

    :param earlier: first day of a period → quantity.
    :param odd: the quantity at least doubles or halves.
    :param link: where people open the contract in the PSA; empty: the settings do not say.
    """

    change: LineChange
    difference: Decimal | None
    amount: Decimal | None
    also_set: str
    earlier: Mapping[date, Decimal]
    state: JournalEntry | None
    odd: bool
    link: str


def reviewed_changes(
    changes: Sequence[LineChange],
    history: Mapping[str, Mapping[date, Decimal]],
    states: Mapping[str, JournalEntry],
    settings: SettingsEntry | None,
) -> list[ReviewedChange]:
    """Return the rows of a page of changes.

    :param history: line id → first day of a period → quantity.
    :param states: change id → its last journal entry.
    :param settings: the latest ones of the integration.
    """
    link = _link(settings)
    return [
        ReviewedChange(
            change=change,
            difference=None if change.quantity_before is None else change.quantity_after - change.quantity_before,
            amount=amount_moved(change.quantity_before, change.quantity_after, change.unit_price),
            also_set=told_fields(change),
            earlier=history.get(change.line_id, {}),
            state=states.get(change.change_id),
            odd=_is_odd(change),
            link=link.of(change),
        )
        for change in changes
    ]


def _is_odd(change: LineChange) -> bool:
    before, after = change.quantity_before, change.quantity_after
    if before is None or not before or before == after:
        return False
    return after >= before * ODD_FACTOR or after * ODD_FACTOR <= before


def _link(settings: SettingsEntry | None) -> RecordLink:
    template = dict(settings.settings).get("contract_link", "") if settings is not None else ""
    try:
        return RecordLink(template)
    except SettingsError:
        return RecordLink("")
