"""Deciding mappings, in two steps: a person sees the rows, then keeps them. And the table that they come to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from billing_providers.engine.mapping_table import DecidedTable, decided_table
from billing_providers.errors import SettingsError
from billing_providers.ledger.paging import Page, Slice
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision
from billing_providers.pages.access import SignedIn, may_change, may_read
from billing_providers.pages.forgery import form_token, not_forged
from billing_providers.pages.ledger_of_pages import LedgerOfPages
from billing_providers.pages.mapping_choices import Choice, best_of_all, choices_of, decisions_of
from billing_providers.pages.mapping_file import MappingFile, mapping_file, may_write, write_mapping_file
from billing_providers.pages.mappings import PageNumber, kind_of
from billing_providers.pages.rendering import linked, page
from billing_providers.pages.shown import NothingThere

router = APIRouter()

Field = Annotated[str, Form(max_length=1000)]
Fields = Annotated[list[str], Form()]


@router.post("/mappings/{dag_id}/decide", dependencies=[may_change, not_forged])
def decide(
    request: Request,
    dag_id: str,
    user: SignedIn,
    ledger: LedgerOfPages,
    kind: Field = "",
    what: Field = MappingDecision.MAP.value,
    take: Field = "chosen",
    choice: Fields = [],  # noqa: B006 - a default of a form, never changed
    best: Fields = [],  # noqa: B006 - as above
    subject: Field = "",
    target: Field = "",
    words: Field = "",
    reason: Field = "",
    review_on: Field = "",
    rows: Annotated[str, Form(max_length=2_000_000)] = "",
) -> Response:
    """Show what was chosen as the rows that would be kept; keep them once they come back from that page."""
    which, decision = kind_of(kind), _decision(what)
    if rows:
        choices = choices_of([json.dumps(one) for one in _listed(rows)])
    elif take == "all":
        choices = best_of_all(ledger, dag_id, which, words)
    elif take == "one":
        choices = [Choice(subject, target.strip())]
    else:
        choices = choices_of(best if take == "page" else choice)
    decisions = decisions_of(
        ledger, dag_id, which, choices, what=decision, reason=reason, review_on=review_on, by=_name(user)
    )
    if rows:
        ledger.mapping_decisions.add(decisions)
        base = request.scope.get("root_path", "")
        return RedirectResponse(linked(f"{base}/mappings/{dag_id}/table", kind=which.value, kept=len(decisions)), 303)
    values: dict[str, Any] = {
        "kind": which.value,
        "what": decision.value,
        "decisions": decisions,
        "rows": json.dumps([[one.subject, one.target] for one in decisions], ensure_ascii=False),
        "reason": reason,
        "review_on": review_on,
        "token": form_token(user),
    }
    return page(request, "mapping_confirm.html", title="Keep these decisions?", dag_id=dag_id, **values)


@router.get("/mappings/{dag_id}/table", dependencies=[may_read])
def table(
    request: Request,
    dag_id: str,
    user: SignedIn,
    ledger: LedgerOfPages,
    kind: Annotated[str, Query(max_length=10)] = MappedKind.CUSTOMER.value,
    kept: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    written: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    number: PageNumber = 1,
) -> Response:
    """Show what the decisions that stand change in the mapping table, before it is downloaded or written."""
    return _table_page(request, dag_id, user, ledger, kind_of(kind), kept=kept, written=written, number=number)


@router.get("/mappings/{dag_id}/table.csv", dependencies=[may_read])
def download(
    dag_id: str,
    user: SignedIn,
    ledger: LedgerOfPages,
    kind: Annotated[str, Query(max_length=10)] = MappedKind.CUSTOMER.value,
) -> Response:
    """Return the mapping table with the decisions in it, exactly as a run reads it."""
    which = kind_of(kind)
    file, made, problem = _made(ledger, dag_id, which, _name(user))
    if made is None:
        raise NothingThere(f"There is no table to download: the mapping table {problem}")
    name = file.name if not file.why_not else f"{dag_id}-decided-{which.value}s.csv"
    plain = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "._-") else "_" for mark in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"'}
    return Response(made.text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/mappings/{dag_id}/write", dependencies=[may_change, not_forged])
def write(
    request: Request, dag_id: str, user: SignedIn, ledger: LedgerOfPages, kind: Field = "", digest: Field = ""
) -> Response:
    """Write the table to the file that runs read, if it still holds what the person saw."""
    which = kind_of(kind)
    file, made, problem = _made(ledger, dag_id, which, _name(user))
    if made is None:
        return _table_page(request, dag_id, user, ledger, which, problem=problem)
    try:
        if file.digest != digest:
            raise SettingsError("was changed since the page was loaded; look at it again", where=file.name)
        write_mapping_file(file, made.text)
    except SettingsError as refusal:
        return _table_page(request, dag_id, user, ledger, which, problem=str(refusal))
    base = request.scope.get("root_path", "")
    return RedirectResponse(linked(f"{base}/mappings/{dag_id}/table", kind=which.value, written=len(made.rows)), 303)


def _table_page(
    request: Request,
    dag_id: str,
    user: Any,
    ledger: Any,
    kind: MappedKind,
    *,
    kept: int = 0,
    written: int = 0,
    number: int = 1,
    problem: str = "",
) -> Response:
    standing, part = ledger.mapping_decisions.standing(dag_id, kind), Slice(number)
    file, made, unreadable = _made(ledger, dag_id, kind, _name(user), standing)
    values: dict[str, Any] = {
        "kind": kind.value,
        "kept": kept,
        "written": written,
        "file": file,
        "made": made,
        "decisions": Page(standing[part.skip : part.skip + part.size], len(standing), part.number, part.size),
        "problem": problem or (f"The mapping table {unreadable}" if unreadable else ""),
        "may_write": may_write() and not file.why_not,
        "token": form_token(user),
    }
    title = f"Mapping table of {'customers' if kind is MappedKind.CUSTOMER else 'SKUs'}, {dag_id}"
    status = 409 if problem else 200
    return page(request, "mapping_table.html", status=status, title=title, dag_id=dag_id, **values)


def _made(
    ledger: Any, dag_id: str, kind: MappedKind, by: str, standing: Sequence[DecidedMapping] | None = None
) -> tuple[MappingFile, DecidedTable | None, str]:
    """Return the file as it is, the table that the decisions make of it, and why there is none."""
    decisions = ledger.mapping_decisions.standing(dag_id, kind) if standing is None else standing
    file = mapping_file(ledger, dag_id, kind)
    note = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {by}: rows decided on the page Mappings of Billing"
    try:
        return file, decided_table(file.text, kind, decisions, note), ""
    except SettingsError as error:
        return file, None, str(error).removeprefix("the mapping table: ")


def _decision(text: str) -> MappingDecision:
    if text not in set(MappingDecision):
        raise NothingThere(f"{text!r} is no decision; there are map, ignore and withdraw.")
    return MappingDecision(text)


def _listed(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise NothingThere("The form does not say what was chosen; load the page again.")
    return found


def _name(user: Any) -> str:
    return str(user.get_name())
