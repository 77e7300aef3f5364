"""The contract that follows: where a change would take effect after its contract's end, the next one takes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from billing_providers.engine.change_words import change_id
from billing_providers.engine.columns import Array
from billing_providers.engine.effective_dates import units_at
from billing_providers.engine.live_lines import LiveLines, id_key
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange
from billing_providers.model.policy import Policy
from billing_providers.model.psa import Contract

GAP_MAX = timedelta(days=31)  # a contract that starts later is a new agreement, not the one that follows


class Successors:
    """Finds the one contract that follows another: same account, type and cycle, active, starting soon after."""

    def __init__(self, contracts: Iterable[Contract], policy: Policy) -> None:
        self._policy = policy
        self._by_id: dict[str, Contract] = {}
        self._by_account: dict[str, list[Contract]] = {}
        for contract in contracts:
            self._by_id[contract.contract_id] = contract
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

    def following(self, contract_id: str, day: date) -> str:
        """Return the id of the contract that follows where one has ended by a day; empty where none does."""
        contract = self._by_id.get(contract_id)
        if contract is None or contract.end is None or day <= contract.end:
            return ""
        successor = self.of(contract)
        return successor.contract_id if successor else ""


def lines_meeting(
    pairs: Sequence[tuple[LineChange, LineChange]], reached: Array, live: LiveLines, successors: Successors
) -> dict[str, list[str]]:
    """Return, by line that takes a rolled-over change, the lines whose quantities would meet on it; one is right.

    They are the changes' own lines, lines that usage reaches on contracts that have ended, be they changed or not, and
    the line itself where usage or a change of its own decides what it holds.

    :param pairs: each change as it was planned, and as it is taken.
    :param reached: positions of the live lines that usage reaches.
    """
    moved = {taken.line_id: taken for change, taken in pairs if taken is not change}
    if not moved:
        return {}
    line_at = {(taken.contract_id, taken.service_id): line_id for line_id, taken in moved.items()}
    meeting: dict[str, set[str]] = {line_id: set() for line_id in moved}
    for change, taken in pairs:
        if taken.line_id in moved:
            meeting[taken.line_id].add(change.line_id)
    for at in reached.tolist():
        contract_id, service_id = live.contract_ids[at], live.service_ids[at]
        for place in (contract_id, successors.following(contract_id, _last_day(live, at))):
            if line_id := line_at.get((place, service_id)):
                meeting[line_id].add(live.ids[at])
    return {line_id: sorted(lines, key=id_key) for line_id, lines in meeting.items()}


def _last_day(live: LiveLines, position: int) -> date:
    """Return the later of the days on which a line's quantity may change."""
    return max(days[position] for days in (live.up, live.down) if days is not None)


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
