"""Charge sets: the charge lines that the billing rules made of a snapshot, and what became of every row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.errors import LedgerError
from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.retention import Content, made_whole, require_whole
from billing_providers.ledger.snapshots import USAGE
from billing_providers.ledger.store import Store
from billing_providers.model.charges import ChargeLine, ChargeSet, RowOutcome
from billing_providers.model.frames import frame_of_columns
from billing_providers.model.usage import UsageRecord

if TYPE_CHECKING:
    import pandas as pd

_HEAD = RowCodec(ChargeSet)
_LINES = RowCodec(ChargeLine)
_OUTCOMES = RowCodec(RowOutcome)
_NUMBERS_AT_ONCE = 500  # databases bound the number of parameters of one statement


@dataclass(frozen=True, slots=True)
class Evidence:
    """One usage record behind a charge line, and the quantity that it counted for after the rules."""

    charge_no: int
    counted: Decimal | None
    rule: str  # names of the rules that touched it, comma separated
    record: UsageRecord


class Charges:
    """Immutable charge sets, by the id of their content."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(
        self,
        charge_set: ChargeSet,
        charges: pd.DataFrame | Sequence[ChargeLine],
        outcomes: pd.DataFrame | Sequence[RowOutcome],
    ) -> None:
        """Store a charge set with its charge lines and row outcomes, unless its content is there already."""
        key = charge_set.charge_set_id
        with self._store.writing("save the charge lines") as transaction:
            if not transaction.run("charge_set_write", **_HEAD.encoded(charge_set)):
                if not made_whole(transaction, Content.CHARGES, key):
                    return
                for table in ("charge_lines_clear", "row_outcomes_clear", "kept_charges_clear"):
                    transaction.run(table, charge_set_id=key)
            transaction.write_rows("charge_lines_write", _LINES, charges, charge_set_id=key)
            transaction.write_rows("row_outcomes_write", _OUTCOMES, outcomes, charge_set_id=key)

    def head(self, charge_set_id: str) -> ChargeSet:
        """Return a charge set without its charge lines.

        :raises LedgerError: for an unknown id.
        """
        with self._store.reading("read the charge set") as transaction:
            row = transaction.row("charge_set_read", charge_set_id=charge_set_id)
        return self._known(row, charge_set_id)

    def load(self, charge_set_id: str) -> tuple[ChargeSet, pd.DataFrame]:
        """Return a charge set and its charge lines, a frame of :class:`ChargeLine` by ``charge_no``.

        :raises LedgerError: for an unknown id, and for a charge set that retention thinned.
        """
        with self._store.reading("read the charge lines") as transaction:
            require_whole(transaction, Content.CHARGES, charge_set_id, "charge set")
            row = transaction.row("charge_set_read", charge_set_id=charge_set_id)
            columns = transaction.columns("charge_lines_read", _LINES, charge_set_id=charge_set_id)
        return self._known(row, charge_set_id), frame_of_columns(ChargeLine, columns)

    def _known(self, row: dict[str, Any] | None, charge_set_id: str) -> ChargeSet:
        if row is None:
            raise LedgerError(
                f"the ledger ({self._store.place}) holds no charge set {charge_set_id}; apply the rules again"
            )
        return _HEAD.decoded(row)

    def outcomes(self, charge_set_id: str) -> pd.DataFrame:
        """Return what became of every row, a frame of :class:`RowOutcome` in the order of the snapshot's records.

        :raises LedgerError: for a charge set that retention thinned.
        """
        with self._store.reading("read what became of the usage") as transaction:
            require_whole(transaction, Content.CHARGES, charge_set_id, "charge set")
            columns = transaction.columns("row_outcomes_read", _OUTCOMES, charge_set_id=charge_set_id)
        return frame_of_columns(RowOutcome, columns)

    def evidence(self, charge_set_id: str, charge_nos: Iterable[int]) -> list[Evidence]:
        """Return the usage records that were counted for some charge lines, by charge line, then in source order.

        :raises LedgerError: for a charge line that retention removed; those that something was written for stay.
        """
        wanted = sorted(set(charge_nos))
        found: list[Evidence] = []
        with self._store.reading("read the usage behind the charge lines") as transaction:
            kept = {row["charge_no"] for row in transaction.rows("kept_charges_read", charge_set_id=charge_set_id)}
            if not kept.issuperset(wanted):
                require_whole(transaction, Content.CHARGES, charge_set_id, "charge set")
            for start in range(0, len(wanted), _NUMBERS_AT_ONCE):
                rows = transaction.rows(
                    "charge_evidence",
                    charge_set_id=charge_set_id,
                    charge_nos=wanted[start : start + _NUMBERS_AT_ONCE],
                )
                for row in rows:
                    counted = None if row["counted"] is None else Decimal(row["counted"])
                    found.append(Evidence(row["charge_no"], counted, row["rule"], USAGE.decoded(row)))
        return found
