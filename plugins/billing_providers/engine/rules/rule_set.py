"""Billing rules as values: what a rule is, when it is in force, and the digest that names a set of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from billing_providers.engine.rules.charge_lines import ChargeLines
from billing_providers.engine.rules.conditions import Condition
from billing_providers.engine.rules.usage_rows import UsageRows
from billing_providers.model.charges import RuleEffect
from billing_providers.model.periods import BillingPeriod

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Mask

Target = TypeVar("Target", UsageRows, ChargeLines)
Target_contra = TypeVar("Target_contra", contravariant=True)


class Action(Protocol[Target_contra]):
    """What a rule does to the usage rows, or to the charge lines, that it matches; it decides and explains."""

    @property
    def kind(self) -> str:
        """The action's key in the rules file."""

    def conditions(self) -> tuple[Condition, ...]:
        """Return what the action itself demands of a row, besides the rule's own conditions."""

    def apply(self, target: Target_contra, mask: Mask) -> Mask:
        """Do it to the masked rows; return the rows that were touched."""

    def explain(self, where: str) -> str:
        """Return one sentence; ``where`` is empty or begins with a blank."""

    def canonical(self) -> object:
        """Return the action as JSON, equal exactly for actions that do the same."""


@dataclass(frozen=True)
class Rule(Generic[Target]):
    """One billing rule.

    :param name: unique in its file; names the rule in outcomes and findings.
    :param conditions: all must hold; none: everything matches.
    :param valid_from: first day, ``valid_until``: last day; the rule is in force for periods that start between
        them. ``None`` is open.
    :param may_match_nothing: whether matching no row is worth no finding.
    """

    name: str
    conditions: tuple[Condition, ...]
    action: Action[Target]
    valid_from: date | None = None
    valid_until: date | None = None
    may_match_nothing: bool = False

    def in_force(self, period: BillingPeriod) -> bool:
        """Whether the rule is valid on the first day of a period."""
        return (self.valid_from is None or self.valid_from <= period.start) and (
            self.valid_until is None or period.start <= self.valid_until
        )

    def apply(self, target: Target) -> RuleEffect:
        """Apply the rule to usage rows, or to charge lines, in place; return what it did."""
        mask = target.open.copy()
        for condition in self._all_conditions():
            mask &= target.table.column(condition.field).where(condition.holds)
        before = target.total(mask)
        target.mark(self.action.apply(target, mask), self.name)
        left = mask & target.open
        effect = RuleEffect(
            rule=self.name,
            action=self.action.kind,
            rows_matched=int(mask.sum()),
            rows_excluded=int(mask.sum() - left.sum()),
            quantity_before=before,
            quantity_after=target.total(left),
            explanation=self.explain(),
        )
        target.settle()
        return effect

    def explain(self) -> str:
        """Return the rule as one sentence."""
        words = " and ".join(condition.explain() for condition in self._all_conditions())
        sentence = self.action.explain(f" where {words}" if words else "")
        if self.valid_from:
            sentence += f" From {self.valid_from}."
        if self.valid_until:
            sentence += f" Until {self.valid_until}."
        return sentence

    def canonical(self) -> object:
        """Return everything that the rule decides or writes into outcomes, as JSON."""
        return {
            "name": self.name,
            "conditions": sorted((condition.canonical() for condition in self.conditions), key=json.dumps),
            "action": [self.action.kind, self.action.canonical()],
            "valid": [str(self.valid_from or ""), str(self.valid_until or "")],
        }

    def _all_conditions(self) -> tuple[Condition, ...]:
        return (*self.conditions, *self.action.conditions())


@dataclass(frozen=True, slots=True)
class BillingRules:
    """The billing rules of one file, in order: first those of usage rows, then those of charge lines.

    ``digest`` names their content: it changes when a decision, a name or a reason does, not with comments,
    spacing or the way a number is written. ``origin`` is the file, for people.
    """

    origin: str
    row_rules: tuple[Rule[UsageRows], ...]
    line_rules: tuple[Rule[ChargeLines], ...]
    digest: str

    @classmethod
    def of(
        cls, origin: str, row_rules: tuple[Rule[UsageRows], ...], line_rules: tuple[Rule[ChargeLines], ...]
    ) -> BillingRules:
        """Return the rules with their digest."""
        content = [[rule.canonical() for rule in row_rules], [rule.canonical() for rule in line_rules]]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()
        return cls(origin, row_rules, line_rules, digest)

    @classmethod
    def none(cls) -> BillingRules:
        """Return the empty set: everything billable counts as it is."""
        return cls.of("", (), ())
