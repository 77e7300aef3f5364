"""What people decided about customers and SKUs. Decisions are only ever added; the last one about a thing counts."""

from __future__ import annotations

from collections.abc import Sequence

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.store import Store
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind

_DECIDED = RowCodec(DecidedMapping)


class MappingDecisions:
    """Decisions by integration, kind, and customer code or SKU."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, decisions: Sequence[DecidedMapping]) -> None:
        """Add decisions, all or none. Their ``seq`` is given here: each comes after those about the same thing."""
        with self._store.writing("keep what was decided about mappings") as transaction:
            for decided in decisions:
                values = _DECIDED.encoded(decided)
                del values["seq"]
                transaction.run("mapping_decision_add", **values)

    def standing(self, integration: str, kind: MappedKind) -> list[DecidedMapping]:
        """Return the decisions that stand, by code: the last about each thing, unless it was withdrawn."""
        with self._store.reading("read what was decided about mappings") as transaction:
            rows = transaction.rows("mapping_decisions_standing", integration=integration, kind=kind.value)
        return [_DECIDED.decoded(row) for row in rows]

    def of(self, integration: str, kind: MappedKind, subject: str) -> list[DecidedMapping]:
        """Return every decision about one thing, the newest first."""
        with self._store.reading("read what was decided about mappings") as transaction:
            rows = transaction.rows("mapping_decisions_of", integration=integration, kind=kind.value, subject=subject)
        return [_DECIDED.decoded(row) for row in rows]
