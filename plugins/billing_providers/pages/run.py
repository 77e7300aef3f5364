"""The page of one run, which Airflow shows as a tab of its own: what it came to by customer, line and finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from billing_providers.ledger.paging import Slice
from billing_providers.model.changes import told_fields
from billing_providers.model.journal import JournalState
from billing_providers.model.run_history import NOT_SENT, PastRun, PushedChange
from billing_providers.model.seen_findings import FindingFilter
from billing_providers.pages import table_file
from billing_providers.pages.access import may_read
from billing_providers.pages.asked import one_of, plain
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.record_links import record_link
from billing_providers.pages.rendering import page
from billing_providers.pages.shown import NothingThere

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.model.record_link import RecordLink

router = APIRouter()

SHOWN = ("customers", "lines", "findings")
CUSTOMER_RESULTS = ("failed", "open", "skipped", "done", "unchanged")
LINE_STATES = (*(state.value for state in JournalState), NOT_SENT)
CUSTOMER_HEADING = ("customer", "customer name", "result", "done", "open", "findings")
LINE_HEADING = (
    "customers", "customer names", "account", "contract", "contract id", "service", "line id", "what", "before",
    "after",
    "effective date", "also set", "state", "read back", "sent", "detail", "request", "run", "held by", "reason", "link",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which run, and what of it: ``state`` is a result of customers or a state of lines."""

    run: PastRun
    show: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class _Named:
    """A run as Airflow names it, and what the history holds of it."""

    dag_id: str
    run_id: str
    run: PastRun | None

    @property
    def run_key(self) -> str:
        return f"{self.dag_id}/{self.run_id}"

    @property
    def missing(self) -> NothingThere:
        return NothingThere(
            f"{self.run_id or 'This'} of {self.dag_id or 'no DAG'} is no billing run: the ledger holds nothing of it. "
            "A run that has just started is there as soon as it knows its period."
        )


def _named(
    ledger: LedgerOfPages,
    dag_id: Annotated[str, Query(max_length=250)] = "",
    run_id: Annotated[str, Query(max_length=300)] = "",
) -> _Named:
    dag_id, run_id = plain(dag_id), plain(run_id)
    record = ledger.runs.find(f"{dag_id}/{run_id}")
    return _Named(dag_id, run_id, record and ledger.history.run(record.run_key, record.integration))


Named = Annotated[_Named, Depends(_named)]


def _asked(
    named: Named,
    show: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    words: Annotated[str, Query(max_length=250)] = "",
) -> _Asked | None:
    shown = one_of(show, SHOWN) or SHOWN[0]
    chosen = one_of(state, LINE_STATES if shown == "lines" else CUSTOMER_RESULTS)
    return None if named.run is None else _Asked(named.run, shown, chosen, words)


Asked = Annotated[_Asked | None, Depends(_asked)]


@router.get("/run", dependencies=[may_read])
def run(
    request: Request,
    named: Named,
    asked: Asked,
    ledger: LedgerOfPages,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Show one run: of the integration, or of the DAGs beside it that undo, carry changes, or watch."""
    part = Slice(number)
    if asked is None:
        found = ledger.finding_pages.of_task(named.run_key, part)
        if not found.total:
            raise named.missing
        return page(request, "run_of_task.html", title=f"Run {named.run_id}", dag_id=named.dag_id, found=found)
    record = asked.run.record
    values: dict[str, Any] = {"run": asked.run, "show": asked.show, "shows": SHOWN, "states": ()}
    match asked.show:
        case "lines":
            lines = ledger.history.lines(record.digest, part, state=asked.state, words=asked.words)
            link = record_link(ledger, record.integration)
            values |= {"lines": lines, "states": LINE_STATES, "told_fields": told_fields}
            values["links"] = {one.change.change_id: _link(link, one) for one in lines.items}
        case "findings":
            values["found"] = ledger.finding_pages.page(
                [asked.run.record.run_key], FindingFilter(words=asked.words), part
            )
        case _:
            found = ledger.history.customers(asked.run.record.run_key, part, result=asked.state, words=asked.words)
            values |= {"customers": found, "states": CUSTOMER_RESULTS}
    return page(request, "run.html", title=f"Run {asked.run.run_id}", **values)


@router.get("/run/export.{form}", dependencies=[may_read])
def export(named: Named, asked: Asked, ledger: LedgerOfPages, form: table_file.Form) -> Response:
    """Return all customers or line changes of a run that are chosen, as a file."""
    if asked is None:
        raise named.missing
    name = f"{asked.show}-{asked.run.dag_id}-{asked.run.run_id}"
    if asked.show == "lines":
        return table_file.table_file(form, name, LINE_HEADING, _lines(ledger, asked))
    customers = ledger.history.each_customer(asked.run.record.run_key, result=asked.state, words=asked.words)
    rows = (
        (one.customer_code, one.customer_name, one.result, one.done, one.open, ", ".join(one.codes))
        for one in customers
    )
    return table_file.table_file(form, name, CUSTOMER_HEADING, rows)


def _lines(ledger: Ledger, asked: _Asked) -> Iterator[tuple[object, ...]]:
    link = record_link(ledger, asked.run.record.integration)
    for one in ledger.history.each_line(asked.run.record.digest, state=asked.state, words=asked.words):
        change = one.change
        yield (
            ", ".join(change.customer_codes), ", ".join(change.customer_names), change.account_name,
            change.contract_name, change.contract_id, change.service_name, one.line_id, change.kind.value,
            change.quantity_before, change.quantity_after, change.effective_date, told_fields(change), one.word,
            one.observed, one.tries, one.detail, one.request_id, one.written_by, ", ".join(change.held_by),
            change.reason, _link(link, one),
        )  # fmt: skip


def _link(link: RecordLink, pushed: PushedChange) -> str:
    return link.of(replace(pushed.change, line_id=pushed.line_id))
