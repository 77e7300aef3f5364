"""What the contract lines should hold: one exact sum for every service on a contract that usage reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from billing_providers.engine.columns import Array, firsts, pairs_of, sums
from billing_providers.engine.contract_choice import shown
from billing_providers.engine.customer_choice import Destination
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.routing import Placed
from billing_providers.engine.unplaced import Usage
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.psa import Account, Contract, Service


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Target ``i``: what the line for ``services[service[i]]`` on ``contracts[contract[i]]`` should hold.

    ``units`` is the exact sum, not yet rounded. Row ``row[j]`` of the charge lines is evidence of ``target[j]``.
    The columns from ``customer`` on hold the code of the target's first row; ``-1`` where its rows differ.
    """

    contracts: list[Contract]
    accounts: list[Account]  # of each contract
    services: list[Service]
    contract: Array
    service: Array
    units: Array
    row: Array
    target: Array
    customer: Array
    sku: Array
    cycle: Array
    mixed_terms: Array  # mask: rows of several terms or billing cycles

    def __len__(self) -> int:
        return len(self.contract)

    def rows_by_target(self, wanted: Iterable[int]) -> dict[int, list[int]]:
        """Return the charge rows behind some targets, in order."""
        import numpy as np

        chosen = np.zeros(len(self) + 1, dtype=bool)
        chosen[np.fromiter(wanted, dtype=np.int64)] = True
        kept = np.nonzero(chosen[self.target])[0]
        kept = kept[np.lexsort((self.row[kept], self.target[kept]))]
        rows: dict[int, list[int]] = {}
        for target, row in zip(self.target[kept].tolist(), self.row[kept].tolist(), strict=True):
            rows.setdefault(target, []).append(row)
        return rows


def targets_of(placed: Placed, usage: Usage, live: LiveLines, voice: FindingVoice) -> tuple[Targets, list[Finding]]:
    """Return the targets, and findings about accounts whose services do not tell the contract."""
    import numpy as np

    contract, contracts, accounts, undecided = _contracts(placed, live)
    kept = contract >= 0
    row = placed.row[kept]
    target, of_contract, of_service = pairs_of(contract[kept], placed.service[kept], max(len(placed.services), 1))
    count = len(of_contract)
    charges = usage.charges

    def single(codes: Array) -> Array:
        first, mixed = firsts(target, codes[row], count)
        return np.where(mixed, -1, first)

    targets = Targets(
        contracts=contracts,
        accounts=accounts,
        services=placed.services,
        contract=of_contract,
        service=of_service,
        units=sums(target, placed.units[kept], count),
        row=row,
        target=target,
        customer=single(charges.customer.codes),
        sku=single(charges.sku.codes),
        cycle=single(charges.cycle.codes),
        mixed_terms=firsts(target, charges.pattern[row], count)[1],
    )
    return targets, _undecided(undecided, placed, usage, voice)


def _contracts(
    placed: Placed, live: LiveLines
) -> tuple[Array, list[Contract], list[Account], dict[tuple[int, int], list[Contract]]]:
    """Return each contribution's contract; where several are usable, the one with an open line for the service."""
    import numpy as np

    contracts: dict[str, int] = {}
    found: list[Contract] = []
    accounts: list[Account] = []

    def code(destination: Destination, contract: Contract) -> int:
        if contract.contract_id not in contracts:
            contracts[contract.contract_id] = len(found)
            found.append(contract)
            accounts.append(destination.account)
        return contracts[contract.contract_id]

    single = [code(at, at.contracts[0]) if len(at.contracts) == 1 else -1 for at in placed.destinations]
    contract = np.array([*single, -1], dtype=np.int64)[placed.destination]
    several = np.nonzero(contract < 0)[0]
    undecided: dict[tuple[int, int], list[Contract]] = {}
    if not len(several):
        return contract, found, accounts, undecided
    width = len(placed.services)
    codes, destinations, services = pairs_of(placed.destination[several], placed.service[several], width)
    held = _held(live, {c.contract_id for at in placed.destinations if len(at.contracts) > 1 for c in at.contracts})
    chosen = []
    for destination, service in zip(destinations.tolist(), services.tolist(), strict=True):
        at = placed.destinations[destination]
        service_id = placed.services[service].service_id
        holders = [contract for contract in at.contracts if (contract.contract_id, service_id) in held]
        if len(holders) == 1:
            chosen.append(code(at, holders[0]))
        else:
            chosen.append(-1)
            undecided[destination, service] = holders
    contract[several] = np.array(chosen, dtype=np.int64)[codes]
    return contract, found, accounts, undecided


def _held(live: LiveLines, contract_ids: set[str]) -> set[tuple[str, str]]:
    return {
        (contract_id, service_id)
        for contract_id, service_id, is_open in zip(live.contract_ids, live.service_ids, live.open, strict=True)
        if is_open and contract_id in contract_ids
    }


def _undecided(
    undecided: dict[tuple[int, int], list[Contract]], placed: Placed, usage: Usage, voice: FindingVoice
) -> list[Finding]:
    """Return one finding for each customer that reaches an account where a service does not tell the contract."""
    if not undecided:
        return []
    import numpy as np

    told: dict[tuple[int, int], set[int]] = {}
    customers = usage.charges.customer
    wanted = np.isin(placed.destination, [destination for destination, _ in undecided])
    for number in np.nonzero(wanted)[0].tolist():
        key = (int(placed.destination[number]), int(placed.service[number]))
        if key in undecided:
            told.setdefault((int(customers.codes[placed.row[number]]), key[0]), set()).add(key[1])
    findings = []
    for (customer, destination), services in sorted(told.items()):
        at, code = placed.destinations[destination], customers.labels[customer]
        reasons = [
            f"{placed.services[service].name.strip()}: held by "
            + (", ".join(shown(contract) for contract in undecided[destination, service]) or "none of them")
            for service in sorted(services, key=lambda service: placed.services[service].name)
        ]
        findings.append(
            voice.finding(
                102,
                customer=code,
                customer_name=usage.decisions[code].customer.name,
                account=at.account.account_id,
                account_name=at.account.name,
                count=len(at.contracts),
                candidates=f"Usable: {', '.join(shown(contract) for contract in at.contracts)}. {'; '.join(reasons)}.",
            )
        )
    return findings
