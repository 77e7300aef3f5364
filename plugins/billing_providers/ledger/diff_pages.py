"""Diffs as people look at them: pages of changes, of what stays and of what was left alone, and what came since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.ledger.chain import ENTRIES
from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice, like
from billing_providers.ledger.store import Store
from billing_providers.model.changes import ContractDiff, LineChange
from billing_providers.model.diff_page import ChangeFilter, SinceThen
from billing_providers.model.findings import Finding
from billing_providers.model.journal import JournalEntry
from billing_providers.model.seen_lines import SeenLine

_CHANGE = RowCodec(LineChange)
_LINE = RowCodec(SeenLine)
_FINDING = RowCodec(Finding)
_HEAD = RowCodec(ContractDiff, without=("changes", "matched", "findings"))

#: How many unchanged lines a search goes through: more are narrowed down, not read.
FOUND_MAX = 1000


class DiffPages:
    """Parts of stored diffs, by digest."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def head(self, digest: str) -> ContractDiff | None:
        """Return a diff without its changes, lines and findings; None when it is not stored."""
        with self._store.reading("read the contract diff") as transaction:
            row = transaction.row("diff_read", digest=digest)
        return None if row is None else _HEAD.decoded(row, changes=(), matched=(), findings=())

    def changes(self, digest: str, wanted: ChangeFilter, part: Slice) -> Page[LineChange]:
        """Return a page of changes."""
        chosen = {"held": wanted.held.value, "kind": wanted.kind, "account": wanted.account, "sort": wanted.order.value}
        rows = self._rows("diff_changes_page", part, digest=digest, words=like(wanted.words), **chosen)
        return Page.of([_CHANGE.decoded(row) for row in rows], rows, part)

    def unchanged(self, diff: ContractDiff, wanted: ChangeFilter, part: Slice) -> Page[SeenLine]:
        """Return a page of the lines that usage reached and that stay as they are.

        Of an account or with words: of the first :data:`FOUND_MAX` of them. After retention has removed the lines that
        the plan saw, they have ids in place of names.
        """
        words, account = like(wanted.words), wanted.account
        if not words and not account:
            rows = self._rows("diff_unchanged_page", part, digest=diff.digest)
            return Page([_LINE.decoded(row) for row in rows], diff.unchanged_count, part.number, part.size)
        chosen = {"words": words, "account": account, "most": FOUND_MAX}
        rows = self._rows("diff_unchanged_found", part, digest=diff.digest, **chosen)
        return Page.of([_LINE.decoded(row) for row in rows], rows, part)

    def skipped(self, digest: str, wanted: ChangeFilter, part: Slice) -> Page[Finding]:
        """Return a page of what was left alone, errors first."""
        rows = self._rows("diff_skipped_page", part, digest=digest, words=like(wanted.words))
        return Page.of([_FINDING.decoded(row) for row in rows], rows, part)

    def amounts(self, digest: str) -> list[dict[str, Any]]:
        """Return what the amounts by account are made of: one row per change, decimals as ``Decimal``."""
        with self._store.reading("read the amounts of a diff") as transaction:
            rows = transaction.rows("diff_amounts", digest=digest)
        for row in rows:
            for name in ("quantity_before", "quantity_after", "unit_price"):
                row[name] = None if row[name] is None else Decimal(row[name])
        return rows

    def states(self, digest: str, change_ids: Sequence[str]) -> dict[str, JournalEntry]:
        """Return where some changes of a diff stand: the last journal entry by change id."""
        with self._store.reading("read the journal") as transaction:
            rows = transaction.rows("journal_states_of_changes", digest=digest, change_ids=list(change_ids))
        return {row["change_id"]: ENTRIES.decoded(row) for row in rows}

    def runs(self, digest: str) -> list[str]:
        """Return the keys of the runs that came to a diff, the newest first."""
        with self._store.reading("read who made a diff") as transaction:
            return [row["run_key"] for row in transaction.rows("diff_runs", digest=digest)]

    def of_run(self, run_key: str) -> tuple[str, str] | None:
        """Return the digest of the diff that a run came to last, and its integration; None when it came to none."""
        with self._store.reading("read which diff a run made") as transaction:
            row = transaction.row("diff_of_run", run_key=run_key)
        return None if row is None else (row["digest"], row["integration"])

    def since(self, diff: ContractDiff) -> SinceThen | None:
        """Return what changed since a diff; None when it was planned last."""
        period = {"integration": diff.integration, "period_start": diff.period_start.isoformat()}
        with self._store.reading("compare diffs") as transaction:
            newest = transaction.row("diff_newest_of_period", **period)
            if newest is None or newest["digest"] == diff.digest:
                return None
            row = transaction.row("diff_changes_since", digest=diff.digest, newer=newest["digest"])
        return None if row is None else SinceThen(newest["digest"], row["gone"], row["other"], row["added"])

    def before(
        self, diff: ContractDiff, line_ids: Sequence[str], periods: int
    ) -> tuple[list[date], dict[str, dict[date, Decimal]]]:
        """Return the first days of the periods before a diff's, and what each line was billed for in them.

        :param periods: how many; the newest comes first.
        """
        key = {"integration": diff.integration, "period_start": diff.period_start.isoformat()}
        with self._store.reading("read what lines held before") as transaction:
            starts = [row["period_start"] for row in transaction.rows("periods_before", periods=periods, **key)]
            rows = []
            if starts and line_ids:
                rows = transaction.rows("matched_before", since=starts[-1], line_ids=list(line_ids), **key)
        held: dict[str, dict[date, Decimal]] = {}
        for row in rows:
            held.setdefault(row["line_id"], {})[date.fromisoformat(row["period_start"])] = Decimal(row["quantity"])
        return [date.fromisoformat(start) for start in starts], held

    def _rows(self, query: str, part: Slice, **values: Any) -> list[dict[str, Any]]:
        with self._store.reading("read a page of a contract diff") as transaction:
            return transaction.rows(query, limit=part.size, skip=part.skip, **values)
