"""Writes the reconciliation report of a run, where its usage tells costs. It never changes how a run ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from billing_providers.engine.line_terms import TermsTable, load_line_terms_file
from billing_providers.engine.reconciliation import ReconcileInputs, reconcile
from billing_providers.engine.reconciliation.columns import HEADING, cells_of
from billing_providers.errors import BillingError
from billing_providers.model.changes import ContractDiff
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding
from billing_providers.model.psa import InvoicedLine
from billing_providers.model.reconciliation import Cause, ReconciledRow, ReconciledTotal, Reconciliation
from billing_providers.model.runs import RunScope
from billing_providers.steps.artifacts import write_csv
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger

DIFFERS, NOT_MADE, UNEXPLAINED = 207, 208, 209
SKUS_MAX = 5
Told = tuple[dict[str, Any], list[Finding]]


def reconcile_run(step: BillingStep, ledger: Ledger, scope: RunScope, diff: ContractDiff | None) -> Told:
    """Return address, totals and causes of the report, and findings; empty when there is nothing to compare.

    Whatever goes wrong is a finding: the run's books are closed by now.
    """
    if diff is None or scope.undoes or not diff.charge_set_id:
        return {}, []
    try:
        inputs, findings = _inputs(step, ledger, scope, diff)
        if not inputs.tells_costs:
            return {}, []
        report = reconcile(inputs)
        uri = write_csv(step.settings, f"reconciliation-{diff.period_start}.csv", HEADING, map(cells_of, report.rows))
    except BillingError as error:
        return {}, [step.voice.finding(NOT_MADE, why=str(error))]
    except Exception as error:  # a report about money that was billed must not make its run fail
        step.log.exception("the reconciliation report could not be made")
        return {}, [step.voice.finding(NOT_MADE, why=repr(error))]
    return _told(report, uri), [*findings, *_doubts(report, step)]


def _inputs(
    step: BillingStep, ledger: Ledger, scope: RunScope, diff: ContractDiff
) -> tuple[ReconcileInputs, list[Finding]]:
    charge_set, charges = ledger.charges.load(diff.charge_set_id)
    invoiced, findings = _invoiced(step, ledger, scope)
    inputs = ReconcileInputs(
        scope=scope,
        usage=ledger.snapshots.load(diff.snapshot_id)[1],
        outcomes=ledger.charges.outcomes(diff.charge_set_id),
        charges=charges,
        charge_set=charge_set,
        diff=diff,
        states=ledger.journal.states(diff.digest),
        seen=ledger.diffs.lines(diff.digest),
        findings=[finding for _, finding in ledger.findings.of_run(scope.run_key)],
        managed=ledger.register.lines(scope.tenant, scope.integration),
        approval=ledger.diffs.approval(diff.digest),
        terms=load_line_terms_file(step.settings.line_terms) if step.settings.line_terms else TermsTable.empty(),
        invoiced=invoiced,
    )
    return inputs, findings


def _invoiced(
    step: BillingStep, ledger: Ledger, scope: RunScope
) -> tuple[Sequence[InvoicedLine] | None, list[Finding]]:
    """Read the invoices, when that is wanted; where it fails the report is made without them."""
    if not step.settings.compare_invoices:
        return None, []
    try:
        with opened_psa(step, ledger) as psa:
            return psa.invoiced_lines(scope.period), []
    except BillingError as error:
        return None, [step.voice.finding(NOT_MADE, why=f"without the comparison with invoices: {error}")]


def _doubts(report: Reconciliation, step: BillingStep) -> list[Finding]:
    """Return what of the report nobody should trust, and what nobody can explain."""
    names = {row.customer_code: row.customer_name for row in report.rows}
    findings = [
        step.voice.finding(
            DIFFERS,
            customer=code,
            customer_name=names.get(code, code),
            currency=currency,
            reported=text_from_decimal(reported),
            charged=text_from_decimal(charged),
        )
        for code, currency, reported, charged in report.mismatches
    ]
    unexplained: dict[str, list[ReconciledRow]] = {}
    for row in report.rows:
        if Cause.UNEXPLAINED in row.causes:
            unexplained.setdefault(row.customer_code, []).append(row)
    for code, rows in sorted(unexplained.items()):
        skus = ", ".join([row.sku for row in rows[:SKUS_MAX]]) + (" …" if len(rows) > SKUS_MAX else "")
        findings.append(
            step.voice.finding(UNEXPLAINED, customer=code, customer_name=names[code], count=len(rows), skus=skus)
        )
    return findings


def _told(report: Reconciliation, uri: str) -> dict[str, Any]:
    causes = Counter(cause.value for row in report.rows for cause in row.causes)
    return {
        "uri": uri,
        "rows": len(report.rows),
        "totals": [_total(total) for total in report.totals if not total.customer_code],
        "causes": dict(causes.most_common()),
    }


def _total(total: ReconciledTotal) -> dict[str, Any]:
    amounts = ("charged_cost", "kept_cost", "dropped_cost", "billed_cost", "billed_amount")
    return {
        "currency": total.currency,
        "rows": total.rows,
        "differing": total.differing,
        "unknown": total.unknown,
        **{name: text_from_decimal(getattr(total, name)) for name in amounts},
        "margin": text_from_decimal(total.margin),
    }
