"""Reads what the PSA posted and has pending, keeps it per run and period, and writes it as files for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.engine.billing_charts import billing_charts
from billing_providers.engine.billing_items import ItemContext, billing_items
from billing_providers.engine.billing_totals import billing_totals
from billing_providers.model.billing_dataset import BillingItem, BillingItemsRead, BillingTotal, ItemState, TotalBy
from billing_providers.model.billing_items import TellsBillingItems
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import Publish
from billing_providers.steps.billing_item_files import write_billing_items
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.model.psa import PsaHook

INCOMPLETE = 189
PERIODS_SHOWN = 12


def collect_billing_items(step: BillingStep, planned: dict[str, Any] | None) -> dict[str, Any]:
    """Read, join, keep, write. Runs for a dry run too.

    :raises AirflowSkipException: for a PSA that tells no billing items, and when no diff was made.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    if not step.run or not planned:
        raise AirflowSkipException("the run stopped before its diff was made")
    if step.settings.publish is Publish.SHOW:
        raise AirflowSkipException("usage is shown, not billed: no contract is read")
    scope, ledger = step.scope, step.ledger()
    with opened_psa(step, ledger) as psa:
        if not isinstance(psa, TellsBillingItems):
            raise AirflowSkipException(f"{step.voice.psa} does not tell posted and pending billing items")
        posted, pending = psa.posted_items(scope.period), psa.pending_rows(scope.period)
        items = billing_items(posted, pending, _context(step, ledger, psa, planned))
    totals = billing_totals(items)
    ledger.billing_items.replace(_read(scope, len(posted), len(pending)), items, totals)
    words = f"{scope.period.start} to {scope.period.last_day}"
    charts = billing_charts(items, _history(ledger, scope), words)
    files = write_billing_items(step.settings, scope, items, totals, charts)
    findings = []
    if files.missing:
        missing, why = " and ".join(files.missing), "; ".join(files.missing.values())
        findings.append(step.voice.finding(INCOMPLETE, missing=missing, why=why))
    step.keep_findings(ledger, scope.run_key, findings)
    return {"counts": _counts(items), "totals": _told(totals), "files": files.addresses()}


def _context(step: BillingStep, ledger: Ledger, psa: PsaHook, planned: dict[str, Any]) -> ItemContext:
    scope = step.scope
    diff = ledger.diffs.load(planned["digest"])
    return ItemContext(
        scope=scope,
        calendar=step.settings.calendar,
        source=step.voice.source,
        directory=psa.read_directory(contract_type=step.settings.policy.contract_type),
        customers={code.strip(): name for code, name in ledger.snapshots.customers(diff.snapshot_id).items()},
        managed=ledger.register.lines(scope.tenant, scope.integration),
        matched=diff.matched,
        changes=diff.changes,
    )


def _read(scope: RunScope, posted: int, pending: int) -> BillingItemsRead:
    period, now = scope.period, datetime.now(UTC)
    return BillingItemsRead(
        scope.run_key, scope.integration, scope.tenant, period.start, period.end, now, posted, pending
    )


def _history(ledger: Ledger, scope: RunScope) -> dict[date, list[BillingTotal]]:
    """Return the totals of the latest periods, this run's included."""
    reads = ledger.billing_items.latest_reads(scope.integration, scope.tenant, scope.period.start, PERIODS_SHOWN)
    return {read.period_start: ledger.billing_items.totals_of_run(read.run_key) for read in reads}


def _counts(items: Sequence[BillingItem]) -> dict[str, int]:
    return {
        "items": len(items),
        "posted": sum(item.state is ItemState.POSTED for item in items),
        "pending": sum(item.state is ItemState.PENDING for item in items),
        "pending_since_earlier_periods": sum(item.waits for item in items),
        "prorated": sum(item.prorated for item in items),
        "split": sum(item.split_on is not None for item in items),
        "without_module": sum(not item.module for item in items),
        "unpriced": sum(item.amount is None for item in items),
    }


def _told(totals: Sequence[BillingTotal]) -> list[dict[str, Any]]:
    """Return the totals by module and state; decimals are text."""
    return [
        {
            "module": total.group_key,
            "state": total.state.value,
            "currency": total.currency,
            "items": total.items,
            "amount": text_from_decimal(total.amount),
        }
        for total in totals
        if total.grouped_by is TotalBy.MODULE
    ]
