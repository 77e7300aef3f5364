"""A reconciliation report of a few usage rows and lines, without a PSA: rules are applied, the rest is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing_providers.engine.line_terms import load_line_terms
from billing_providers.engine.reconciliation import ReconcileInputs, reconcile
from billing_providers.engine.rules import apply_rules, load_rules
from billing_providers.model.changes import LineChange, ManagedLine, MatchedLine
from billing_providers.model.charges import ChargeSet
from billing_providers.model.findings import Finding
from billing_providers.model.frames import frame_of
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.psa import InvoicedLine
from billing_providers.model.reconciliation import ReconciledRow, Reconciliation
from billing_providers.model.runs import Approval
from billing_providers.model.seen_lines import SeenLine
from billing_providers.model.usage import UsageRecord
from tests.support.diffs import PERIOD, SCOPE, TENANT, change, diff_of
from tests.support.usage_rows import NO_RULES, VOICE, numbered

NOON = datetime(2026, 10, 27, tzinfo=UTC)
APPROVED = Approval("d" * 64, SCOPE.run_key, "approved", "ann", NOON, "")


def seen(
    line_id: str, quantity: str | None, cost: str | None = "17.90", price: str | None = "22.90", **fields: Any
) -> SeenLine:
    """A line that the plan saw, of a service named like its id's SKU unless told otherwise."""
    values: dict[str, Any] = {
        "line_id": line_id,
        "contract_id": "10",
        "contract_name": "Aspen services",
        "account_id": "1",
        "account_name": "Aspen Ltd",
        "service_id": "5",
        "service_name": "MS365-BP",
        "quantity": None if quantity is None else Decimal(quantity),
        "unit_cost": None if cost is None else Decimal(cost),
        "unit_price": None if price is None else Decimal(price),
        "included": None,
        "last_day": None,
        "billable": True,
        **fields,
    }
    return SeenLine(**values)


def matched(line_id: str, quantity: str, charge_nos: str = "1", **fields: Any) -> MatchedLine:
    """A line that usage matched."""
    values = MatchedLine(line_id, "10", "1", "5", "ASP", "MS365-BP", Decimal(quantity), charge_nos=charge_nos)
    return dataclasses.replace(values, **fields)


def managed(line_id: str, quantity: str = "5", **fields: Any) -> ManagedLine:
    """A line in the register."""
    values = ManagedLine(TENANT, line_id, "10", "1", "5", "ASP", "MS365-BP", Decimal(quantity), PERIOD.start)
    return dataclasses.replace(values, **fields)


def moved(
    line_id: str, before: str | None, after: str, charge_nos: tuple[int, ...] = (1,), **fields: Any
) -> LineChange:
    """A change of a line's quantity; its cost and price are those of :func:`seen`."""
    values: dict[str, Any] = {
        "line_id": line_id,
        "quantity_before": None if before is None else Decimal(before),
        "quantity_after": Decimal(after),
        "unit_cost": Decimal("17.90"),
        "unit_price": Decimal("22.90"),
        "charge_nos": charge_nos,
        **fields,
    }
    return change(**{"change_id": f"c{line_id}", **values})


def stood(one: LineChange, state: JournalState, observed: str | None = None, detail: str = "") -> JournalEntry:
    """Where a change stands in the journal."""
    return JournalEntry(
        TENANT, SCOPE.integration, PERIOD.start, SCOPE.run_key, "d" * 64, one.change_id, one.line_id, "10", ("ASP",),
        (), state, NOON, one.quantity_before, one.quantity_after, None if observed is None else Decimal(observed), "",
        detail,
    )  # fmt: skip


def inputs_of(
    rows: Sequence[UsageRecord],
    *,
    rules: str = NO_RULES,
    terms: str = "",
    lines: Sequence[SeenLine] = (),
    matches: Sequence[MatchedLine] = (),
    changes: Sequence[LineChange] = (),
    states: Mapping[str, JournalEntry] | None = None,
    findings: Sequence[Finding] = (),
    register: Sequence[ManagedLine] = (),
    approval: Approval | None = APPROVED,
    invoiced: Sequence[InvoicedLine] | None = None,
    held: tuple[tuple[str, str], ...] = (),
    **scope: Any,
) -> ReconcileInputs:
    """The inputs of a report. Changes stand as verified unless their states are told."""
    usage = frame_of(UsageRecord, numbered(list(rows)))
    ruled = apply_rules(usage, load_rules(rules, "rules.yaml"), PERIOD, VOICE)
    charge_set = ChargeSet("c" * 32, "s" * 32, "r", "rules.yaml", len(rows), 0, 0, 0, ruled.effects, held)
    verified = {one.change_id: stood(one, JournalState.VERIFIED, str(one.quantity_after)) for one in changes}
    inputs = ReconcileInputs(
        scope=dataclasses.replace(SCOPE, **scope),
        usage=usage,
        outcomes=ruled.outcomes,
        charges=ruled.charges,
        charge_set=charge_set,
        diff=dataclasses.replace(diff_of(*changes), matched=tuple(matches)),
        states=verified if states is None else states,
        seen=lines,
        findings=(*ruled.findings, *findings),
        managed=register,
        approval=approval,
        invoiced=invoiced,
    )
    return dataclasses.replace(inputs, terms=load_line_terms(terms, "terms.csv")) if terms else inputs


def report(rows: Sequence[UsageRecord], **said: Any) -> Reconciliation:
    """The report of some usage rows."""
    return reconcile(inputs_of(rows, **said))


def only(rows: Sequence[UsageRecord], **said: Any) -> ReconciledRow:
    """The one row of a report."""
    (row,) = report(rows, **said).rows
    return row


def causes(row: ReconciledRow) -> list[str]:
    """The causes in words."""
    return [cause.value for cause in row.causes]
