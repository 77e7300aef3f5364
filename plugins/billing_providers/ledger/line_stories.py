"""Everything that the ledger holds about one contract line, over all periods, down to the usage rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing_providers.ledger.chain import ENTRIES
from billing_providers.ledger.charges import Evidence
from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice
from billing_providers.ledger.snapshots import USAGE
from billing_providers.ledger.store import Store
from billing_providers.model.changes import LineChange
from billing_providers.model.charges import ChargeLine
from billing_providers.model.journal import JournalEntry
from billing_providers.model.line_story import LinePlan
from billing_providers.model.runs import Approval
from billing_providers.model.seen_lines import SeenLine

_CHANGE = RowCodec(LineChange)
_APPROVAL = RowCodec(Approval)
_SEEN = RowCodec(SeenLine)
_CHARGE = RowCodec(ChargeLine)
PLANS_MAX = 500


class LineStories:
    """Lines by integration and line id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plans(self, integration: str, line_id: str) -> list[LinePlan]:
        """Return what was planned for a line and became of it, the newest period first; at most 500 diffs."""
        key = {"integration": integration, "line_id": line_id, "limit": PLANS_MAX}
        with self._store.reading("read the story of a line") as transaction:
            diffs = transaction.rows("line_diffs", **key)
            changed = transaction.rows("line_changes", **key)
            steps, decided = [], []
            if changed:
                ids = {name: sorted({row[name] for row in changed}) for name in ("digest", "change_id")}
                steps = transaction.rows("line_steps", digests=ids["digest"], change_ids=ids["change_id"])
            if diffs:
                decided = transaction.rows("line_decisions", digests=[row["digest"] for row in diffs])
        changes = _by_digest((row["digest"], _CHANGE.decoded(row)) for row in changed)
        own = {(row["digest"], row["change_id"]) for row in changed}
        entries = [ENTRIES.decoded(row) for row in steps if (row["digest"], row["change_id"]) in own]
        journal = _by_digest((entry.digest, entry) for entry in entries)
        decisions = _by_digest((row["digest"], _APPROVAL.decoded(row)) for row in decided)
        return [_plan(row, changes, journal, decisions) for row in diffs]

    def seen(self, digest: str, line_id: str) -> SeenLine | None:
        """Return a line as the plan of a diff saw it; None when it was not there."""
        with self._store.reading("read a line that a plan saw") as transaction:
            row = transaction.row("line_seen", digest=digest, line_id=line_id)
        return None if row is None else _SEEN.decoded(row)

    def charges(self, charge_set_id: str, charge_nos: Sequence[int]) -> list[ChargeLine]:
        """Return some charge lines, by number."""
        if not charge_nos:
            return []
        with self._store.reading("read the charge lines behind a quantity") as transaction:
            rows = transaction.rows("line_charges", charge_set_id=charge_set_id, charge_nos=list(charge_nos))
        return [_CHARGE.decoded(row) for row in rows]

    def evidence(self, charge_set_id: str, charge_nos: Sequence[int], part: Slice) -> Page[Evidence]:
        """Return a page of the usage rows that were counted for some charge lines."""
        rows: list[dict[str, Any]] = []
        if charge_nos:
            with self._store.reading("read the usage behind a quantity") as transaction:
                rows = transaction.rows(
                    "line_evidence_page",
                    charge_set_id=charge_set_id,
                    charge_nos=list(charge_nos),
                    limit=part.size,
                    skip=part.skip,
                )
        counted = [{**row, "total": row["row_count"]} for row in rows]  # usage rows have a "total" of their own
        return Page.of([_evidence(row) for row in rows], counted, part)


def _by_digest(pairs: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for digest, value in pairs:
        found.setdefault(digest, []).append(value)
    return found


def _plan(
    row: Mapping[str, Any],
    changes: Mapping[str, list[LineChange]],
    journal: Mapping[str, list[JournalEntry]],
    decisions: Mapping[str, list[Approval]],
) -> LinePlan:
    digest = row["digest"]
    return LinePlan(
        digest=digest,
        period_start=date.fromisoformat(row["period_start"]),
        period_end=date.fromisoformat(row["period_end"]),
        run_key=row["run_key"] or "",
        started_at=None if row["started_at"] is None else datetime.fromisoformat(row["started_at"]),
        rehearsed=bool(row["dry_run"]),
        charge_set_id=row["charge_set_id"],
        matched=None if row["quantity"] is None else Decimal(row["quantity"]),
        charge_nos=_numbers(row["charge_nos"], changes.get(digest, ())),
        changes=changes.get(digest, []),
        steps=journal.get(digest, []),
        decisions=decisions.get(digest, []),
    )


def _numbers(matched: str | None, changes: Sequence[LineChange]) -> tuple[int, ...]:
    """Return the numbers of the charge lines: those of the match, or of the change that added the line."""
    if matched:
        return tuple(int(number) for number in matched.split(","))
    return tuple(sorted({number for change in changes for number in change.charge_nos}))


def _evidence(row: Mapping[str, Any]) -> Evidence:
    counted = None if row["counted"] is None else Decimal(row["counted"])
    return Evidence(row["charge_no"], counted, row["rule"], USAGE.decoded(row))
