"""*Findings*: what somebody should look at, who does, since when it is there, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from billing_providers.ledger.paging import Slice
from billing_providers.model.finding_kinds import FINDING_KINDS
from billing_providers.model.findings import Level
from billing_providers.model.runs import RunRecord
from billing_providers.model.seen_findings import FindingFilter, FindingNote, FindingOrder, GroupedBy, SeenFinding
from billing_providers.pages import table_file
from billing_providers.pages.access import ReadableDags, SignedIn, may_change, may_read
from billing_providers.pages.asked import day_asked, one_of, plain
from billing_providers.pages.forgery import form_token, not_forged
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.rendering import page
from billing_providers.pages.shown import NothingThere

router = APIRouter()

LEVELS = [level.value for level in reversed(Level)]
HEADING = (
    "integration", "period", "run", "stage", "level", "code", "customer", "customer name", "what", "what to do",
    "periods", "since", "owner", "note",
)  # fmt: skip
SEEN_MAX = 200
Text = Annotated[str, Query(max_length=250)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which findings an address asks for: those of which runs, and which of them."""

    integrations: Sequence[str]  # that the person may see
    runs: Sequence[RunRecord]
    wanted: FindingFilter

    @property
    def run_keys(self) -> list[str]:
        return [run.run_key for run in self.runs]


def _asked(
    readable: ReadableDags,
    ledger: LedgerOfPages,
    integration: Text = "",
    period: Text = "",
    run: Annotated[str, Query(max_length=600)] = "",
    code: Text = "",
    level: Text = "",
    customer: Annotated[str, Query(max_length=1000)] = "",
    words: Text = "",
    sort: Text = "",
) -> _Asked:
    """Take the newest run of each integration, of one of them, or one run; refuse what the person may not see."""
    known = sorted(readable.intersection(ledger.runs.integrations()))
    if integration and integration not in known:
        raise NothingThere(f"There is no run of {integration} in the ledger that you may see.")
    day = day_asked(period)
    if run:
        record = ledger.runs.find(plain(run))
        if record is None or record.integration not in known:
            raise NothingThere(f"There is no billing run {run} in the ledger that you may see.")
        runs = [record]
    else:
        runs = ledger.history.newest([integration] if integration else known, day)
        if day is not None and not runs:
            raise NothingThere(f"No run was about a period with the day {day}.")
    wanted = FindingFilter(
        code=plain(code),
        level=one_of(level, LEVELS),
        customer=plain(customer),
        words=words,
        order=FindingOrder(one_of(sort, set(FindingOrder))),
    )
    return _Asked(known, runs, wanted)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/findings")
def findings(
    request: Request,
    asked: Asked,
    ledger: LedgerOfPages,
    group: Annotated[str, Query(max_length=20)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show a page of the findings, or what they have in common."""
    grouped = GroupedBy(one_of(group, set(GroupedBy)))
    pages, part = ledger.finding_pages, Slice(number)
    values: dict[str, Any] = {
        "asked": asked,
        "grouped": grouped,
        "levels": LEVELS,
        "orders": [order.value for order in FindingOrder],
        "groups": [one.value for one in GroupedBy],
        "codes": pages.codes(asked.run_keys),
        "kinds": FINDING_KINDS,
    }
    if grouped is GroupedBy.NOTHING:
        values["found"] = pages.page(asked.run_keys, asked.wanted, part)
    else:
        values["found"] = pages.groups(asked.run_keys, asked.wanted, grouped, part)
    return page(request, "findings.html", title="Findings", **values)


@router.get("/findings/export.{form}")
def export(asked: Asked, ledger: LedgerOfPages, form: table_file.Form) -> Response:
    """Return all findings that are chosen, in their order, as a file."""
    rows = map(_row, ledger.finding_pages.each(asked.run_keys, asked.wanted))
    return table_file.table_file(form, "findings", HEADING, rows)


@router.get("/findings/{dag_id}/cause/{cause}", dependencies=[may_read])
def followed(request: Request, dag_id: str, cause: str, user: SignedIn, ledger: LedgerOfPages) -> Response:
    """Show where one cause was seen over the periods, and what was said about it."""
    seen = ledger.finding_pages.seen(dag_id, plain(cause), SEEN_MAX)
    if not seen:
        raise NothingThere(f"No run of {dag_id} has a finding {cause}.")
    values: dict[str, Any] = {
        "cause": cause,
        "seen": seen,
        "periods": sorted({one.period_start for one in seen}),
        "notes": ledger.finding_pages.notes(dag_id, cause),
        "kind": FINDING_KINDS.get(seen[0].finding.number),
        "token": form_token(user),
        "seen_max": SEEN_MAX,
    }
    return page(request, "finding.html", title=f"Finding {seen[0].finding.code}", dag_id=dag_id, **values)


@router.post("/findings/{dag_id}/note", dependencies=[may_change, not_forged])
def note(
    request: Request,
    dag_id: str,
    user: SignedIn,
    ledger: LedgerOfPages,
    cause: Annotated[str, Form(max_length=100)] = "",
    owner: Annotated[str, Form(max_length=200)] = "",
    words: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Keep who looks after a finding from now on, and what somebody says about it."""
    cause, owner, words = plain(cause), plain(owner).strip(), plain(words).strip()
    if not ledger.finding_pages.seen(dag_id, cause, 1):
        raise NothingThere(f"No run of {dag_id} has a finding {cause}.")
    said = ledger.finding_pages.notes(dag_id, cause)
    if not words and owner == (said[0].owner if said else ""):
        raise HTTPException(422, "Nothing was written: neither a note nor another owner.")
    by = str(user.get_name() or user.get_id())
    ledger.finding_pages.add_note(FindingNote(dag_id, cause, 0, owner, words, by, datetime.now(UTC)))
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/findings/{quote(dag_id, safe='')}/cause/{quote(cause, safe='')}", 303)


def _row(one: SeenFinding) -> tuple[object, ...]:
    told = one.finding
    return (
        one.integration, one.period_start, one.run_key, one.stage, told.level.value, told.code, one.customer,
        told.about("customer_name"), told.message, told.resolution, one.periods, one.first_seen, one.owner, one.note,
    )  # fmt: skip
