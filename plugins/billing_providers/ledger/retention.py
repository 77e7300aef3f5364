"""Retention: thins old readings of periods that are over, and never what a later period, an undo or a trace needs.

A reading made inside a period (``snapshots``, with its charge lines and the lines that its plans saw) is thinned once
its period is closed, every run that came to it has ended, a later complete reading is there, and enough days are over.
Of a thinned one stay its head, when it was pulled, the first row of each customer, and every row behind a change that
is in the journal. Journal, diffs, decisions, findings, runs and register are never touched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from billing_providers.errors import LedgerError
from billing_providers.ledger.codec import text_from_instant
from billing_providers.ledger.store import Store, Transaction


class Content(StrEnum):
    """What is thinned, by the name of its content."""

    USAGE = "usage"  # the rows of a reading, by snapshot
    CHARGES = "charges"  # charge lines and row outcomes, by charge set
    LINES = "lines"  # the contract lines that a plan saw, by digest


@dataclass(frozen=True, slots=True)
class OldReading:
    """A reading that may be thinned, or was; ``removed`` rows are gone, all tables together."""

    snapshot_id: str
    integration: str
    period_start: date
    removed: int = 0


class Retention:
    """Finds old readings and thins them, each in a transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, now: datetime, keep_days: int) -> list[OldReading]:
        """Return the readings that may be thinned, oldest period first.

        :param now: aware instant.
        :param keep_days: whole days for which a reading stays after the end of its period and after its last pull.
        """
        with self._store.reading("find old readings") as transaction:
            return _due(transaction, now, keep_days)

    def thin(self, now: datetime, keep_days: int) -> list[OldReading]:
        """Thin what may be thinned and return it. One that a run reads again meanwhile stays whole.

        :raises LedgerError: when the ledger does not answer; what was thinned before that is thinned.
        """
        done = (self._thin(reading, now, keep_days) for reading in self.due(now, keep_days))
        return [reading for reading in done if reading is not None]

    def _thin(self, reading: OldReading, now: datetime, keep_days: int) -> OldReading | None:
        snapshot_id, at = reading.snapshot_id, text_from_instant(now)
        with self._store.writing("thin an old reading") as transaction:
            transaction.row("snapshot_take", snapshot_id=snapshot_id)
            if not _due(transaction, now, keep_days, snapshot_id):
                return None
            removed = sum(
                _thin_charges(transaction, snapshot_id, str(row["charge_set_id"]), at)
                for row in transaction.rows("retention_charge_sets", snapshot_id=snapshot_id)
            )
            rows = transaction.run("thin_usage_records", snapshot_id=snapshot_id)
            _note(transaction, Content.USAGE, snapshot_id, at, rows)
            for row in transaction.rows("retention_diffs", snapshot_id=snapshot_id):
                lines = transaction.run("thin_diff_lines", digest=row["digest"])
                _note(transaction, Content.LINES, row["digest"], at, lines)
                removed += lines
        return OldReading(snapshot_id, reading.integration, reading.period_start, removed + rows)


def require_whole(transaction: Transaction, kind: Content, content_id: str, what: str) -> None:
    """Make sure that no row of a content is gone: half a reading is never taken for all of it.

    :raises LedgerError: when it was thinned.
    """
    if (row := transaction.row("thinned_read", kind=kind, content_id=content_id)) is not None:
        raise LedgerError(
            f"{what} {content_id} is not whole in the ledger ({transaction.store.place}): retention thinned it on "
            f"{row['thinned_at'][:10]}, its period is closed. Restore an archive from before that day to look at it"
        )


def made_whole(transaction: Transaction, kind: Content, content_id: str) -> bool:
    """Tell whether a content that is saved again was thinned, and take it for whole from now on."""
    return transaction.run("thinned_forget", kind=kind, content_id=content_id) > 0


def _due(transaction: Transaction, now: datetime, keep_days: int, snapshot_id: str = "") -> list[OldReading]:
    since = now - timedelta(days=keep_days)
    rows = transaction.rows(
        "retention_due", ended=since.date().isoformat(), pulled=text_from_instant(since), snapshot_id=snapshot_id
    )
    return [OldReading(row["snapshot_id"], row["integration"], date.fromisoformat(row["period_start"])) for row in rows]


def _thin_charges(transaction: Transaction, snapshot_id: str, charge_set_id: str, at: str) -> int:
    key = {"charge_set_id": charge_set_id}
    lists = transaction.rows("retention_written_for", snapshot_id=snapshot_id, **key)
    kept = sorted({int(number) for row in lists for number in json.loads(row["charge_nos"])})
    transaction.run_for_each("kept_charge_write", [{**key, "charge_no": number} for number in kept])
    removed = transaction.run("thin_row_outcomes", **key) + transaction.run("thin_charge_lines", **key)
    _note(transaction, Content.CHARGES, charge_set_id, at, removed)
    return removed


def _note(transaction: Transaction, kind: Content, content_id: str, at: str, removed: int) -> None:
    transaction.run("thinned_write", kind=kind, content_id=content_id, thinned_at=at, removed=removed)
