"""Contract diffs as they were planned, and the decisions of people about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from billing_providers.errors import LedgerError
from billing_providers.ledger.codec import RowCodec, text_from_instant
from billing_providers.ledger.retention import Content, made_whole, require_whole
from billing_providers.ledger.store import Store
from billing_providers.model.changes import ContractDiff, LineChange, MatchedLine
from billing_providers.model.findings import Finding
from billing_providers.model.runs import Approval
from billing_providers.model.seen_lines import SeenLine

_PARTS: dict[str, RowCodec[LineChange] | RowCodec[MatchedLine] | RowCodec[Finding]] = {
    "changes": RowCodec(LineChange),
    "matched": RowCodec(MatchedLine),
    "findings": RowCodec(Finding),
}
_HEAD = RowCodec(ContractDiff, without=_PARTS)
_APPROVAL = RowCodec(Approval)
_LINES = RowCodec(SeenLine)


class Diffs:
    """Immutable diffs, by digest; approvals are only ever added."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, diff: ContractDiff, run_key: str) -> None:
        """Store a diff, unless its content is there already, and remember that this run came to it."""
        with self._store.writing("save the contract diff") as transaction:
            if transaction.run("diff_write", **_HEAD.encoded(diff)):
                for part, codec in _PARTS.items():
                    transaction.write_rows(f"diff_{part}_write", codec, getattr(diff, part), digest=diff.digest)
            transaction.run("diff_run_write", digest=diff.digest, run_key=run_key)
            period = {"integration": diff.integration, "period_start": diff.period_start.isoformat()}
            transaction.run("last_plan_write", digest=diff.digest, run_key=run_key, **period)

    def load(self, digest: str) -> ContractDiff:
        """Return a diff exactly as it was saved.

        :raises LedgerError: for an unknown digest.
        """
        with self._store.reading("read the contract diff") as transaction:
            head = transaction.row("diff_read", digest=digest)
            if head is None:
                raise LedgerError(f"the ledger ({self._store.place}) holds no contract diff {digest}; plan again")
            parts = {}
            for part, codec in _PARTS.items():
                columns = transaction.columns(f"diff_{part}_read", codec, digest=digest)
                cells = zip(*(columns[name] for name in codec.names), strict=True)
                parts[part] = tuple(codec.row_type(*row) for row in cells)
        return _HEAD.decoded(head, **parts)

    def keep_lines(self, digest: str, lines: Sequence[SeenLine]) -> None:
        """Store the contract lines that the plan of a stored diff saw, unless they are there already."""
        with self._store.writing("keep the lines that a plan saw") as transaction:
            if lines and transaction.row("diff_lines_there", digest=digest) is None:
                transaction.write_rows("diff_lines_write", _LINES, lines, digest=digest)
                made_whole(transaction, Content.LINES, digest)

    def lines(self, digest: str) -> list[SeenLine]:
        """Return the contract lines that the plan of a diff saw, as they were before it.

        :raises LedgerError: when retention removed them.
        """
        with self._store.reading("read the lines that a plan saw") as transaction:
            require_whole(transaction, Content.LINES, digest, "the list of lines that was kept beside diff")
            columns = transaction.columns("diff_lines_read", _LINES, digest=digest)
        return [SeenLine(*cells) for cells in zip(*(columns[name] for name in _LINES.names), strict=True)]

    def that_matched(
        self, tenant: str, integration: str, period_start: date, run_key: str, *, before: datetime
    ) -> dict[str, set[str]]:
        """Return which diffs, cleared before an instant, matched the lines that a run wrote to: digest → line ids."""
        with self._store.reading("read earlier contract diffs") as transaction:
            rows = transaction.rows(
                "diffs_that_matched",
                tenant=tenant,
                integration=integration,
                period_start=period_start.isoformat(),
                run_key=run_key,
                before=text_from_instant(before),
            )
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row["digest"], set()).add(row["line_id"])
        return found

    def approve(self, approval: Approval) -> None:
        """Add a decision about a stored diff. The same decision told again is one.

        :raises LedgerError: when the diff is not stored.
        """
        with self._store.writing(f"save the decision about diff {approval.digest[:12]}") as transaction:
            transaction.run("approval_write", **_APPROVAL.encoded(approval))

    def approval(self, digest: str) -> Approval | None:
        """Return the latest decision about a diff; of two at the same instant a refusal counts."""
        with self._store.reading("read the decision about the diff") as transaction:
            row = transaction.row("approval_latest", digest=digest)
        return None if row is None else _APPROVAL.decoded(row)
