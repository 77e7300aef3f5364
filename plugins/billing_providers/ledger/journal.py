"""The journal of pushes: append-only, durable before the call returns, hash-chained per PSA tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from billing_providers.ledger.chain import ENTRIES, GENESIS, ChainHead, broken_links, linked
from billing_providers.ledger.codec import RowCodec, text_from_instant
from billing_providers.ledger.locks import Lock, require_held, require_seen
from billing_providers.ledger.store import Store, Transaction
from billing_providers.model.journal import OPEN, DatedWrite, JournalEntry, JournalState, LineWrite

_DATED = RowCodec(DatedWrite)
_WRITE = RowCodec(LineWrite)


class Journal:
    """One chain per tenant. Safe for several threads and processes: whoever appends waits for its turn."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, entries: Sequence[JournalEntry], lock: Lock | None = None) -> None:
        """Append entries in one transaction, on disk when this returns.

        :param lock: the caller's lock; checked in the same transaction.
        :raises LockHeld: when the lock was lost; nothing is appended.
        :raises LedgerError: when the journal cannot be written; nothing is appended.
        """
        if not entries:
            return
        tenant_of = attrgetter("tenant")
        with self._store.writing("write the journal") as transaction:
            if lock is not None:
                require_held(transaction, lock)
            # Sorted, so that two appends that touch several tenants never wait for each other.
            for tenant, own in groupby(sorted(entries, key=tenant_of), key=tenant_of):
                head = _taken_head(transaction, tenant)
                rows = linked(map(ENTRIES.encoded, own), head["seq"], head["hash"])
                transaction.run_for_each("journal_write", rows)
                transaction.run("journal_head_move", tenant=tenant, seq=rows[-1]["seq"], hash=rows[-1]["hash"])

    def require_lock(self, lock: Lock) -> None:
        """Make sure that something may be appended under a lock, at this moment.

        :raises LockHeld: when the lock was lost.
        """
        with self._store.reading("read the lock") as transaction:
            require_seen(transaction, lock)

    def states(self, digest: str) -> dict[str, JournalEntry]:
        """Return where each change of a diff stands: its last entry, by change id."""
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows("journal_states", digest=digest)
        return {row["change_id"]: ENTRIES.decoded(row) for row in rows}

    def open_lines(self, tenant: str, integration: str, period_start: date) -> set[str]:
        """Return the line ids and change ids of a period that are not done.

        A line stands where its last change stands: a later change of the same line, by whichever diff, makes
        an earlier one immaterial.
        """
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows(
                "journal_last_of_lines", tenant=tenant, integration=integration, period_start=period_start.isoformat()
            )
        undone = [row for row in rows if JournalState(row["state"]) in OPEN]
        return {key for row in undone for key in (row["line_id"], row["change_id"]) if key}

    def entries(self, tenant: str, period_start: date | None = None) -> list[JournalEntry]:
        """Return the journal of a tenant, oldest first; of one billing period when its start is given."""
        with self._store.reading("read the journal") as transaction:
            if period_start is None:
                rows = transaction.rows("journal_of_tenant", tenant=tenant)
            else:
                rows = transaction.rows("journal_of_period", tenant=tenant, period_start=period_start.isoformat())
        return [ENTRIES.decoded(row) for row in rows]

    def of_integration(self, tenant: str, integration: str, period_start: date) -> list[JournalEntry]:
        """Return what the journal of a tenant holds of one integration and billing period, oldest first."""
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows(
                "journal_of_integration", tenant=tenant, integration=integration, period_start=period_start.isoformat()
            )
        return [ENTRIES.decoded(row) for row in rows]

    def since(self, tenant: str, at: datetime) -> list[JournalEntry]:
        """Return what the journal of a tenant holds from an instant on, oldest first."""
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows("journal_since", tenant=tenant, at=text_from_instant(at))
        return [ENTRIES.decoded(row) for row in rows]

    def dated_writes(self, tenant: str, since: date) -> list[DatedWrite]:
        """Return what was written from which day on, or may have been, for the periods that start on a day or later."""
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows("journal_dated_writes", tenant=tenant, since=since.isoformat())
        return [_DATED.decoded(row) for row in rows]

    def standing(self, tenant: str, integration: str, since: date) -> list[JournalEntry]:
        """Return the last entry of each change that stands, for the periods that start on a day or later, in order."""
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows("journal_standing", tenant=tenant, integration=integration, since=since.isoformat())
        return [ENTRIES.decoded(row) for row in rows]

    def line_writes(self, tenant: str) -> list[LineWrite]:
        """Return what every change set, or may have set, on a line of a tenant, in the order of their last entries."""
        with self._store.reading("read the journal") as transaction:
            return [_WRITE.decoded(row) for row in transaction.each("journal_line_writes", tenant=tenant)]

    def heads(self) -> dict[str, ChainHead]:
        """Return where the chain of each tenant ends, by tenant; of rows without a head, the start."""
        with self._store.reading("read the journal") as transaction:
            tenants = [str(row["tenant"]) for row in transaction.rows("journal_tenants")]
            return {tenant: _head(transaction, tenant) or ChainHead(0, GENESIS) for tenant in tenants}

    def verify(self, tenant: str, noted: ChainHead | None = None) -> list[str]:
        """Return what is wrong with the chain of a tenant; empty when every row is there and unchanged.

        :param noted: an end of this chain that was noted elsewhere before: it must still be part of it. Without one,
            rows that were taken off the end together with the head cannot be missed.
        """
        with self._store.reading("read the journal") as transaction:
            return broken_chain(transaction, tenant, noted)


def broken_chain(transaction: Transaction, tenant: str, noted: ChainHead | None = None) -> list[str]:
    """Return what is wrong with the chain of a tenant, as one transaction sees it."""
    head = _head(transaction, tenant)
    rows = transaction.each("journal_of_tenant", tenant=tenant)
    broken = broken_links(rows, head or ChainHead(0, GENESIS), noted)
    if head is None and transaction.row("journal_has_rows", tenant=tenant) and _head(transaction, tenant) is None:
        broken.append("there are rows, and nothing says where the chain ends")
    return broken


def _head(transaction: Transaction, tenant: str) -> ChainHead | None:
    row = transaction.row("journal_head_read", tenant=tenant)
    return None if row is None else ChainHead(row["seq"], row["hash"])


def _taken_head(transaction: Transaction, tenant: str) -> Any:
    head = transaction.row("journal_head_take", tenant=tenant)
    if head is None:
        transaction.run("journal_head_open", tenant=tenant, hash=GENESIS)
        head = transaction.row("journal_head_take", tenant=tenant)
    return head
