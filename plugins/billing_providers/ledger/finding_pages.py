"""Findings as people look at them: pages, counts by cause and customer, where a cause was seen, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice, like
from billing_providers.ledger.store import Store
from billing_providers.model.findings import Finding
from billing_providers.model.seen_findings import FindingFilter, FindingGroup, FindingNote, GroupedBy, SeenFinding

_FINDING = RowCodec(Finding)
_NOTE = RowCodec(FindingNote)
_ALL = 2**31 - 1


class FindingPages:
    """Findings of chosen runs, by run key; notes by integration and cause, only ever added to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, run_keys: Sequence[str], wanted: FindingFilter, part: Slice) -> Page[SeenFinding]:
        """Return a page of the findings of some runs."""
        with self._store.reading("read a page of findings") as transaction:
            rows = transaction.rows("findings_page", **_chosen(run_keys, wanted), limit=part.size, skip=part.skip)
        return Page.of([_seen(row) for row in rows], rows, part)

    def each(self, run_keys: Sequence[str], wanted: FindingFilter) -> Iterator[SeenFinding]:
        """Yield all of them in the same order, without holding all."""
        with self._store.reading("read the findings") as transaction:
            yield from map(_seen, transaction.each("findings_page", **_chosen(run_keys, wanted), limit=_ALL, skip=0))

    def groups(
        self, run_keys: Sequence[str], wanted: FindingFilter, grouped_by: GroupedBy, part: Slice
    ) -> Page[FindingGroup]:
        """Return a page of what they have in common, the worst and most frequent first."""
        values = {name: value for name, value in _chosen(run_keys, wanted).items() if name != "sort"}
        with self._store.reading("count the findings") as transaction:
            rows = transaction.rows(
                "finding_groups_page", **values, grouped_by=grouped_by.value, limit=part.size, skip=part.skip
            )
        return Page.of([_group(row) for row in rows], rows, part)

    def codes(self, run_keys: Sequence[str]) -> list[str]:
        """Return the codes that the findings of some runs have, sorted."""
        with self._store.reading("read the codes of findings") as transaction:
            return [row["code"] for row in transaction.rows("finding_codes", run_keys=_some(run_keys))]

    def of_task(self, run_key: str, part: Slice) -> Page[Finding]:
        """Return a page of what a run found that is in no history, such as the daily watch; the worst first."""
        with self._store.reading("read what a run found") as transaction:
            rows = transaction.rows("findings_of_task_page", run_key=run_key, limit=part.size, skip=part.skip)
        return Page.of([_FINDING.decoded(row) for row in rows], rows, part)

    def seen(self, integration: str, cause: str, limit: int) -> list[SeenFinding]:
        """Return where a cause was seen, the newest run first; without counts and owner."""
        with self._store.reading("read where a cause was seen") as transaction:
            rows = transaction.rows("finding_cause_seen", integration=integration, cause=cause, limit=limit)
        return [_seen({**row, "periods": 0, "first_seen": None, "owner": "", "note": ""}) for row in rows]

    def notes(self, integration: str, cause: str) -> list[FindingNote]:
        """Return what was said about a cause, the newest first."""
        with self._store.reading("read what was said about a finding") as transaction:
            rows = transaction.rows("finding_notes_read", integration=integration, cause=cause)
        return [_NOTE.decoded(row) for row in rows]

    def add_note(self, note: FindingNote) -> None:
        """Add what somebody says; its ``seq`` is the next one, whatever is given.

        :raises LedgerError: also when another note about the same cause is written at the same moment.
        """
        values = {name: value for name, value in _NOTE.encoded(note).items() if name != "seq"}
        with self._store.writing("keep a note about a finding") as transaction:
            transaction.run("finding_note_add", **values)


def _some(run_keys: Sequence[str]) -> list[str]:
    return list(run_keys) or [""]  # an empty list has no type that PostgreSQL could compare with


def _chosen(run_keys: Sequence[str], wanted: FindingFilter) -> dict[str, Any]:
    return {
        "run_keys": _some(run_keys),
        "code": wanted.code,
        "level": wanted.level,
        "customer": wanted.customer,
        "words": like(wanted.words),
        "sort": wanted.order.value,
    }


def _seen(row: Mapping[str, Any]) -> SeenFinding:
    started = date.fromisoformat(row["period_start"])
    return SeenFinding(
        run_key=row["run_key"],
        integration=row["integration"],
        period_start=started,
        stage=row["stage"],
        customer=row["customer"],
        cause=row["cause"],
        periods=row["periods"] or 1,  # findings of older versions have no cause to count by
        first_seen=date.fromisoformat(row["first_seen"]) if row["first_seen"] else started,
        owner=row["owner"],
        note=row["note"],
        finding=_FINDING.decoded(row),
    )


def _group(row: Mapping[str, Any]) -> FindingGroup:
    return FindingGroup(
        key=row["group_key"],
        findings=row["findings"],
        customers=row["customers"],
        errors=row["errors"],
        warnings=row["warnings"],
        example=_FINDING.decoded(row),
    )
