"""The contract that follows: where a change would take effect after its contract's end, the next one takes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

from billing_providers.engine.change_words import change_id
from billing_providers.engine.effective_dates import units_at
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange
from billing_providers.model.policy import Policy
from billing_providers.model.psa import Contract

GAP_MAX = timedelta(days=31)  # a contract that starts later is a new agreement, not the one that follows


class Successors:
    """Finds the one contract that follows another: same account, type and cycle, active, starting soon after."""

    def __init__(self, contracts: Iterable[Contract], policy: Policy) -> None:
        self._policy = policy
        self._by_account: dict[str, list[Contract]] = {}
        for contract in contracts:
            if contract.active and contract.account_id:
                self._by_account.setdefault(contract.account_id, []).append(contract)

    def of(self, contract: Contract) -> Contract | None:
        """Return the contract that follows; None when there is none, several could be meant, or the policy says no."""
        if not self._policy.rollover or contract.end is None:
            return None
        found = [
            other
            for other in self._by_account.get(contract.account_id, ())
            if other.start is not None
            and contract.end < other.start <= contract.end + GAP_MAX
            and (other.contract_type, other.billing_cycle) == (contract.contract_type, contract.billing_cycle)
        ]
        return found[0] if len(found) == 1 else None


def rolled_over(change: LineChange, successor: Contract, live: LiveLines, inputs: PlanInputs) -> LineChange | None:
    """Return the same change for the following contract's line; None when it has not exactly one that can take it."""
    found = [
        position
        for position, contract_id in enumerate(live.contract_ids)
        if contract_id == successor.contract_id
        and live.service_ids[position] == change.service_id
        and live.open[position]
    ]
    if len(found) != 1:
        return None
    line = live.line(found[0])
    effective = max(change.effective_date, successor.start or change.effective_date)
    before = units_at(line.schedule, effective)
    if before is None:
        return None
    fields = tuple(
        FieldChange(field.field, line.field(field.field), field.after)
        for field in change.fields
        if (line.field(field.field) or "") != field.after
    )
    kind = change.kind
    if kind in {ChangeKind.SET_QUANTITY, ChangeKind.SET_FIELDS}:
        kind = ChangeKind.SET_FIELDS if before == change.quantity_after else ChangeKind.SET_QUANTITY
    return dataclasses.replace(
        change,
        change_id=change_id(inputs.scope.tenant, successor.contract_id, line.line_id, kind),
        kind=kind,
        contract_id=successor.contract_id,
        contract_name=successor.name,
        line_id=line.line_id,
        line_version=line.version,
        quantity_before=before,
        effective_date=effective,
        unit_cost=line.unit_cost,
        unit_price=line.unit_price,
        fields=fields,
    )
