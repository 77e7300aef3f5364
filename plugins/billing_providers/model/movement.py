"""When usage moves: as soon as the source shows a change, as soon as the usage is updated, or on the billing date."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Moves(StrEnum):
    """When the quantity of a SKU reaches its contract line."""

    AT_ONCE = "at_once"  # quotas: as soon as the source shows that one was changed
    WHEN_UPDATED = "when_updated"  # usage: as soon as the source has a new figure
    BILLING_DATE = "billing_date"  # usage: once the period is over, with final figures


@dataclass(frozen=True, slots=True)
class MovementKind:
    """One kind in words, for the table that people see."""

    what: str
    trigger: str
    delay: str
    dated: str


_SEEN = "with `Policy.prorate` the day on which it was first seen, or the source's own day; else the period's first day"
_SOON = "`debounce`, and up to one interval of the DAG"
KINDS: dict[Moves, MovementKind] = {
    Moves.AT_ONCE: MovementKind(
        "recurring offers with a quota, e.g. Microsoft 365 seats",
        "each run of `<integration>_changes`: by time, or by an event from outside; what is left, the close",
        _SOON,
        _SEEN,
    ),
    Moves.WHEN_UPDATED: MovementKind(
        "usage whose figure is a level that the vendor keeps up to date",
        "each run of `<integration>_changes` that finds a new figure; what is left, the close",
        _SOON,
        _SEEN,
    ),
    Moves.BILLING_DATE: MovementKind(
        "usage that adds up over the period, or is final only after it",
        "the close alone, once the source says that the figures are final",
        "`settle_delay` or `publish_on`, and the wait for usage",
        "`Policy.effective_date`, or each change's own day with `Policy.prorate`",
    ),
}
