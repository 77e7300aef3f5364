"""What the register of managed lines says once a diff was pushed and read back. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, ManagedLine, MatchedLine
from billing_providers.model.journal import DONE, JournalEntry
from billing_providers.push.verifier import lines_no_longer_managed, lines_now_managed


@dataclass(frozen=True, slots=True)
class RegisteredLines:
    """Lines to register as they stand now, and ids of lines to forget."""

    kept: tuple[MatchedLine, ...]
    forgotten: tuple[str, ...]


def registered_lines(
    diff: ContractDiff, states: Mapping[str, JournalEntry], register: Iterable[ManagedLine], *, undoes: bool
) -> RegisteredLines:
    """Return what changes in the register: matched lines that stand, lines that were set to zero, and ended ones.

    :param register: the register as it is.
    :param undoes: whether the diff undoes a run; then changed lines that it does not match were nobody's before.
    """
    done = [change for change in diff.changes if change.change_id in states and states[change.change_id].state in DONE]
    days = {change.line_id: change for change in sorted(done, key=lambda change: change.step)}
    matched = [_since(line, days.get(line.line_id)) for line in lines_now_managed(diff, dict(states))]
    known = {line.line_id for line in diff.matched}
    zeroed = {change.line_id: change for change in done if change.kind is ChangeKind.ZERO}
    emptied = [
        _emptied(line, zeroed[line.line_id])
        for line in register
        if line.line_id in zeroed and line.line_id not in known
    ]
    forgotten = set(lines_no_longer_managed(diff, dict(states)))
    if undoes:
        forgotten |= {change.line_id for change in done} - known - {line.line_id for line in emptied}
    return RegisteredLines((*matched, *emptied), tuple(sorted(forgotten)))


def _since(line: MatchedLine, change: LineChange | None) -> MatchedLine:
    """Return a line with the day from which its quantity holds, where a change of it says another one."""
    if change is None or line.holds_from is None:
        return line
    return dataclasses.replace(line, holds_from=change.effective_date)


def _emptied(line: ManagedLine, change: LineChange) -> MatchedLine:
    return MatchedLine(
        line_id=line.line_id,
        contract_id=line.contract_id,
        account_id=line.account_id,
        service_id=line.service_id,
        customer_code=line.customer_code,
        sku=line.sku,
        quantity=Decimal(0),
        billing_cycle=line.billing_cycle,
        holds_from=None if line.holds_from is None else change.effective_date,
        last_day=line.last_day,
    )
