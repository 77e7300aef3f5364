"""On which contract of its account each service is billed.

A customer's usage reaches an account with one or several contracts. A row of the service table may name the contract of
a service; otherwise, where several are usable, it is the one that has an open line for the service, if the policy
``holds_service`` says so and exactly one has. What stays open is said once per customer.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.engine.columns import Array, pairs_of
from billing_providers.engine.contract_choice import Contracts, shown
from billing_providers.engine.customer_choice import Destination
from billing_providers.engine.decided import Decided
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.routing import NamedService, Placed
from billing_providers.engine.unplaced import Usage
from billing_providers.model.findings import Finding, FindingVoice
from billing_providers.model.policy import ContractChoice
from billing_providers.model.psa import Account, Contract, Service


@dataclass(frozen=True, slots=True, eq=False)
class LineContracts:
    """Contribution ``i`` is for ``services[service[i]]`` on ``contracts[contract[i]]``; -1: on none."""

    contracts: list[Contract]
    accounts: list[Account]  # of each contract
    services: list[Service]
    contract: Array
    service: Array


@dataclass(frozen=True, slots=True)
class _Open:
    """Why a service has no contract: the finding's number, and its words."""

    number: int
    why: str


class _ContractCodes:
    """Gives each contract a number."""

    def __init__(self) -> None:
        self.contracts: list[Contract] = []
        self.accounts: list[Account] = []
        self._known: dict[str, int] = {}

    def code(self, destination: Destination, contract: Contract) -> int:
        if contract.contract_id not in self._known:
            self._known[contract.contract_id] = len(self.contracts)
            self.contracts.append(contract)
            self.accounts.append(destination.account)
        return self._known[contract.contract_id]


def line_contracts(
    placed: Placed, decided: Decided, live: LiveLines, inputs: PlanInputs
) -> tuple[LineContracts, list[Finding]]:
    """Return each contribution's contract, and findings about services that have none."""
    import numpy as np

    codes = _ContractCodes()
    alone = [codes.code(at, at.contracts[0]) if len(at.contracts) == 1 else -1 for at in placed.destinations]
    named = np.array([bool(one.contract) for one in placed.services] + [False], dtype=bool)
    contract = np.array([*alone, -1], dtype=np.int64)[placed.destination]
    asked = np.nonzero((contract < 0) | named[placed.service])[0]
    still_open: dict[tuple[int, int], _Open] = {}
    if len(asked):
        pair, destinations, services = pairs_of(placed.destination[asked], placed.service[asked], len(placed.services))
        held = _held(live, placed) if inputs.settings.policy.contract_choice is ContractChoice.HOLDS_SERVICE else None
        chosen = []
        for destination, service in zip(destinations.tolist(), services.tolist(), strict=True):
            at, wanted = placed.destinations[destination], placed.services[service]
            found = _by_name(at, wanted, decided.contracts) if wanted.contract else _by_line(at, wanted, held)
            chosen.append(codes.code(at, found) if isinstance(found, Contract) else -1)
            if isinstance(found, _Open):
                still_open[destination, service] = found
        contract[asked] = np.array(chosen, dtype=np.int64)[pair]
    unique = list({one.service.service_id: one.service for one in placed.services}.values())
    position = {service.service_id: number for number, service in enumerate(unique)}
    service_of = np.array([position[one.service.service_id] for one in placed.services] + [-1], dtype=np.int64)
    lines = LineContracts(codes.contracts, codes.accounts, unique, contract, service_of[placed.service])
    return lines, _findings(still_open, placed, decided.usage, inputs.voice)


def _held(live: LiveLines, placed: Placed) -> set[tuple[str, str]]:
    """Return (contract, service) of the open lines on contracts that are one of several."""
    contract_ids = {one.contract_id for at in placed.destinations if len(at.contracts) > 1 for one in at.contracts}
    return {
        (contract_id, service_id)
        for contract_id, service_id, is_open in zip(live.contract_ids, live.service_ids, live.open, strict=True)
        if is_open and contract_id in contract_ids
    }


def _by_line(at: Destination, wanted: NamedService, held: set[tuple[str, str]] | None) -> Contract | _Open:
    if held is None:
        return _Open(102, "the service mapping table names no contract for it")
    holders = [contract for contract in at.contracts if (contract.contract_id, wanted.service.service_id) in held]
    if len(holders) == 1:
        return holders[0]
    return _Open(102, "held by " + (", ".join(map(shown, holders)) or "none of them"))


def _by_name(at: Destination, wanted: NamedService, known: Contracts) -> Contract | _Open:
    contract, why = known.named(at.account.account_id, wanted.contract)
    if contract is not None and contract not in at.contracts:
        contract, why = None, f"is not {shown(at.contracts[0])}, which the customer mapping table names"
    return contract or _Open(191, f"contract {wanted.contract} {why}")


def _findings(
    still_open: dict[tuple[int, int], _Open], placed: Placed, usage: Usage, voice: FindingVoice
) -> list[Finding]:
    """Return one finding for each customer and account, and kind of fault."""
    if not still_open:
        return []
    import numpy as np

    told: dict[tuple[int, int, int], set[int]] = {}
    customers = usage.charges.customer
    wanted = np.isin(placed.destination, [destination for destination, _ in still_open])
    for at_row in np.nonzero(wanted)[0].tolist():
        key = (int(placed.destination[at_row]), int(placed.service[at_row]))
        if key in still_open:
            customer = int(customers.codes[placed.row[at_row]])
            told.setdefault((customer, key[0], still_open[key].number), set()).add(key[1])
    findings = []
    for (customer, destination, number), services in sorted(told.items()):
        at, code = placed.destinations[destination], customers.labels[customer]
        reasons = sorted(
            f"{placed.services[service].service.name.strip()}: {still_open[destination, service].why}"
            for service in services
        )
        findings.append(
            voice.finding(
                number,
                customer=code,
                customer_name=usage.decisions[code].customer.name,
                account=at.account.account_id,
                account_name=at.account.name,
                count=len(at.contracts),
                candidates=f"Usable: {', '.join(map(shown, at.contracts))}. {'; '.join(reasons)}.",
            )
        )
    return findings
