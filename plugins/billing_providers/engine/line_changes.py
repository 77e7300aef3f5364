"""Turns a comparison into line changes and findings, for the lines that change or need a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.engine.change_words import ChangeWords, TargetFacts, change_id
from billing_providers.engine.columns import Array
from billing_providers.engine.diff import ADD, FINE, LINE_ENDED, OWNED, SCHEDULED, Comparison
from billing_providers.engine.dues import TERMS_DISAGREE, Dues
from billing_providers.engine.effective_dates import day_of_change
from billing_providers.engine.limited import ALIKE_MAX, limited
from billing_providers.engine.line_fields import AMOUNT_UNKNOWN, LineFields
from billing_providers.engine.live_lines import LiveLines
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding

UNCHANGED_MAX = 200


@dataclass(frozen=True, slots=True, eq=False)
class Drafts:
    """Line changes before guards, and the accounts whose planning failed (finding 136): nothing is done there."""

    changes: list[LineChange]
    failed_accounts: frozenset[str]
    findings: list[Finding]


@dataclass(slots=True, eq=False)
class _Draft:
    """A change in the making: charge rows, target, position of the line (None: to be added), and numbers."""

    rows: Sequence[int]
    target: int
    position: int | None
    total: Decimal  # exact sum of the usage
    billed: Decimal  # what it comes to once it is rounded
    before: Decimal | None
    after: Decimal  # differs from ``billed`` for the other lines of a service that is collapsed into one
    fields: tuple[FieldChange, ...]
    rises: bool


@dataclass(frozen=True, slots=True, eq=False)
class LineChanges:
    """Drafts the changes of one comparison."""

    words: ChangeWords
    dues: Dues
    wanted: LineFields
    compared: Comparison
    live: LiveLines
    effective: date

    def drafts(self) -> Drafts:
        """Return all changes, account by account, so that a failure in one stays there."""
        wanted: dict[str, list[_Draft]] = {}
        for draft in self._wanted():
            wanted.setdefault(self._account_id(draft.target), []).append(draft)
        changes: list[LineChange] = []
        findings: list[Finding] = []
        failed: set[str] = set()
        for account, drafts in wanted.items():
            try:
                changes += [self._change(draft) for draft in drafts]
            except Exception as error:  # law 10: one bad customer never stops the others
                failed.add(account)
                findings += self._failed(sorted({row for draft in drafts for row in draft.rows}), error)
        return Drafts(changes, frozenset(failed), findings)

    def _wanted(self) -> list[_Draft]:
        """Return what is to be changed or added, its numbers taken from the columns in one go."""
        import numpy as np

        assigned, scale = self.compared.assigned, self.words.usage.scale
        changed = np.nonzero(assigned.changed)[0]
        added = np.nonzero(self.compared.verdict == ADD)[0]
        target = np.concatenate([assigned.target[changed], added])
        rows = self.words.targets.rows_by_target(target.tolist())
        before = [
            number if known else None
            for number, known in zip(
                scale.decimals(assigned.before[changed]), assigned.known[changed].tolist(), strict=True
            )
        ]
        billed = scale.decimals(self.compared.after[target])
        fields = [assigned.fields.get(line, ()) for line in assigned.line[changed].tolist()]
        fields += [self.wanted.changes(number, {}) for number in added.tolist()]
        return [
            _Draft(rows[columns[0]], *columns)
            for columns in zip(
                target.tolist(),
                [*assigned.line[changed].tolist(), *(None for _ in added)],
                scale.decimals(self.words.targets.units[target]),
                billed,
                [*before, *(None for _ in added)],
                [*scale.decimals(assigned.after[changed]), *billed[len(changed) :]],
                fields,
                [*assigned.rises[changed].tolist(), *(True for _ in added)],
                strict=True,
            )
        ]

    def change_for(self, target: int, position: int) -> LineChange:
        """Return the change that would bring a line to what its target comes to, also where it holds that already."""
        scale = self.words.usage.scale
        rows = self.words.targets.rows_by_target([target])[target]
        total = scale.decimal(self.words.targets.units[target])
        billed = scale.decimal(self.compared.after[target])
        before = self.live.columns["quantity"][position]
        return self._change(_Draft(rows, target, position, total, billed, before, billed, (), rises=True))

    def findings(self) -> list[Finding]:
        """Return the findings about targets that were left alone, rounded, or found unchanged."""
        import numpy as np

        verdict, assigned = self.compared.verdict, self.compared.assigned
        rounded = np.nonzero((self.compared.after != self.dues.units) & ((verdict == FINE) | (verdict == ADD)))[0]
        unchanged = assigned.target[~assigned.changed][:UNCHANGED_MAX]
        findings = self._told(rounded, self._rounded) + self._told(unchanged, self._unchanged)
        for number in sorted(set(verdict[verdict > 0].tolist())):
            findings += self._told(np.nonzero(verdict == number)[0], self._left_alone)
        return findings

    def _told(self, targets: Array, word: Callable[[int, TargetFacts], Finding]) -> list[Finding]:
        rows = self.words.targets.rows_by_target(targets[:ALIKE_MAX].tolist())
        facts = {target: self.words.facts(of_target) for target, of_target in rows.items()}
        return limited(targets.tolist(), lambda target: word(target, facts[target]), self.words.inputs.voice)

    def _change(self, draft: _Draft) -> LineChange:
        words, targets, target = self.words, self.words.targets, draft.target
        facts = words.facts(draft.rows)
        contract, service = targets.contracts[targets.contract[target]], targets.services[targets.service[target]]
        account = targets.accounts[targets.contract[target]]
        reason = words.reason(target, facts, draft.total, draft.billed)
        at, live = draft.position, self.live.columns
        if draft.after != draft.billed:
            first = self.live.ids[self.compared.lines_of(target)[0]]
            reason = f"The contract has several open lines for the service; line {first} takes the total. {reason}"
        kind = ChangeKind.SET_FIELDS if draft.before == draft.after else ChangeKind.SET_QUANTITY
        kind = ChangeKind.ADD_LINE if at is None else kind
        line_id = "" if at is None else self.live.ids[at]
        unit_cost = service.unit_cost if at is None else live["unit_cost"][at]
        unit_price = service.unit_price if at is None else live["unit_price"][at]
        return LineChange(
            change_id=change_id(words.inputs.scope.tenant, contract.contract_id, line_id or service.service_id, kind),
            kind=kind,
            customer_codes=facts.customer_codes,
            customer_names=facts.customer_names,
            account_id=account.account_id,
            account_name=account.name,
            contract_id=contract.contract_id,
            contract_name=contract.name,
            service_id=service.service_id,
            service_name=service.name.strip(),
            line_id=line_id,
            skus=facts.skus,
            quantity_before=draft.before,
            quantity_after=draft.after,
            unit_cost=_set(draft.fields, LineField.UNIT_COST, unit_cost),
            unit_price=_set(draft.fields, LineField.UNIT_PRICE, unit_price),
            effective_date=self._effective(draft, facts),
            line_version="" if at is None else live["version"][at],
            reason=reason,
            charge_nos=facts.charge_nos,
            fields=draft.fields,
        )

    def _effective(self, draft: _Draft, facts: TargetFacts) -> date:
        days = self.live.up if draft.rises else self.live.down
        if days is None or draft.position is None:
            return day_of_change(self.words.inputs, facts.customer_codes, facts.skus)
        return days[draft.position]

    def _left_alone(self, target: int, facts: TargetFacts) -> Finding:
        inputs, targets, scale = self.words.inputs, self.words.targets, self.words.usage.scale
        number = int(self.compared.verdict[target])
        values = self.words.subject(target, facts)
        if number == 105:
            patterns = self.words.usage.charges
            values["terms"] = ", ".join(sorted({patterns.patterns[patterns.pattern[row]] for row in facts.rows}))
        elif number in {106, 143, LINE_ENDED}:
            values["quantity"] = text_from_decimal(scale.decimal(targets.units[target]))
        elif number in {AMOUNT_UNKNOWN, TERMS_DISAGREE}:
            values["why"] = {**self.wanted.faults, **self.dues.faults}[target][1]
        if number == AMOUNT_UNKNOWN:
            values |= {"mode": self.dues.terms[target].mode.value, "where": self.dues.terms[target].where}
        elif number in {LINE_ENDED, OWNED}:
            values["end" if number == LINE_ENDED else "owner"] = self.compared.aside[target][1]
        elif number == SCHEDULED:
            values |= self._scheduled(target)
        elif number == 104:
            lines = [self.live.line(position) for position in self.compared.lines_of(target)]
            values["count"] = len(lines)
            values["candidates"] = ", ".join(f"line {line.line_id} with {_told(line.quantity)}" for line in lines)
        return inputs.voice.finding(number, **values)

    def _scheduled(self, target: int) -> dict[str, Any]:
        """Return which quantities a line has by now and later, which no single change brings to the usage."""
        live, scale = self.live, self.words.usage.scale
        at = self.compared.lines_of(target)[0]
        return {
            "quantity": text_from_decimal(scale.decimal(self.compared.after[target])),
            "now": f"{_told(live.rising[at])} from {live.up[at] if live.up else self.effective}",
            "later": f"{_told(live.falling[at])} from {live.down[at] if live.down else self.effective}",
        }

    def _rounded(self, target: int, facts: TargetFacts) -> Finding:
        scale = self.words.usage.scale
        return self.words.inputs.voice.finding(
            131,
            **self.words.subject(target, facts),
            quantity=text_from_decimal(scale.decimal(self.dues.units[target])),
            after=text_from_decimal(scale.decimal(self.compared.after[target])),
            rule=self.words.inputs.settings.policy.rounding.value,
        )

    def _unchanged(self, target: int, facts: TargetFacts) -> Finding:
        return self.words.inputs.voice.finding(4, **self.words.subject(target, facts))

    def _failed(self, rows: Sequence[int], error: Exception) -> list[Finding]:
        decisions = self.words.usage.decisions
        return [
            self.words.inputs.voice.finding(
                136, customer=code, customer_name=decisions[code].customer.name, error=repr(error)
            )
            for code in self.words.usage.charges.customers_of(rows)
        ]

    def _account_id(self, target: int) -> str:
        contract: int = self.words.targets.contract[target]
        return self.words.targets.accounts[contract].account_id


def _set(fields: Sequence[FieldChange], name: LineField, otherwise: Decimal | None) -> Decimal | None:
    """Return what a money field holds after the change."""
    return next((Decimal(change.after) for change in fields if change.field is name), otherwise)


def _told(quantity: Decimal | None) -> str:
    return "an unknown quantity" if quantity is None else text_from_decimal(quantity)
