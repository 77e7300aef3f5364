"""Days on which a quantity can change, where the PSA dates them: inside the contract, not posted, not taken.

A change that would be refused is not planned; the finding names the earliest legal day, or the contract that follows
takes the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from billing_providers.engine.columns import Array
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.rollover import Successors, lines_meeting, rolled_over
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding
from billing_providers.model.journal import DatedWrite
from billing_providers.model.psa import Contract, UnitPeriod

OUTSIDE, POSTED, ROLLED_OVER, TAKEN = 184, 185, 187, 188


def with_free_days(
    changes: Sequence[LineChange], reached: Array, live: LiveLines, inputs: PlanInputs
) -> tuple[list[LineChange], list[Finding]]:
    """Return the changes that can take effect on their day, and a finding for each of the others or that moved on.

    :param reached: positions of the live lines that usage reaches, those that do not change included.
    """
    if not inputs.capabilities.dates_quantities:
        return list(changes), []
    contracts = {contract.contract_id: contract for contract in inputs.directory.contracts}
    schedules = dict(zip(live.ids, live.columns["schedule"], strict=True))
    written: dict[str, list[DatedWrite]] = {}
    for write in inputs.dated_writes:
        written.setdefault(write.line_id, []).append(write)
    kept: list[LineChange] = []
    findings: list[Finding] = []
    for change, taken in zip(changes, _taken(changes, contracts, reached, live, inputs), strict=True):
        contract = contracts.get(change.contract_id)
        if contract is None:
            kept.append(change)
        elif isinstance(taken, str):
            findings.append(_outside(change, contract, inputs, why=taken))
        elif refusal := _refused(
            taken, contracts[taken.contract_id], schedules.get(taken.line_id, ()), written, inputs
        ):
            findings.append(refusal)
        elif taken is change:
            kept.append(change)
        else:
            start, successor = taken.effective_date, taken.contract_name
            findings.append(_finding(ROLLED_OVER, change, contract, inputs, start=start, successor=successor))
            kept += [taken] if _does_something(taken) else []
    return kept, findings


def _covers(contract: Contract, day: date) -> bool:
    return (contract.start is None or contract.start <= day) and (contract.end is None or day <= contract.end)


def _taken(
    changes: Sequence[LineChange],
    contracts: Mapping[str, Contract],
    reached: Array,
    live: LiveLines,
    inputs: PlanInputs,
) -> list[LineChange | str]:
    """Return each change as its contract, or the one that follows, takes it; or why neither does, which may be empty.

    What would meet other usage or another change on the line of the contract that follows is not taken: each is a
    whole quantity.
    """
    successors = Successors(inputs.directory.contracts, inputs.settings.policy)
    taken: list[LineChange | str] = []
    for change in changes:
        contract = contracts.get(change.contract_id)
        if contract is None or _covers(contract, change.effective_date):
            taken.append(change)
        else:
            taken.append(_rolled(change, successors.of(contract), live, inputs))
    pairs = [(change, found) for change, found in zip(changes, taken, strict=True) if isinstance(found, LineChange)]
    meeting = lines_meeting(pairs, reached, live, successors)
    return [
        found
        if isinstance(found, str) or found is change or len(meeting[found.line_id]) == 1
        else f"Contract {found.contract_name} follows, but its line {found.line_id} would take what several lines "
        f"should hold: {', '.join(meeting[found.line_id])}."
        for change, found in zip(changes, taken, strict=True)
    ]


def _rolled(change: LineChange, successor: Contract | None, live: LiveLines, inputs: PlanInputs) -> LineChange | str:
    """A zeroing stays: only managed lines are set to zero, and one that is managed has a zeroing of its own."""
    if successor is None:
        return ""
    if change.kind in {ChangeKind.ZERO, ChangeKind.END_LINE}:
        return f"Contract {successor.name} follows; a line of it is set to zero only when it is managed itself."
    moved = None if change.kind is ChangeKind.ADD_LINE else rolled_over(change, successor, live, inputs)
    if moved is None or not _covers(successor, moved.effective_date):
        return f"Contract {successor.name} follows, but has no single line for it."
    return moved


def _does_something(change: LineChange) -> bool:
    return change.quantity_before != change.quantity_after or bool(change.fields)


def _outside(change: LineChange, contract: Contract, inputs: PlanInputs, *, why: str) -> Finding:
    before = "nothing" if change.quantity_before is None else text_from_decimal(change.quantity_before)
    after = text_from_decimal(change.quantity_after)
    return _finding(OUTSIDE, change, contract, inputs, before=before, after=after, end=contract.end, why=why)


def _refused(
    change: LineChange,
    contract: Contract,
    schedule: Sequence[UnitPeriod],
    written: Mapping[str, Sequence[DatedWrite]],
    inputs: PlanInputs,
) -> Finding | None:
    if not _does_something(change):
        return None
    row = next((row for row in schedule if row.start <= change.effective_date <= row.end), None)
    if row is not None and row.posted:
        legal = next((free.start for free in schedule if not free.posted and free.start > row.end), "not known")
        return _finding(POSTED, change, contract, inputs, end=row.end, legal=legal)
    if any(_takes_the_day(written, change, row) for written in written.get(change.line_id, ())):
        return _finding(TAKEN, change, contract, inputs)
    return None


def _takes_the_day(written: DatedWrite, change: LineChange, row: UnitPeriod | None) -> bool:
    """Whether an earlier write stands on the change's day: seen at the time, or seen now."""
    applied = written.certain or (row is not None and row.units == written.quantity_after)
    return written.effective_date == change.effective_date and applied


def _finding(number: int, change: LineChange, contract: Contract, inputs: PlanInputs, **values: object) -> Finding:
    subject: dict[str, Any] = {
        "customer": ", ".join(change.customer_codes),
        "customer_name": ", ".join(change.customer_names),
        "account": change.account_id,
        "contract": contract.contract_id,
        "contract_name": contract.name,
        "service": change.service_name,
        "sku": ", ".join(change.skus),
        "line": change.line_id,
        "start": change.effective_date,
    }
    return inputs.voice.finding(number, **{**subject, **values})
