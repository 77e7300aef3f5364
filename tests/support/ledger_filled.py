"""A ledger with rows in every table, and everything that its rooms give back of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.billing_dataset import BillingItem, BillingItemsRead, BillingTotal, ItemState, TotalBy
from billing_providers.model.gate import CustomerGate, GateReason, GateState
from billing_providers.model.gate_head import GateHead
from billing_providers.model.journal import JournalState
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision
from billing_providers.model.mapping_states import MappingOffer, MappingStanding, MappingState
from billing_providers.model.run_totals import RunTotal, RunTotalBy
from billing_providers.model.runs import IN_PERIOD, Approval, CustomerResult, RunResult
from billing_providers.model.seen_findings import FindingNote
from billing_providers.model.settings_log import SettingsEntry
from tests.support.ledger_values import (
    LONG,
    NASTY,
    NOON,
    NOVEMBER,
    OCTOBER,
    TENANT,
    charge_line,
    charge_set,
    contract_diff,
    finding,
    journal_entry,
    line_change,
    matched_line,
    outcome,
    run_record,
    seen_line,
    snapshot,
    usage_record,
)

INTEGRATION = "atria_to_kaseya_bms"
CLOSE, INSIDE = f"{INTEGRATION}/run-1", f"{INTEGRATION}_changes/run-1"
AUTOTASK = "autotask:acme.example@api.example.com"
MUCH_LATER = NOON + timedelta(days=200)

ROWS = [
    usage_record(position="row 1", attributes='{"a":"1"}'),
    usage_record(position="row 2", customer_code="BETA", customer_name=NASTY, sku="BACKUP", quantity=LONG),
    usage_record(position="row 3", customer_code="BETA", sku="TRIAL", quantity=None, billable=False),
]
CHARGES = [charge_line(record_count=1), charge_line(charge_no=2, sku="BACKUP", quantity=LONG, customer_name=NASTY)]
OUTCOMES = [outcome("row 1", 1, "12"), outcome("row 2", 2, str(LONG)), outcome("row 3", None, None, "no trials")]


def fill(ledger: Ledger, *, settings: bool = True, thinned: bool = True, pages: bool = True) -> None:
    """Close October: one reading inside the period that wrote, the close, its decision, journal, register, history."""
    _reads(ledger, "b", NOON - timedelta(days=10), INSIDE, mode=IN_PERIOD)
    _reads(ledger, "a", NOON, CLOSE, mode="scheduled", started_by="ann", counts=(("changes", 1),), summary=NASTY)
    ledger.diffs.approve(Approval("a" * 64, CLOSE, "approved", "ann", NOON, NASTY))
    ledger.findings.replace(CLOSE, "map_and_diff", [finding(), finding(message="second")])
    ledger.findings.replace(CLOSE, "report_run", [])
    ledger.register.record(TENANT, INTEGRATION, OCTOBER, [matched_line()], run_key=CLOSE, at=NOON)
    ledger.runs.keep_customers(CLOSE, [CustomerResult("ACME", NASTY, "done", 1, 0, ("KS05", "KS14"))])
    ledger.locks.acquire(TENANT, OCTOBER, CLOSE, 60, NOON)
    ledger.request_shares.take_slot(AUTOTASK, "Companies", 3, owner=CLOSE, now=NOON, lease_s=60)
    ledger.request_shares.set_apart(AUTOTASK, 12, 10_000, now=NOON)
    _items(ledger)
    if settings:
        ledger.settings_log.add(SettingsEntry(INTEGRATION, 1, CLOSE, "ann", NOON, (("psa", "kaseya_bms"),)))
    if pages:
        _pages(ledger)
    if thinned:
        assert [reading.snapshot_id for reading in ledger.retention.thin(MUCH_LATER, 30)] == ["b" * 32]


def _pages(ledger: Ledger) -> None:
    """What the report keeps for the pages, and what people said on them."""
    held = CustomerGate("ACME", NASTY, GateState.HELD, (GateReason("KS05", NASTY),), 2, "HTTP 400", NOON)
    ledger.gates.keep(
        GateHead(
            integration=INTEGRATION,
            period_start=OCTOBER,
            period_end=NOVEMBER,
            tenant=TENANT,
            run_key=CLOSE,
            digest="a" * 64,
            why="",
            ready=0,
            held=1,
            failed=0,
            changes=1,
            changes_held=1,
            amount_changed=LONG,
            amount_held=LONG,
            at=NOON,
        ),
        [held],
    )
    ledger.run_totals.keep(CLOSE, [RunTotal(RunTotalBy.ALL, "", NASTY, 1, 1, 0, LONG, LONG, LONG, 0)])
    offer = MappingOffer("801", NASTY, 90, "the names are alike")
    state = MappingState(
        MappedKind.CUSTOMER, "BETA", NASTY, "", MappingStanding.UNMAPPED, "", "", "KS22", NASTY, (offer,), 0, CLOSE
    )
    ledger.mapping_states.keep(INTEGRATION, [state])
    ledger.mapping_decisions.add(
        [
            DecidedMapping(
                integration=INTEGRATION,
                kind=MappedKind.CUSTOMER,
                subject="BETA",
                seq=1,
                decision=MappingDecision.IGNORE,
                target="",
                target_name="",
                reason=NASTY,
                review_on=NOVEMBER,
                decided_by="ann",
                decided_at=NOON,
            )
        ]
    )
    ledger.finding_pages.add_note(FindingNote(INTEGRATION, "KS05:acme", 1, "ben", NASTY, "ann", NOON))


def _reads(ledger: Ledger, name: str, at: Any, run_key: str, **run: Any) -> None:
    """One run: what it read, counted, planned and wrote."""
    ledger.snapshots.save(snapshot(snapshot_id=name * 32, digest=name * 64, record_count=3, taken_at=at), ROWS)
    ledger.charges.save(charge_set(charge_set_id=name * 32, snapshot_id=name * 32, charge_count=2), CHARGES, OUTCOMES)
    change = line_change(change_id=f"change-{name}", charge_nos=(2,))
    diff = contract_diff(digest=name * 64, snapshot_id=name * 32, charge_set_id=name * 32, changes=(change,))
    ledger.diffs.save(diff, run_key)
    ledger.diffs.keep_lines(name * 64, [seen_line(), seen_line(line_id="line-2", quantity=None)])
    steps = (JournalState.INTENDED, JournalState.SENT, JournalState.CONFIRMED, JournalState.VERIFIED)
    ledger.journal.append(
        [
            journal_entry(f"change-{name}", state, digest=name * 64, run_key=run_key, detail=NASTY, at=at)
            for state in steps
        ]
    )
    ledger.journal.append([journal_entry("lonely", tenant=f"another tenant of {name}", observed=LONG)])
    record = run_record(run_key=run_key, digest=name * 64, finished_at=at, result=RunResult.SUCCEEDED)
    ledger.runs.start(replace(record, **run))


def _items(ledger: Ledger) -> None:
    read = BillingItemsRead(CLOSE, INTEGRATION, TENANT, OCTOBER, NOVEMBER, NOON, posted=0, pending=1)
    item = BillingItem(
        run_key=CLOSE,
        integration=INTEGRATION,
        period_start=OCTOBER,
        period_end=NOVEMBER,
        state=ItemState.PENDING,
        billed_period=OCTOBER,
        module="Datto RMM",
        managed=True,
        customer_code="ACME",
        customer_name="Acme Ltd",
        account_id="801",
        account_name="Acme Ltd",
        contract_id="7001",
        contract_name="Managed Services",
        service_id="31",
        service_name=NASTY,
        line_id="8001",
        sku="AllDevices",
        quantity=Decimal("12"),
        amount=LONG,
        currency="EUR",
        first_day=OCTOBER,
        last_day=date(2026, 10, 14),
        posted_on=None,
        invoice_number="",
        prorated=True,
        split_on=date(2026, 10, 15),
    )
    total = BillingTotal(TotalBy.MODULE, "Datto RMM", "Datto RMM", ItemState.PENDING, "EUR", 1, Decimal(12), LONG, 0)
    ledger.billing_items.replace(read, [item], [total])


def read_back(ledger: Ledger) -> dict[str, Any]:
    """Return what every room says of the close, as values of the model."""
    _, records = ledger.snapshots.load("a" * 32)
    _, charges = ledger.charges.load("a" * 32)
    return {
        "snapshot": ledger.snapshots.head("a" * 32),
        "usage": records.to_dict("list"),
        "customers": ledger.snapshots.customers("b" * 32),
        "pulls": ledger.snapshots.pulls_of_period(INTEGRATION, OCTOBER),
        "counts": ledger.snapshots.recent_record_counts(INTEGRATION, NOVEMBER, 3),
        "charge set": ledger.charges.head("a" * 32),
        "charges": charges.to_dict("list"),
        "outcomes": ledger.charges.outcomes("a" * 32).to_dict("list"),
        "evidence": [ledger.charges.evidence(name * 32, [2]) for name in "ab"],
        "diffs": [ledger.diffs.load(name * 64) for name in "ab"],
        "seen": ledger.diffs.lines("a" * 64),
        "decision": ledger.diffs.approval("a" * 64),
        "journal": [ledger.journal.entries(tenant) for tenant in ledger.journal.heads()],
        "ends": ledger.journal.heads(),
        "writes": ledger.journal.line_writes(TENANT),
        "register": ledger.register.lines(TENANT, INTEGRATION),
        "findings": ledger.findings.of_run(CLOSE),
        "runs": ledger.runs.history(INTEGRATION),
        "results": ledger.runs.customers(CLOSE),
        "items": ledger.billing_items.of_run(CLOSE),
        "totals": ledger.billing_items.totals_of_run(CLOSE),
    }
