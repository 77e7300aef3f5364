"""What customers and SKUs are mapped to, as the newest full run of each integration found it. Kept for the pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.paging import Page, Slice, like
from billing_providers.ledger.store import Store
from billing_providers.model.mapping_decisions import MappedKind
from billing_providers.model.mapping_states import DecidedState, MappedAccount, MappingCounts, MappingState

_STATE = RowCodec(MappingState)
_DECIDED = RowCodec(DecidedState)
_COUNTS = RowCodec(MappingCounts)
_ACCOUNT = RowCodec(MappedAccount)


class MappingStates:
    """One row per customer and SKU of an integration."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, integration: str, states: Sequence[MappingState]) -> None:
        """Store what a run found, in place of what an earlier one did."""
        rows = [{**_STATE.encoded(one), "integration": integration} for one in states]
        with self._store.writing("keep what is mapped to what") as transaction:
            transaction.run("mapping_states_clear", integration=integration)
            transaction.run_for_each("mapping_state_write", rows)

    def page(
        self,
        integration: str,
        kind: MappedKind,
        part: Slice,
        *,
        state: str = "",
        decided: str = "",
        words: str = "",
        subject: str = "",
        offered: bool = False,
    ) -> Page[DecidedState]:
        """Return a page of customers or SKUs with the last decision about each, those that are open first.

        :param state: only those that stand there; empty: all.
        :param decided: ``decided`` or ``open``; empty: both.
        :param words: only those that hold this in code, name, target or reason, whatever its case.
        :param subject: only this one; empty: all.
        :param offered: only those that something is offered for.
        """
        with self._store.reading("read what is mapped to what") as transaction:
            rows = transaction.rows(
                "mapping_states_page",
                integration=integration,
                kind=kind.value,
                state=state,
                decided=decided,
                words=like(words),
                subject=subject,
                offered=int(offered),
                limit=part.size,
                skip=part.skip,
            )
        return Page.of([_DECIDED.decoded(row) for row in rows], rows, part)

    def of(self, integration: str, kind: MappedKind, subjects: Collection[str]) -> dict[str, MappingState]:
        """Return some customers or SKUs by code; those that no run found are missing."""
        with self._store.reading("read what is mapped to what") as transaction:
            rows = transaction.rows(
                "mapping_states_of", integration=integration, kind=kind.value, subjects=sorted(subjects)
            )
        return {row["subject"]: _STATE.decoded(row) for row in rows}

    def counts(self) -> list[MappingCounts]:
        """Return how many customers and SKUs stand where, of all integrations."""
        with self._store.reading("count what is mapped") as transaction:
            return [_COUNTS.decoded(row) for row in transaction.rows("mapping_states_counted")]

    def tenants(self) -> dict[str, str]:
        """Return the PSA tenant of each integration, as its newest run says."""
        with self._store.reading("read which tenants there are") as transaction:
            return {row["integration"]: row["tenant"] for row in transaction.rows("mapping_tenants")}

    def accounts(self, integrations: Collection[str], part: Slice, *, words: str = "") -> Page[list[MappedAccount]]:
        """Return a page of accounts, each as the customers that are mapped to it, over integrations of one tenant.

        :param words: only accounts whose name, or a customer's name or code, holds this, whatever its case.
        """
        wanted = sorted(integrations)
        with self._store.reading("read what is mapped to accounts") as transaction:
            rows = transaction.rows(
                "mapping_accounts_page", integrations=wanted, words=like(words), limit=part.size, skip=part.skip
            )
            targets = [row["target"] for row in rows]
            found = transaction.rows("mapping_customers_of_accounts", integrations=wanted, targets=targets)
        by_target: dict[str, list[MappedAccount]] = {target: [] for target in targets}
        for row in found:
            by_target[row["target"]].append(_ACCOUNT.decoded(row))
        return Page.of(list(by_target.values()), rows, part)
