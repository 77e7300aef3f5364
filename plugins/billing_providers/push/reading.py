"""Reading the live lines behind a set of changes anew: each changed line as it stands, past any lag of lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billing_providers.model.changes import LineChange
from billing_providers.model.psa import Contract, ContractLine, Days, LinesAgain, PsaHook, Service


def lines_anew(
    psa: PsaHook, changes: Iterable[LineChange], added: Mapping[str, str] | None = None
) -> dict[str, dict[str, ContractLine]]:
    """Return the lines of the changes: contract id → line id → line. A line that is gone is missing.

    :param added: change id → id of the line that the PSA gave it; such a line is not looked up but read.
    """
    changes = list(changes)
    by_contract: dict[str, list[LineChange]] = {}
    for change in changes:
        by_contract.setdefault(change.contract_id, []).append(change)
    found: dict[str, dict[str, ContractLine]] = {contract_id: {} for contract_id in by_contract}
    wanted = [_wanted(group, added or {}) for group in by_contract.values()]
    effective = [change.effective_date for change in changes]
    for line in psa.reread_lines(wanted, days=Days(min(effective), max(effective)) if effective else None):
        found.setdefault(line.contract_id, {})[line.line_id] = line
    return found


def _wanted(changes: list[LineChange], added: Mapping[str, str]) -> LinesAgain:
    first = changes[0]
    contract = Contract(
        contract_id=first.contract_id,
        account_id=first.account_id,
        account_name=first.account_name,
        name=first.contract_name,
        contract_type="",
        active=True,
        billing_cycle="",
        start=None,
        end=None,
    )
    services = {
        change.service_id: Service(change.service_id, change.service_name, "", active=True) for change in changes
    }
    line_ids = [change.line_id or added.get(change.change_id, "") for change in changes]
    return LinesAgain(
        contract=contract,
        line_ids=tuple(dict.fromkeys(line_id for line_id in line_ids if line_id)),
        services=tuple(services.values()),
        look_up=not all(line_ids),
    )
