"""What the contract lines should hold: one exact sum for every service on a contract that usage reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from billing_providers.engine.columns import Array, firsts, pairs_of, sums
from billing_providers.engine.decided import Decided
from billing_providers.engine.line_contracts import line_contracts
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.routing import Placed
from billing_providers.model.findings import Finding
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


def targets_of(placed: Placed, decided: Decided, live: LiveLines, inputs: PlanInputs) -> tuple[Targets, list[Finding]]:
    """Return the targets, and findings about accounts whose services do not tell the contract."""
    import numpy as np

    lines, undecided = line_contracts(placed, decided, live, inputs)
    kept = lines.contract >= 0
    row = placed.row[kept]
    target, of_contract, of_service = pairs_of(lines.contract[kept], lines.service[kept], max(len(lines.services), 1))
    count = len(of_contract)
    charges = decided.usage.charges

    def single(codes: Array) -> Array:
        first, mixed = firsts(target, codes[row], count)
        return np.where(mixed, -1, first)

    targets = Targets(
        contracts=lines.contracts,
        accounts=lines.accounts,
        services=lines.services,
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
    return targets, undecided
