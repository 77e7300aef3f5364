"""The history of runs as people look back at it: pages of runs, of their customers and of their line changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice, like
from billing_providers.ledger.store import Store
from billing_providers.model.changes import LineChange
from billing_providers.model.journal import JournalState
from billing_providers.model.run_history import PastRun, PushedChange, RunFilter
from billing_providers.model.runs import CustomerResult, RunRecord

_RUN = RowCodec(RunRecord)
_CUSTOMER = RowCodec(CustomerResult)
_CHANGE = RowCodec(LineChange)
_ALL = Slice(1, 2**31 - 1)


class History:
    """Runs by integration; customers by run; changes by diff. ``each_…`` yields all in the same order."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def runs(self, integrations: Collection[str], wanted: RunFilter, part: Slice) -> Page[PastRun]:
        """Return a page of the runs of some integrations, the newest first."""
        with self._store.reading("read the run history") as transaction:
            rows = transaction.rows("history_page", **_runs(integrations, wanted, part))
        return Page.of([_past(row) for row in rows], rows, part)

    def each_run(self, integrations: Collection[str], wanted: RunFilter) -> Iterator[PastRun]:
        """Yield all of them."""
        with self._store.reading("read the run history") as transaction:
            yield from map(_past, transaction.each("history_page", **_runs(integrations, wanted, _ALL)))

    def run(self, run_key: str, integration: str) -> PastRun | None:
        """Return one run of an integration."""
        found = self.runs([integration], RunFilter(run_key=run_key), Slice()).items
        return found[0] if found else None

    def newest(self, integrations: Collection[str], day: date | None = None) -> list[RunRecord]:
        """Return the newest run of each integration, by name.

        :param day: a day of the period that it was about; None: of the latest period that had a run.
        """
        with self._store.reading("find the newest runs") as transaction:
            rows = transaction.rows("runs_newest", integrations=_some(integrations), day=day.isoformat() if day else "")
        return [_RUN.decoded(row) for row in rows]

    def customers(self, run_key: str, part: Slice, *, result: str = "", words: str = "") -> Page[CustomerResult]:
        """Return a page of what a run came to for each customer, those that need somebody first."""
        with self._store.reading("read the run's results per customer") as transaction:
            rows = transaction.rows("run_customers_page", **_customers(run_key, part, result, words))
        return Page.of([_CUSTOMER.decoded(row) for row in rows], rows, part)

    def each_customer(self, run_key: str, *, result: str = "", words: str = "") -> Iterator[CustomerResult]:
        """Yield all of them."""
        with self._store.reading("read the run's results per customer") as transaction:
            rows = transaction.each("run_customers_page", **_customers(run_key, _ALL, result, words))
            yield from map(_CUSTOMER.decoded, rows)

    def lines(self, digest: str, part: Slice, *, state: str = "", words: str = "") -> Page[PushedChange]:
        """Return a page of the line changes of a diff, those that do not stand first."""
        with self._store.reading("read what became of line changes") as transaction:
            rows = transaction.rows("run_lines_page", **_lines(digest, part, state, words))
        return Page.of([_pushed(row) for row in rows], rows, part)

    def each_line(self, digest: str, *, state: str = "", words: str = "") -> Iterator[PushedChange]:
        """Yield all of them."""
        with self._store.reading("read what became of line changes") as transaction:
            yield from map(_pushed, transaction.each("run_lines_page", **_lines(digest, _ALL, state, words)))


def _some(integrations: Collection[str]) -> list[str]:
    return list(integrations) or [""]  # an empty list has no type that PostgreSQL could compare with


def _cut(part: Slice) -> dict[str, int]:
    return {"limit": part.size, "skip": part.skip}


def _runs(integrations: Collection[str], wanted: RunFilter, part: Slice) -> dict[str, Any]:
    return {
        "integrations": _some(integrations),
        "run_key": wanted.run_key,
        "day": wanted.day.isoformat() if wanted.day else "",
        "result": wanted.result,
        "kind": wanted.kind.value,
        "words": like(wanted.words),
        **_cut(part),
    }


def _customers(run_key: str, part: Slice, result: str, words: str) -> dict[str, Any]:
    return {"run_key": run_key, "result": result, "words": like(words), **_cut(part)}


def _lines(digest: str, part: Slice, state: str, words: str) -> dict[str, Any]:
    return {"digest": digest, "state": state, "words": like(words), **_cut(part)}


def _past(row: Mapping[str, Any]) -> PastRun:
    return PastRun(_RUN.decoded(row), int(row["attempts"]), row["decision"] or "", row["decided_by"] or "")


def _pushed(row: Mapping[str, Any]) -> PushedChange:
    return PushedChange(
        change=_CHANGE.decoded(row),
        line_id=row["written_line"] or row["line_id"],
        state=None if row["state"] is None else JournalState(row["state"]),
        written_by=row["written_by"] or "",
        written_at=None if row["written_at"] is None else datetime.fromisoformat(row["written_at"]),
        observed=None if row["observed"] is None else Decimal(row["observed"]),
        detail=row["detail"] or "",
        request_id=row["request_id"] or "",
        tries=int(row["tries"] or 0),
    )
