"""Set-ups in the PSA that silently lose money, reported with each diff for the contracts and lines that it reaches.

Nothing is changed here, and nothing is held: each set-up is one finding with a few examples.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.changes import LineChange
from billing_providers.model.findings import Finding
from billing_providers.model.psa import Contract, ContractLine

_EXAMPLES_MAX = 10


def audit_findings(reached: Iterable[int], live: LiveLines, inputs: PlanInputs) -> list[Finding]:
    """Return what is set up so that money is lost.

    :param reached: positions of the live lines that usage reaches.
    """
    if not inputs.settings.policy.settings_audit:
        return []
    contracts = {contract.contract_id: contract for contract in inputs.directory.contracts}
    lines = [live.line(position) for position in reached if live.open[position]]
    told = {
        172: [line for line in lines if _starts_unbilled(line, contracts.get(line.contract_id), inputs)],
        174: [line for line in lines if line.quantity and line.unit_price == 0 and line.billable],
        175: [line for line in lines if line.unit_price and line.unit_cost and line.unit_cost > line.unit_price],
        176: [line for line in lines if not line.billable],
    }
    findings = [
        inputs.voice.finding(number, count=len(found), lines=_examples(_line_words(line, contracts) for line in found))
        for number, found in told.items()
        if found
    ]
    return [*findings, *_without_cycle(inputs)]


def ending_contracts(changes: Iterable[LineChange], reached: Iterable[str], inputs: PlanInputs) -> list[Finding]:
    """Return a finding for each contract that is billed and ends within the policy's notice.

    :param reached: ids of the contracts that usage reaches; those of the changes count as well.
    """
    period, notice = inputs.scope.period, timedelta(days=inputs.settings.policy.ending_notice_days)
    accounts = {account.account_id: account.name for account in inputs.directory.accounts}
    wanted = {*reached, *(change.contract_id for change in changes)}
    return [
        inputs.voice.finding(
            167,
            customer_name=accounts.get(contract.account_id, contract.account_name),
            account=contract.account_id,
            contract=contract.contract_id,
            contract_name=contract.name,
            end=contract.end,
            days=(contract.end - period.last_day).days,
        )
        for contract in inputs.directory.contracts
        if contract.contract_id in wanted and contract.end is not None and notice
        if period.last_day <= contract.end <= period.last_day + notice
    ]


def _starts_unbilled(line: ContractLine, contract: Contract | None, inputs: PlanInputs) -> bool:
    period, start = inputs.scope.period, line.effective_date
    inside = start is not None and period.start < start <= period.last_day
    return inside and contract is not None and contract.prorates is False


def _without_cycle(inputs: PlanInputs) -> list[Finding]:
    policy = inputs.settings.policy
    if not policy.billing_cycle:
        return []
    found = [
        contract
        for contract in inputs.directory.contracts
        if contract.active
        and contract.contract_type.strip() == policy.contract_type.strip()
        and not contract.billing_cycle.strip()
    ]
    if not found:
        return []
    names = _examples(f"{contract.account_name}: {contract.name}" for contract in found)
    return [inputs.voice.finding(173, count=len(found), contracts=names)]


def _line_words(line: ContractLine, contracts: dict[str, Contract]) -> str:
    contract = contracts.get(line.contract_id)
    return f"{contract.account_name if contract else line.contract_id}: {line.service_name.strip()} ({line.line_id})"


def _examples(words: Iterable[str]) -> str:
    named = sorted(words)
    more = f" and {len(named) - _EXAMPLES_MAX} more" if len(named) > _EXAMPLES_MAX else ""
    return ", ".join(named[:_EXAMPLES_MAX]) + more
