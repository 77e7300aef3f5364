"""The register of managed lines: what the product set before, and may therefore set to zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from billing_providers.ledger.codec import RowCodec, text_from_instant
from billing_providers.ledger.store import Store
from billing_providers.model.changes import ManagedLine, MatchedLine, parts_of

_MATCHED = RowCodec(MatchedLine)
_MANAGED = RowCodec(ManagedLine)


class Register:
    """One row per contract line of a tenant and integration, as it was last matched."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def lines(self, tenant: str, integration: str, customers: tuple[str, ...] = ()) -> list[ManagedLine]:
        """Return the managed lines by line id; of some customers (a line that sums several counts for each)."""
        with self._store.reading("read the register of managed lines") as transaction:
            rows = transaction.rows("managed_lines_read", tenant=tenant, integration=integration)
        wanted = set(customers)
        return [
            _MANAGED.decoded(row) for row in rows if not wanted or not wanted.isdisjoint(parts_of(row["customer_code"]))
        ]

    def record(
        self,
        tenant: str,
        integration: str,
        period_start: date,
        matched: Sequence[MatchedLine],
        *,
        run_key: str = "",
        at: datetime | None = None,
    ) -> None:
        """Register the lines that stand as this period's diff says; what a newer period registered stays.

        :param run_key, at: which run confirmed them, and when.
        """
        key = {
            "tenant": tenant,
            "integration": integration,
            "period_start": period_start.isoformat(),
            "run_key": run_key,
            "confirmed_at": None if at is None else text_from_instant(at),
        }
        with self._store.writing("register the managed lines") as transaction:
            transaction.run_for_each("managed_line_write", [{**_MATCHED.encoded(line), **key} for line in matched])

    def forget(self, tenant: str, integration: str, line_ids: Iterable[str]) -> None:
        """Take lines out of the register: they are never zeroed again unless they are matched again."""
        key = {"tenant": tenant, "integration": integration}
        with self._store.writing("forget managed lines") as transaction:
            transaction.run_for_each("managed_line_forget", [{**key, "line_id": line_id} for line_id in line_ids])
