"""Puts a target and its line into words: the values that findings name, and the sentence that explains a change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.targets import Targets
from billing_providers.engine.unplaced import Usage
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.decimals import text_from_decimal

_NAMED_MAX = 4


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """One target as people know it."""

    customer_codes: tuple[str, ...]
    customer_names: tuple[str, ...]
    skus: tuple[str, ...]
    charge_nos: tuple[int, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChangeWords:
    """Words for the targets of one plan."""

    inputs: PlanInputs
    usage: Usage
    targets: Targets
    _told: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def facts(self, rows: Sequence[int]) -> TargetFacts:
        """Return who and what stands behind some charge rows."""
        charges = self.usage.charges
        codes = charges.customers_of(rows)
        return TargetFacts(
            customer_codes=tuple(codes),
            customer_names=tuple(self.usage.decisions[code].customer.name for code in codes),
            skus=tuple(charges.skus_of(rows)),
            charge_nos=tuple(sorted(charges.charge_nos[row] for row in rows)),
            rows=tuple(rows),
        )

    def subject(self, target: int, facts: TargetFacts, line_id: str = "") -> dict[str, Any]:
        """Return the values by which a finding names a target."""
        contract = self.targets.contracts[self.targets.contract[target]]
        return {
            "customer": ", ".join(facts.customer_codes),
            "customer_name": ", ".join(facts.customer_names),
            "account": self.targets.accounts[self.targets.contract[target]].account_id,
            "contract": contract.contract_id,
            "contract_name": contract.name,
            "service": self.targets.services[self.targets.service[target]].name.strip(),
            "sku": ", ".join(facts.skus),
            "line": line_id,
        }

    def reason(self, target: int, facts: TargetFacts, total: Decimal, billed: Decimal) -> str:
        """Return one sentence: which usage, which rules, which mapping."""
        policy = self.inputs.settings.policy
        rules = self.inputs.charge_set.rules_source
        rounded = f", {policy.rounding.value} to {text_from_decimal(billed)}" if total != billed else ""
        count = len(facts.charge_nos)
        usage = (
            f"{text_from_decimal(total)} of {_listed(facts.skus)}{rounded}, used by {_listed(facts.customer_codes)} "
            f"(charge line{'s' if count > 1 else ''} {_listed([str(number) for number in facts.charge_nos])}"
            f"{', rules ' + rules if rules else ''})"
        )
        return f"{usage}; account and contract by {self._ways(target, facts)}; service by {self._services(facts)}."

    def _ways(self, target: int, facts: TargetFacts) -> str:
        contract = self.targets.contracts[self.targets.contract[target]]
        key = (contract.contract_id, *facts.customer_codes)
        if key not in self._told:
            hows = {
                way.how
                for code in facts.customer_codes
                for ways in self.usage.decisions[code].ways.values()
                for way in ways
                if contract in way.destination.contracts
            }
            self._told[key] = _listed(sorted(hows))
        return self._told[key]

    def _services(self, facts: TargetFacts) -> str:
        key = tuple({int(self.usage.routes.route[row]) for row in facts.rows})
        if key not in self._told:
            ways = self.usage.routes.ways
            self._told[key] = _listed(sorted({way.how for route in key for way in ways[route]}))
        return self._told[key]


def change_id(tenant: str, contract_id: str, subject_id: str, kind: ChangeKind) -> str:
    """Return the identity of a change: stable for a line (or a service to add) and kind, whatever the numbers."""
    canonical = "\n".join([tenant, contract_id, subject_id, kind.value])
    return hashlib.sha256(canonical.encode()).hexdigest()[:24]


def is_wanted(change: LineChange, only_lines: frozenset[str] | None) -> bool:
    """Whether a change may be part of a run that is restricted to some lines and changes."""
    return only_lines is None or change.line_id in only_lines or change.change_id in only_lines


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED_MAX} more" if len(texts) > _NAMED_MAX else ""
    return ", ".join(texts[:_NAMED_MAX]) + more
