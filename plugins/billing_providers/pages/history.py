"""*History*: every run of every period, who or what started it, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from billing_providers.ledger.paging import Slice
from billing_providers.model.run_history import AT_WORK, PastRun, RunFilter, RunKind
from billing_providers.model.runs import RunResult
from billing_providers.pages import table_file
from billing_providers.pages.access import ReadableDags
from billing_providers.pages.asked import day_asked, one_of
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.rendering import page
from billing_providers.pages.shown import NothingThere

router = APIRouter()

RESULTS = [*(result.value for result in RunResult), AT_WORK]
HEADING = (
    "integration", "period start", "period end", "run", "started", "finished", "started by", "mode", "dry run",
    "failed lines only", "undoes", "customers", "result", "fault", "attempts", "decision", "decided by", "summary",
    "digest", "tenant",
)  # fmt: skip
Text = Annotated[str, Query(max_length=250)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which runs an address asks for: of which integrations, and which of them."""

    known: Sequence[str]  # that the person may see
    integrations: Sequence[str]
    wanted: RunFilter


def _asked(
    readable: ReadableDags,
    ledger: LedgerOfPages,
    integration: Text = "",
    period: Text = "",
    result: Text = "",
    kind: Text = "",
    words: Text = "",
) -> _Asked:
    known = sorted(readable.intersection(ledger.runs.integrations()))
    if integration and integration not in known:
        raise NothingThere(f"There is no run of {integration} in the ledger that you may see.")
    wanted = RunFilter(
        day=day_asked(period),
        result=one_of(result, RESULTS),
        kind=RunKind(one_of(kind, set(RunKind))),
        words=words,
    )
    return _Asked(known, [integration] if integration else known, wanted)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/history")
def history(
    request: Request,
    asked: Asked,
    ledger: LedgerOfPages,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show a page of the runs, the newest first."""
    runs = ledger.history.runs(asked.integrations, asked.wanted, Slice(number))
    values: dict[str, Any] = {
        "asked": asked,
        "runs": runs,
        "results": RESULTS,
        "kinds": [kind.value for kind in RunKind],
    }
    return page(request, "history.html", title="History", **values)


@router.get("/history/export.{form}")
def export(asked: Asked, ledger: LedgerOfPages, form: table_file.Form) -> Response:
    """Return all runs that are chosen, the newest first, as a file."""
    rows = map(_row, ledger.history.each_run(asked.integrations, asked.wanted))
    return table_file.table_file(form, "runs", HEADING, rows)


def _row(run: PastRun) -> tuple[object, ...]:
    told = run.record
    return (
        told.integration, told.period_start, told.period_end, told.run_key, told.started_at, told.finished_at,
        told.started_by or "the schedule", told.mode, "yes" if told.dry_run else "", "yes" if told.failed_only else "",
        told.undoes, ", ".join(told.customers) or "all", told.result.value if told.result else AT_WORK,
        told.failure_class, run.attempts, run.decision.replace("_", " "), run.decided_by, told.summary, told.digest,
        told.tenant,
    )  # fmt: skip
