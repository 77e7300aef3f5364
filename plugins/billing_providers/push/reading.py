"""Reading the live lines behind a set of changes, one read per contract."""

from __future__ import annotations

from collections.abc import Iterable

from billing_providers.model.changes import LineChange
from billing_providers.model.psa import Contract, ContractLine, PsaHook, Service


def live_lines(psa: PsaHook, changes: Iterable[LineChange]) -> dict[str, dict[str, ContractLine]]:
    """Return the lines of the changes' contracts: contract id → line id → line."""
    contracts: dict[str, Contract] = {}
    services: dict[str, Service] = {}
    for change in changes:
        contracts[change.contract_id] = Contract(
            contract_id=change.contract_id,
            account_id=change.account_id,
            account_name=change.account_name,
            name=change.contract_name,
            contract_type="",
            active=True,
            billing_cycle="",
            start=None,
            end=None,
        )
        services[change.service_id] = Service(change.service_id, change.service_name, "", active=True)
    found: dict[str, dict[str, ContractLine]] = {contract_id: {} for contract_id in contracts}
    for line in psa.read_lines(list(contracts.values()), list(services.values())):
        found.setdefault(line.contract_id, {})[line.line_id] = line
    return found
