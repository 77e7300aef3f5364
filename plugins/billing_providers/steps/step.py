"""What every step of a billing run has: settings, scope, ledger, words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.errors import LedgerError
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import IntegrationSettings
from billing_providers.registry import system, voice
from billing_providers.steps.taken_lock import taken_lock

if TYPE_CHECKING:
    from airflow.sdk import Context

    from billing_providers.ledger.ledger import Ledger


class BillingStep:
    """Mixed into every operator of a run. ``stage`` names its findings in the ledger."""

    stage: str = ""
    settings: IntegrationSettings
    ledger_conn_id: str
    run: Any
    log: Any  # the operator's own logger

    @property
    def voice(self) -> FindingVoice:
        """The words of this integration's PSA and source."""
        return voice(self.settings.psa, self.settings.source)

    @property
    def psa_conn_id(self) -> str:
        """The connection of the PSA in use."""
        return self.settings.psa_conn_id or system(self.settings.psa, "psa").default_conn_id

    @property
    def scope(self) -> RunScope:
        """What the run is about, as the first task resolved it."""
        return RunScope.from_json(self.run)

    def ledger(self) -> Ledger:
        """Open the ledger; after the first step of a run, the one in which the run was opened.

        :raises LedgerError: when it is another one. Airflow finds no connection where its secrets backend is away, and
            without one the ledger is a local file, which knows neither locks nor what was written.
        """
        from billing_providers.ledger.connect import open_ledger

        ledger, run = open_ledger(self.ledger_conn_id), getattr(self, "run", None) or {}
        if (wanted := run.get("ledger_id")) and ledger.ledger_id != wanted:
            raise LedgerError(
                f"the ledger ({ledger.place}) is not the one in which this run was opened: connection "
                f"{self.ledger_conn_id} led elsewhere then, or does now; nothing was sent. Look at that connection and "
                "its secrets backend, then clear the run from its first task"
            )
        return ledger

    def hold_lock(self, ledger: Ledger, scope: RunScope) -> Any:
        """Take (or take again) the lock on the run's tenant and period; no other run may work on them.

        Where usage moves inside an open period, no run of another period may work on the tenant either: it may be the
        close of the period before, which changes the same lines.
        """
        return taken_lock(ledger, scope, alone=bool(self.settings.movement) and scope.in_period)

    def now(self) -> datetime:
        """Return the instant at which something is seen, in UTC."""
        return datetime.now(UTC)

    def keep_findings(self, ledger: Ledger, run_key: str, findings: Sequence[Finding]) -> None:
        """Store what this stage found, in place of what an earlier try of it found."""
        ledger.findings.replace(run_key, self.stage, findings)
        ledger.findings.replace(run_key, f"{self.stage}.fault", [])


def run_key_of(context: Context) -> str:
    """Name the run: DAG and run id."""
    dag_run = context["dag_run"]
    return f"{dag_run.dag_id}/{dag_run.run_id}"
