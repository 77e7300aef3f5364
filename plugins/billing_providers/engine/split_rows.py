"""The trap of proration: a change inside a row of units splits it, and the units before that day stay billed.

Seen in the vendor's help: prorated unit counts are not removed until the next billing period.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing_providers.model.changes import LineChange
from billing_providers.model.psa import ContractLine, UnitPeriod


def rows_split_by(changes: Iterable[LineChange], lines: Iterable[ContractLine]) -> dict[str, UnitPeriod]:
    """Return, by change id, the row of units inside which a changed quantity takes effect.

    A change on a row's first day splits nothing. Only lines with a schedule have rows; a line that is added has none.
    """
    schedules = {line.line_id: line.schedule for line in lines if line.schedule}
    split: dict[str, UnitPeriod] = {}
    for change in changes:
        if change.quantity_before == change.quantity_after:
            continue
        for row in schedules.get(change.line_id, ()):
            if row.start < change.effective_date <= row.end:
                split[change.change_id] = row
    return split
