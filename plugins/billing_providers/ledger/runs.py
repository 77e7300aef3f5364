"""The history of runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.store import Store
from billing_providers.model.runs import CustomerResult, RunRecord

_RUN = RowCodec(RunRecord)
_CUSTOMER = RowCodec(CustomerResult)


class Runs:
    """One row per run; clearing and rerunning a run keeps its row."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, record: RunRecord) -> None:
        """Open a run. Opened again by a rerun: the first ``started_at`` stays and the attempts are counted."""
        with self._store.writing("open the run's history") as transaction:
            transaction.run("run_start", **_RUN.encoded(record))

    def finish(self, record: RunRecord) -> None:
        """Write how a run ended. Ended again after a rerun: the last result counts."""
        with self._store.writing("write the run's history") as transaction:
            transaction.run("run_finish", **_RUN.encoded(record))

    def find(self, run_key: str) -> RunRecord | None:
        """Return a run by its key."""
        with self._store.reading("read the run's history") as transaction:
            row = transaction.row("run_read", run_key=run_key)
        return None if row is None else _RUN.decoded(row)

    def attempts(self, run_key: str) -> int:
        """Return how often a run was opened; 0 for an unknown one."""
        with self._store.reading("read the run's history") as transaction:
            row = transaction.row("run_read", run_key=run_key)
        return 0 if row is None else int(row["attempts"])

    def history(self, integration: str, limit: int = 50) -> list[RunRecord]:
        """Return the latest runs of an integration, the newest first."""
        with self._store.reading("read the run history") as transaction:
            rows = transaction.rows("runs_of_integration", integration=integration, limit=limit)
        return [_RUN.decoded(row) for row in rows]

    def integrations(self) -> list[str]:
        """Return the names of all integrations that had a run, sorted."""
        with self._store.reading("read which integrations there are") as transaction:
            return [row["integration"] for row in transaction.rows("integrations_known")]

    def since(self, integration: str, period_start: date) -> list[RunRecord]:
        """Return the runs of an integration for periods that start on a day or later, by period and start."""
        with self._store.reading("read the run history") as transaction:
            rows = transaction.rows("runs_since_period", integration=integration, period_start=period_start.isoformat())
        return [_RUN.decoded(row) for row in rows]

    def keep_customers(self, run_key: str, results: Sequence[CustomerResult]) -> None:
        """Store what a run came to for each customer, in place of what an earlier try of the report said."""
        with self._store.writing("write the run's results per customer") as transaction:
            transaction.run("run_customers_remove", run_key=run_key)
            rows = [
                {**_CUSTOMER.encoded(result), "run_key": run_key, "row_no": number}
                for number, result in enumerate(results, start=1)
            ]
            transaction.run_for_each("run_customer_write", rows)

    def customers(self, run_key: str) -> list[CustomerResult]:
        """Return what a run came to for each customer, by customer code."""
        with self._store.reading("read the run's results per customer") as transaction:
            return [_CUSTOMER.decoded(row) for row in transaction.rows("run_customers_read", run_key=run_key)]
