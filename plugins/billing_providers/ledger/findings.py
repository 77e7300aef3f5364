"""The findings of runs, by stage: what a stage reports replaces what it reported before."""

from __future__ import annotations

from collections.abc import Sequence

from billing_providers.ledger.codec import RowCodec
from billing_providers.ledger.store import Store
from billing_providers.model.finding_cause import cause_of, customer_of
from billing_providers.model.findings import Finding

_FINDING = RowCodec(Finding)


class Findings:
    """Findings by run and stage."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def replace(self, run_key: str, stage: str, findings: Sequence[Finding]) -> None:
        """Put the findings of a stage in place of those that it reported before; an empty list clears them."""
        key = {"run_key": run_key, "stage": stage}
        rows = [
            {
                **_FINDING.encoded(finding),
                **key,
                "row_no": number,
                "customer": customer_of(finding),
                "cause": cause_of(finding),
            }
            for number, finding in enumerate(findings, start=1)
        ]
        with self._store.writing("save the findings") as transaction:
            transaction.run("finding_stage_take", **key)
            transaction.run("findings_clear", **key)
            transaction.run_for_each("finding_write", rows)

    def of_run(self, run_key: str) -> list[tuple[str, Finding]]:
        """Return (stage, finding) of a run: stages in the order in which they first reported."""
        with self._store.reading("read the findings") as transaction:
            rows = transaction.rows("findings_of_run", run_key=run_key)
        return [(row["stage"], _FINDING.decoded(row)) for row in rows]
