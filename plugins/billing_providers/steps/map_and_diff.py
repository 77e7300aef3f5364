"""Maps charge lines to contract lines, compares them with the live PSA, and stores the contract diff."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing_providers import __version__
from billing_providers.engine.diff_json import diff_summary, diff_to_json
from billing_providers.engine.effective_dates import days_wanted
from billing_providers.engine.line_terms import TermsTable, load_line_terms_file
from billing_providers.engine.mapping import CustomerMap, ServiceMap, load_customer_map_file, load_service_map_file
from billing_providers.engine.planner import PlanInputs, lines_wanted
from billing_providers.engine.seen_lines import seen_lines
from billing_providers.engine.shown import shown_usage
from billing_providers.engine.split_rows import rows_split_by
from billing_providers.engine.undone import undos_of
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import Publish
from billing_providers.steps.artifacts import write_change_list, write_json, write_usage_list
from billing_providers.steps.movement import Movement
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.review_text import changes_shown
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.model.journal import DatedWrite
    from billing_providers.model.psa import PsaHook

TWO_PERIODS = timedelta(days=62)


def map_and_diff(step: BillingStep, charged: dict[str, Any]) -> dict[str, Any]:
    """Read, plan, store."""
    scope, ledger = step.scope, step.ledger()
    step.hold_lock(ledger, scope)
    with opened_psa(step, ledger) as psa:
        inputs = _inputs(step, ledger, psa, scope, charged)
        if step.settings.publish is Publish.SHOW:
            return _shown(step, ledger, inputs)
        movement = Movement(step, ledger, inputs)
        inputs = movement.inputs
        wanted = lines_wanted(inputs)
        lines = psa.read_lines(wanted.contracts, wanted.services, days=days_wanted(inputs))
    diff = movement.plan(inputs.with_lines(lines))
    ledger.diffs.save(diff, scope.run_key)
    ledger.diffs.keep_lines(diff.digest, seen_lines(lines, inputs.directory, scope.period.start))
    step.keep_findings(ledger, scope.run_key, diff.findings)
    step.log.info("diff %s: %s", diff.digest[:12], dict(diff.counts))
    change_list = write_change_list(step.settings, diff) if diff.changes else ""
    large = len(diff.changes) > step.settings.inline_changes_max
    artifact = write_json(step.settings, f"diff-{diff.digest[:16]}", diff_to_json(diff)) if large else ""
    summary = diff_summary(diff, inline_max=step.settings.inline_changes_max, artifact_uri=artifact)
    split = rows_split_by(changes_shown(diff), lines)  # for the review, which does not read the PSA
    split_rows = {change_id: [str(row.start), str(row.end)] for change_id, row in split.items()}
    return {**summary, "change_list_uri": change_list, "split_rows": split_rows}


def _shown(step: BillingStep, ledger: Ledger, inputs: PlanInputs) -> dict[str, Any]:
    """Report the usage without billing it: a diff without changes, and the usage as a file."""
    diff, accounts = shown_usage(inputs)
    ledger.diffs.save(diff, inputs.scope.run_key)
    step.keep_findings(ledger, inputs.scope.run_key, diff.findings)
    usage_uri = write_usage_list(step.settings, inputs.scope.period, inputs.charges, accounts)
    summary = diff_summary(diff, inline_max=step.settings.inline_changes_max)
    return {**summary, "change_list_uri": "", "usage_list_uri": usage_uri}


def _inputs(step: BillingStep, ledger: Ledger, psa: PsaHook, scope: RunScope, charged: dict[str, Any]) -> PlanInputs:
    snapshot = ledger.snapshots.head(charged["snapshot_id"])
    charge_set, charges = ledger.charges.load(charged["charge_set_id"])
    capabilities = psa.capabilities()
    only = None
    if scope.failed_only:
        only = frozenset(ledger.journal.open_lines(scope.tenant, scope.integration, scope.period.start))
    return PlanInputs(
        scope=scope,
        settings=replace(step.settings, policy=step.settings.policy.for_period(scope.period.start)),
        snapshot=snapshot,
        charge_set=charge_set,
        charges=charges,
        reported_customers=ledger.snapshots.customers(snapshot.snapshot_id),
        directory=psa.read_directory(contract_type=step.settings.policy.contract_type),
        lines=[],
        managed=ledger.register.lines(scope.tenant, scope.integration),
        customer_map=_customer_map(step.settings.customer_map),
        service_map=_service_map(step.settings.service_map),
        capabilities=capabilities,
        recent_record_counts=ledger.snapshots.recent_record_counts(
            scope.integration, scope.period.start, step.settings.guards.recent_periods
        ),
        only_lines=only,
        voice=step.voice,
        psa=step.settings.psa,
        tool_version=__version__,
        line_terms=_line_terms(step.settings.line_terms),
        dated_writes=_dated_writes(ledger, scope) if _needs_dates(step, psa) else [],
        undone_before=undos_of(ledger.runs.since(scope.integration, scope.period.start), scope.period.start),
    )


def _needs_dates(step: BillingStep, psa: PsaHook) -> bool:
    return psa.capabilities().dates_quantities or step.settings.policy.prorate


def _dated_writes(ledger: Ledger, scope: RunScope) -> list[DatedWrite]:
    """A change of an earlier period may take effect in this one, so two periods are looked at."""
    return ledger.journal.dated_writes(scope.tenant, scope.period.start - TWO_PERIODS)


def _customer_map(path: str) -> CustomerMap:
    return load_customer_map_file(path) if path else CustomerMap.empty()


def _line_terms(path: str) -> TermsTable:
    return load_line_terms_file(path) if path else TermsTable.empty()


def _service_map(path: str) -> ServiceMap:
    return load_service_map_file(path) if path else ServiceMap.empty()
