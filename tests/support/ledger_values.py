"""Values that ledger tests store: small, literal, with the awkward contents that real customers have."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing_providers.model.changes import (
    ChangeKind,
    ContractDiff,
    DiffInputs,
    FieldChange,
    LineChange,
    LineField,
    MatchedLine,
)
from billing_providers.model.charges import ChargeLine, ChargeSet, RowOutcome, RuleEffect
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.runs import RunRecord, RunResult
from billing_providers.model.seen_lines import SeenLine
from billing_providers.model.usage import UsageKind, UsageRecord, UsageSnapshot

TENANT = "kaseya_bms:acme@api.example.com"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
#: 28 digits, the most that an input may have.
LONG = Decimal("1234567890123456789.123456789")
NASTY = 'Robert\'); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \\ \t 株式会社 🦊 é'


def usage_record(**changes: Any) -> UsageRecord:
    """Return a usage record; every field is set, keywords change some."""
    values: dict[str, Any] = {
        "source": "atria",
        "position": "row 1",
        "record_id": "r-1",
        "customer_code": "ACME",
        "customer_name": "Acme Ltd",
        "billing_identifier": "ACM001",
        "sku": "O365-E3",
        "description": "Office 365 E3: seats",
        "summary": "Office 365",
        "term": "monthly",
        "billing_cycle": "monthly",
        "item_id": "sub-1",
        "kind": UsageKind.RECURRING,
        "quantity": Decimal("12"),
        "assigned": Decimal("11"),
        "enabled": None,
        "total": None,
        "unit": "seats",
        "unit_cost": Decimal("8.10"),
        "unit_price": None,
        "currency": "EUR",
        "billable": True,
        "period_start": OCTOBER,
        "period_end": None,
        "actor": "",
        "plan": "E3",
        "attributes": "{}",
    }
    return UsageRecord(**{**values, **changes})


def snapshot(**changes: Any) -> UsageSnapshot:
    """Return the head of a complete snapshot of October 2026."""
    values: dict[str, Any] = {
        "snapshot_id": "a" * 32,
        "integration": "atria_to_kaseya_bms",
        "source": "atria",
        "period_start": OCTOBER,
        "period_end": NOVEMBER,
        "taken_at": NOON,
        "complete": True,
        "incomplete_why": "",
        "record_count": 1,
        "malformed_count": 0,
        "failed_customers": (),
        "control_total": None,
        "digest": "a" * 64,
        "origin": "https://atria.example.com",
    }
    return UsageSnapshot(**{**values, **changes})


def charge_line(**changes: Any) -> ChargeLine:
    """Return a charge line; every field is set."""
    values: dict[str, Any] = {
        "charge_no": 1,
        "customer_code": "ACME",
        "customer_name": "Acme Ltd",
        "billing_identifier": "ACM001",
        "sku": "O365-E3",
        "term": "monthly",
        "billing_cycle": "monthly",
        "item_id": "sub-1",
        "description": "Office 365 E3",
        "summary": "Office 365",
        "unit": "seats",
        "quantity": Decimal("12"),
        "unit_cost": None,
        "unit_price": Decimal("10.5"),
        "currency": "EUR",
        "record_count": 2,
        "attributes": "{}",
    }
    return ChargeLine(**{**values, **changes})


def charge_set(**changes: Any) -> ChargeSet:
    """Return the head of a charge set with one rule effect and one held customer."""
    values: dict[str, Any] = {
        "charge_set_id": "c" * 32,
        "snapshot_id": "a" * 32,
        "rules_digest": "b" * 64,
        "rules_source": "rules.yaml",
        "rows_in": 3,
        "rows_counted": 2,
        "rows_excluded": 1,
        "charge_count": 1,
        "effects": (RuleEffect("no trials", "exclude", 1, 1, LONG, Decimal("0"), "Leaves out trials."),),
        "held_customers": (("BETA", "row 9 belongs to another period"),),
    }
    return ChargeSet(**{**values, **changes})


def outcome(position: str, charge_no: int | None, quantity: str | None, reason: str = "") -> RowOutcome:
    """Return what became of one row."""
    counted = None if quantity is None else Decimal(quantity)
    return RowOutcome(position, charge_no, counted, "no trials", reason, counted)


def line_change(**changes: Any) -> LineChange:
    """Return a change of one line from 10 to 12."""
    values: dict[str, Any] = {
        "change_id": "change-1",
        "kind": ChangeKind.SET_QUANTITY,
        "customer_codes": ("ACME", "BETA"),
        "customer_names": (NASTY, "Beta"),
        "account_id": "17",
        "account_name": "Acme",
        "contract_id": "501",
        "contract_name": "Managed services",
        "service_id": "9",
        "service_name": "O365-E3",
        "line_id": "line-1",
        "skus": ("O365-E3",),
        "quantity_before": Decimal("10"),
        "quantity_after": Decimal("12"),
        "unit_cost": None,
        "unit_price": Decimal("10.25"),
        "effective_date": NOVEMBER,
        "line_version": "v1",
        "reason": "2 rows of O365-E3",
        "charge_nos": (1, 2),
        "fields": (
            FieldChange(LineField.INVOICE_TEXT, None, NASTY),
            FieldChange(LineField.UNIT_COST, "0.05", "0.0612"),
        ),
        "held_by": ("KS131",),
    }
    return LineChange(**{**values, **changes})


def matched_line(**changes: Any) -> MatchedLine:
    """Return a matched line."""
    values: dict[str, Any] = {
        "line_id": "line-1",
        "contract_id": "501",
        "account_id": "17",
        "service_id": "9",
        "customer_code": "ACME",
        "sku": "O365-E3",
        "quantity": Decimal("12"),
        "billing_cycle": "monthly",
        "included": LONG,
        "charge_nos": "1,2",
    }
    return MatchedLine(**{**values, **changes})


def seen_line(**changes: Any) -> SeenLine:
    """Return a line that a plan saw."""
    values: dict[str, Any] = {
        "line_id": "line-1",
        "contract_id": "501",
        "contract_name": NASTY,
        "account_id": "17",
        "account_name": "Acme",
        "service_id": "9",
        "service_name": "O365-E3",
        "quantity": Decimal("12"),
        "unit_cost": None,
        "unit_price": Decimal("10.5"),
        "included": None,
        "last_day": NOVEMBER,
        "billable": True,
    }
    return SeenLine(**{**values, **changes})


def finding(**changes: Any) -> Finding:
    """Return a finding about a customer without a contract."""
    values: dict[str, Any] = {
        "code": "KS05",
        "number": 5,
        "level": Level.WARNING,
        "scope": Scope.CUSTOMER,
        "subject": (("account", "Acme"), ("customer", "ACME")),
        "message": "No contract for " + NASTY,
        "resolution": "Create one.",
    }
    return Finding(**{**values, **changes})


def contract_diff(**changes: Any) -> ContractDiff:
    """Return a diff with changes, matched lines, findings, counts and totals."""
    values: dict[str, Any] = {
        "digest": "d" * 64,
        "integration": "atria_to_kaseya_bms",
        "psa": "kaseya_bms",
        "tenant": TENANT,
        "period_start": OCTOBER,
        "period_end": NOVEMBER,
        "timezone": "Europe/London",
        "complete": True,
        "applicable": True,
        "changes": (
            line_change(),
            line_change(
                change_id="change-2",
                kind=ChangeKind.ADD_LINE,
                line_id="",
                quantity_before=None,
                quantity_after=LONG,
                charge_nos=(),
                held_by=(),
            ),
        ),
        "unchanged_count": 3,
        "matched": (matched_line(), matched_line(line_id="line-2", customer_code="ACME\nBETA", quantity=LONG)),
        "findings": (finding(), finding(code="KS01", number=1, level=Level.INFO, scope=Scope.RUN, subject=())),
        "inputs": DiffInputs("s", "r", "m", "p", "l", "1.0"),
        "strategy": "line_api",
        "snapshot_id": "a" * 32,
        "charge_set_id": "c" * 32,
        "counts": (("add", 1), ("set", 1)),
        "totals": (("price_delta", Decimal("-20.5")), ("quantity_delta", LONG)),
    }
    return ContractDiff(**{**values, **changes})


def journal_entry(
    change: str = "change-1", state: JournalState = JournalState.INTENDED, **changes: Any
) -> JournalEntry:
    """Return one step of a change of ``line-1``."""
    values: dict[str, Any] = {
        "tenant": TENANT,
        "integration": "atria_to_kaseya_bms",
        "period_start": OCTOBER,
        "run_key": "atria_to_kaseya_bms/run-1",
        "digest": "d" * 64,
        "change_id": change,
        "line_id": "line-1",
        "contract_id": "501",
        "customer_codes": ("ACME", NASTY),
        "skus": ("O365-E3",),
        "state": state,
        "at": NOON,
        "quantity_before": Decimal("10"),
        "quantity_after": Decimal("12"),
        "observed": None,
        "request_id": "",
        "detail": "",
    }
    return JournalEntry(**{**values, **changes})


def run_record(**changes: Any) -> RunRecord:
    """Return a run of October 2026 that is still running."""
    values: dict[str, Any] = {
        "run_key": "atria_to_kaseya_bms/run-1",
        "integration": "atria_to_kaseya_bms",
        "tenant": TENANT,
        "period_start": OCTOBER,
        "period_end": NOVEMBER,
        "started_at": NOON,
        "finished_at": None,
        "result": None,
        "failure_class": "",
        "dry_run": False,
        "digest": "",
        "counts": (),
        "summary": "",
    }
    return RunRecord(**{**values, **changes})


def closed_run(run_key: str, period_start: date, **changes: Any) -> RunRecord:
    """Return a real run of a period that succeeded."""
    values = {"finished_at": NOON, "result": RunResult.SUCCEEDED, **changes}
    return run_record(run_key=run_key, period_start=period_start, **values)
