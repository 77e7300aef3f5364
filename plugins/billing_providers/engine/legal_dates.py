"""Dates on which the PSA lets a line be billed, checked before anything is sent.

A line may not start before its contract's billing does, nor, where the contract does not prorate, in a period that is
invoiced. Such a change is not planned, and the earliest legal date is proposed; with the policy ``early_start`` set
to ``move`` it is planned with that date, and waits for a person.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date

from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from billing_providers.model.findings import Finding
from billing_providers.model.policy import EarlyStart
from billing_providers.model.psa import Contract

STARTS_EARLY, INVOICED = 165, 166


def with_legal_dates(
    changes: Sequence[LineChange], live: LiveLines, inputs: PlanInputs
) -> tuple[list[LineChange], list[Finding]]:
    """Return the changes that the PSA will accept, and a finding for each of the others or that has to be moved."""
    contracts = {contract.contract_id: contract for contract in inputs.directory.contracts}
    starts = dict(zip(live.ids, live.columns["effective_date"], strict=True))
    kept: list[LineChange] = []
    findings: list[Finding] = []
    for change in changes:
        contract = contracts.get(change.contract_id)
        adds = change.kind is ChangeKind.ADD_LINE
        start = change.effective_date if adds else starts.get(change.line_id)
        number = _fault(contract, start, adds=adds)
        if contract is None or start is None or not number:
            kept.append(change)
            continue
        legal = _earliest(contract, start, adds=adds)
        finding = _finding(number, change, contract, inputs, start=start, legal=legal)
        findings.append(finding)
        if inputs.settings.policy.early_start is EarlyStart.MOVE:
            kept.append(_moved(change, start, legal, finding.code))
    return kept, findings


def invoiced_later(changes: Iterable[LineChange], inputs: PlanInputs) -> list[Finding]:
    """Return a finding for each day of a next invoice that comes after the changes' effective date."""
    contracts = {contract.contract_id: contract for contract in inputs.directory.contracts}
    late: dict[date, dict[str, str]] = {}
    for change in changes:
        contract = contracts.get(change.contract_id)
        if contract is not None and contract.next_invoice and contract.next_invoice > change.effective_date:
            late.setdefault(contract.next_invoice, {})[contract.contract_id] = f"{change.account_name}: {contract.name}"
    return [
        inputs.voice.finding(171, count=len(names), next_invoice=day, contracts=", ".join(sorted(names.values())[:10]))
        for day, names in sorted(late.items())
    ]


def _fault(contract: Contract | None, start: date | None, *, adds: bool) -> int:
    if contract is None or start is None:
        return 0
    if contract.bill_start is not None and start < contract.bill_start:
        return STARTS_EARLY
    return INVOICED if adds and _is_invoiced(contract, start) else 0


def _is_invoiced(contract: Contract, day: date) -> bool:
    return contract.prorates is False and contract.next_invoice is not None and day < contract.next_invoice


def _earliest(contract: Contract, start: date, *, adds: bool) -> date:
    legal = max(start, contract.bill_start) if contract.bill_start else start
    if adds and _is_invoiced(contract, legal) and contract.next_invoice:
        legal = contract.next_invoice
    return legal


def _moved(change: LineChange, start: date, legal: date, code: str) -> LineChange:
    if change.kind is ChangeKind.ADD_LINE:
        return dataclasses.replace(change, effective_date=legal, held_by=(code,))
    moved = FieldChange(LineField.STARTS_ON, start.isoformat(), legal.isoformat())
    fields = tuple(sorted((*change.fields, moved), key=lambda field: field.field))
    return dataclasses.replace(change, fields=fields, held_by=(code,))


def _finding(
    number: int, change: LineChange, contract: Contract, inputs: PlanInputs, *, start: date, legal: date
) -> Finding:
    return inputs.voice.finding(
        number,
        customer=", ".join(change.customer_codes),
        customer_name=", ".join(change.customer_names),
        account=change.account_id,
        contract=contract.contract_id,
        contract_name=contract.name,
        service=change.service_name,
        sku=", ".join(change.skus),
        line=change.line_id,
        start=start,
        bill_start=contract.bill_start,
        next_invoice=contract.next_invoice,
        legal=legal,
    )
