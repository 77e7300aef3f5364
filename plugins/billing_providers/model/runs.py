"""One run of one integration for one billing period, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from billing_providers.model.periods import BillingPeriod

#: ``RunRecord.mode`` of a run inside a period that was still open: it bills nothing to the end.
IN_PERIOD = "in period"


class RunResult(StrEnum):
    """How a run ended."""

    SUCCEEDED = "Succeeded"
    SUCCEEDED_WITH_WARNINGS = "Succeeded with warnings"
    PARTLY_FAILED = "Partly failed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    NOTHING_TO_DO = "Nothing to do"


@dataclass(frozen=True, slots=True)
class RunScope:
    """What one run is about, resolved once and handed from task to task."""

    run_key: str  # "<dag_id>/<run_id>"
    integration: str
    tenant: str
    period: BillingPeriod
    customers: tuple[str, ...]  # source codes; empty = all
    dry_run: bool
    failed_only: bool
    as_of: date  # local date of the run, where "today" matters
    ledger_id: str = ""  # the ledger in which the run was opened
    undoes: str = ""  # key of the run that this one undoes; empty: it bills

    @property
    def in_period(self) -> bool:
        """Whether the period is still open on the day of the run."""
        return self.period.contains(self.as_of)

    def to_json(self) -> dict[str, Any]:
        """Return the scope as a JSON object, the XCom of the first task."""
        return {
            "run_key": self.run_key,
            "integration": self.integration,
            "tenant": self.tenant,
            "period": {
                "start": self.period.start.isoformat(),
                "end": self.period.end.isoformat(),
                "timezone": self.period.timezone,
            },
            "customers": list(self.customers),
            "dry_run": self.dry_run,
            "failed_only": self.failed_only,
            "as_of": self.as_of.isoformat(),
            "ledger_id": self.ledger_id,
            "undoes": self.undoes,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> RunScope:
        """Return the scope from its JSON object."""
        period = value["period"]
        return cls(
            run_key=value["run_key"],
            integration=value["integration"],
            tenant=value["tenant"],
            period=BillingPeriod(
                date.fromisoformat(period["start"]), date.fromisoformat(period["end"]), period["timezone"]
            ),
            customers=tuple(value["customers"]),
            dry_run=bool(value["dry_run"]),
            failed_only=bool(value["failed_only"]),
            as_of=date.fromisoformat(value["as_of"]),
            ledger_id=value.get("ledger_id", ""),
            undoes=value.get("undoes", ""),
        )


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One line of the run history. ``result`` None: still running."""

    run_key: str
    integration: str
    tenant: str
    period_start: date
    period_end: date
    started_at: datetime
    finished_at: datetime | None
    result: RunResult | None
    failure_class: str
    dry_run: bool
    digest: str
    counts: tuple[tuple[str, int], ...]
    summary: str
    mode: str = ""  # how it was started: scheduled, manual, backfill, …; or :data:`IN_PERIOD`
    started_by: str = ""  # the person who started it; empty: the schedule
    customers: tuple[str, ...] = ()  # source codes; empty = all
    failed_only: bool = False
    undoes: str = ""  # key of the run that this one undoes; empty: it bills


@dataclass(frozen=True, slots=True)
class CustomerResult:
    """What one run came to for one customer: ``done``, ``unchanged``, ``open``, ``failed`` or ``skipped``."""

    customer_code: str
    customer_name: str
    result: str
    done: int  # line changes that stand
    open: int  # line changes that do not stand (yet)
    codes: tuple[str, ...]  # of its findings of level warning or error


@dataclass(frozen=True, slots=True)
class Approval:
    """Who decided on which diff. ``decision`` is ``approved``, ``rejected`` or ``not_needed``."""

    digest: str
    run_key: str
    decision: str
    decided_by: str
    decided_at: datetime
    note: str
