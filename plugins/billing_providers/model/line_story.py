"""One contract line over all periods: what answers "why is it 12?"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing_providers.model.changes import LineChange
from billing_providers.model.journal import JournalEntry
from billing_providers.model.runs import Approval


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What one diff planned for the line, what was decided, and what was written.

    :param run_key: of the newest run that came to this diff; empty: its run is not in the history.
    :param rehearsed: only dry runs came to it.
    :param matched: the quantity by the usage; None: no usage reached the line, or it was not there yet.
    :param charge_nos: numbers of the charge lines behind that quantity, in the charge set.
    :param changes: of the line, by step; none: it stayed as it was.
    :param steps: the journal of those changes, oldest first.
    :param decisions: about the whole diff, oldest first.
    """

    digest: str
    period_start: date
    period_end: date
    run_key: str
    started_at: datetime | None
    rehearsed: bool
    charge_set_id: str
    matched: Decimal | None
    charge_nos: tuple[int, ...]
    changes: Sequence[LineChange]
    steps: Sequence[JournalEntry]
    decisions: Sequence[Approval]

    @property
    def before(self) -> Decimal | None:
        """What the line held before; None where nobody could read it, or it was not there yet."""
        return self.changes[0].quantity_before if self.changes else self.matched

    @property
    def after(self) -> Decimal | None:
        """What the line was to hold."""
        return self.changes[-1].quantity_after if self.changes else self.matched
