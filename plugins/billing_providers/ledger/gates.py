"""Where integrations and periods stand, as their last reports found them. Kept for the pages alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice, like
from billing_providers.ledger.store import Store
from billing_providers.model.gate import CustomerGate
from billing_providers.model.gate_head import GateHead

_HEAD = RowCodec(GateHead)
_CUSTOMER = RowCodec(CustomerGate)


class Gates:
    """One head per integration and period, with a row per customer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, head: GateHead, customers: Sequence[CustomerGate]) -> None:
        """Store where a period stands, in place of what an earlier report said."""
        key = {"integration": head.integration, "period_start": head.period_start.isoformat()}
        rows = [{**_CUSTOMER.encoded(one), **key, "row_no": number} for number, one in enumerate(customers, start=1)]
        with self._store.writing("keep where the period stands") as transaction:
            transaction.run("gate_head_write", **_HEAD.encoded(head))
            transaction.run("gate_customers_clear", **key)
            transaction.run_for_each("gate_customer_write", rows)

    def head(self, integration: str, period_start: date) -> GateHead | None:
        """Return where a period stands; None when no run has reported on it."""
        with self._store.reading("read where the period stands") as transaction:
            row = transaction.row("gate_head_read", integration=integration, period_start=period_start.isoformat())
        return None if row is None else _HEAD.decoded(row)

    def latest(self, integration: str, periods: int) -> list[GateHead]:
        """Return where the latest periods of an integration stand, the newest first."""
        with self._store.reading("read where periods stand") as transaction:
            rows = transaction.rows("gate_heads_of_integration", integration=integration, periods=periods)
        return [_HEAD.decoded(row) for row in rows]

    def customers(
        self, integration: str, period_start: date, part: Slice, *, state: str = "", words: str = ""
    ) -> Page[CustomerGate]:
        """Return a page of the customers of a period, failed ones first.

        :param state: only customers in this state; empty: all.
        :param words: only customers whose name, code or reasons hold this, whatever its case.
        """
        with self._store.reading("read where customers stand") as transaction:
            rows = transaction.rows(
                "gate_customers_page",
                integration=integration,
                period_start=period_start.isoformat(),
                state=state,
                words=like(words),
                limit=part.size,
                skip=part.skip,
            )
        return Page.of([_CUSTOMER.decoded(row) for row in rows], rows, part)
