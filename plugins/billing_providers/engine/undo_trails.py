"""What a run left on each line, by its diffs and its journal: the changes that stand, in the order of writing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_providers.model.changes import ChangeKind, ContractDiff, FieldChange, LineChange, LineField
from billing_providers.model.journal import DONE, JournalEntry, JournalState

_NOT_APPLIED = frozenset({JournalState.INTENDED, JournalState.FAILED, JournalState.STALE})


@dataclass(frozen=True, slots=True)
class Trail:
    """The changes of a run on one line that stand, in the order in which they were written."""

    line_id: str
    changes: tuple[LineChange, ...]

    @property
    def last(self) -> LineChange:
        """The change that the line shows."""
        return self.changes[-1]

    @property
    def adds(self) -> bool:
        """Whether the run added the line."""
        return self.changes[0].kind is ChangeKind.ADD_LINE

    @property
    def held_before(self) -> Decimal | None:
        """The quantity before the run: none for a line that it added; None where nobody knew."""
        return Decimal(0) if self.adds else self.changes[0].quantity_before

    @property
    def left(self) -> Decimal | None:
        """The quantity that the run left; a line that it ended keeps its own."""
        return self.last.quantity_before if self.last.kind is ChangeKind.END_LINE else self.last.quantity_after

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """What the run set besides the quantity, over all its changes: before the run and after it."""
        before: dict[LineField, str | None] = {}
        after: dict[LineField, str] = {}
        for change in self.changes:
            for field in change.fields:
                before.setdefault(field.field, field.before)
                after[field.field] = field.after
        return tuple(FieldChange(field, before[field], after[field]) for field in sorted(after))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A change that cannot be undone whatever the line shows, and why."""

    change: LineChange
    line_id: str
    why: str


def trails_of(
    diffs: Iterable[ContractDiff], entries: Sequence[JournalEntry], psa: str
) -> tuple[list[Trail], list[LeftOut]]:
    """Return the trail of each line that a run changed, in the order of the line ids, and what is left out.

    :param diffs: what the run pushed.
    :param entries: its journal, oldest first.
    :param psa: what people call the PSA.
    """
    ends = {(entry.digest, entry.change_id): entry for entry in entries}
    sent = {
        (entry.digest, entry.change_id): number
        for number, entry in enumerate(entries)
        if entry.state is JournalState.SENT
    }
    standing: dict[str, list[tuple[int, LineChange]]] = {}
    left_out: list[LeftOut] = []
    for diff in diffs:
        for change in diff.changes:
            key = (diff.digest, change.change_id)
            end = ends.get(key)
            if end is None or end.state in _NOT_APPLIED:
                continue
            line_id = end.line_id or change.line_id
            if why := _left_out_why(end, written=key in sent, line_id=line_id, psa=psa):
                left_out.append(LeftOut(change, line_id, why))
            else:
                standing.setdefault(line_id, []).append((sent[key], change))
    doubtful = {one.line_id for one in left_out if one.line_id}
    trails = [
        Trail(line_id, tuple(change for _, change in sorted(changes, key=lambda pair: pair[0])))
        for line_id, changes in sorted(standing.items())
        if line_id not in doubtful
    ]
    return trails, left_out


def _left_out_why(end: JournalEntry, *, written: bool, line_id: str, psa: str) -> str:
    if end.state is JournalState.MISMATCH:
        return f"{psa} did not show what the run had written ({end.detail})"
    if end.state not in DONE:
        return "nobody knows whether the run's change was applied; clear its push task first"
    if not written:
        return "the line was as planned already, and the run wrote nothing"
    return "" if line_id else f"{psa} did not tell the id of the line that the run added"
