"""One run of one integration for one billing period, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing_providers.model.periods import BillingPeriod


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


@dataclass(frozen=True, slots=True)
class Approval:
    """Who decided on which diff. ``decision`` is ``approved``, ``rejected`` or ``not_needed``."""

    digest: str
    run_key: str
    decision: str
    decided_by: str
    decided_at: datetime
    note: str
