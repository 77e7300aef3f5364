"""Exact sums over the contract lines of one diff: over all, and by module, customer and service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_providers.engine.reconciliation.lines import BilledLine
from billing_providers.engine.usage_module import usage_module
from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, LineField, MatchedLine, parts_of
from billing_providers.model.decimals import EXACT
from billing_providers.model.run_totals import RunTotal, RunTotalBy
from billing_providers.model.seen_lines import SeenLine

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line before and after a diff. Before is None for a line that the diff adds or that was not seen."""

    before: SeenLine | None
    match: MatchedLine | None
    changes: Sequence[LineChange]

    @property
    def last(self) -> LineChange | None:
        """The change that counts: of several dated ones the last."""
        return self.changes[-1] if self.changes else None

    @property
    def quantity_after(self) -> Decimal | None:
        if self.last is not None:
            return _NOTHING if self.last.kind is ChangeKind.END_LINE else self.last.quantity_after
        return self.match.quantity if self.match else None

    def amounts(self) -> tuple[Decimal, Decimal] | None:
        """Return what it bills before and after; None when one of them is not known."""
        is_new = self.last is not None and self.last.kind is ChangeKind.ADD_LINE
        before = _NOTHING if is_new else self._amount_before()
        after = self._amount_after()
        return None if before is None or after is None else (before, after)

    def _amount_before(self) -> Decimal | None:
        seen = self.before
        return None if seen is None else _amount(seen.quantity, seen.unit_price, seen.included, seen.billable)

    def _amount_after(self) -> Decimal | None:
        price = self.before.unit_price if self.before else None
        included = self.before.included if self.before else None
        billable = self.before.billable if self.before else True
        for change in self.changes:
            price = change.unit_price
            told = next((field.after for field in change.fields if field.field is LineField.INCLUDED), None)
            included = included if told is None else Decimal(told or 0)
        return _amount(self.quantity_after, price, included, billable)

    def groups(self, source: str) -> Iterator[tuple[RunTotalBy, str, str]]:
        """Yield what the line is added up by: key and label."""
        place = self.last or self.before
        account, service = (self.match.account_id, self.match.service_id) if self.match else ("", "")
        account, service = (place.account_id, place.service_id) if place else (account, service)
        account_name, service_name = (place.account_name, place.service_name) if place else ("", "")
        yield RunTotalBy.ALL, "", ""
        yield RunTotalBy.CUSTOMER, account, account_name
        yield RunTotalBy.SERVICE, service or service_name, service_name
        module = self._module(source)
        yield RunTotalBy.MODULE, module, module

    def _module(self, source: str) -> str:
        if self.last is not None:
            return usage_module(self.last.customer_codes, self.last.skus, source)
        if self.match is None:
            return source
        return usage_module(parts_of(self.match.customer_code), parts_of(self.match.sku), source)


@dataclass(slots=True)
class _Sum:
    label: str
    lines: int = 0
    changes: int = 0
    held: int = 0
    quantity: Decimal = _NOTHING
    before: Decimal = _NOTHING
    after: Decimal = _NOTHING
    unpriced: int = 0

    def add(self, line: _Line, amounts: tuple[Decimal, Decimal] | None) -> None:
        self.lines += 1
        self.changes += bool(line.changes)
        self.held += any(change.held_by for change in line.changes)
        self.quantity = EXACT.add(self.quantity, line.quantity_after or _NOTHING)
        if amounts is None:
            self.unpriced += 1
            return
        self.before = EXACT.add(self.before, amounts[0])
        self.after = EXACT.add(self.after, amounts[1])


def run_totals(diff: ContractDiff, seen: Iterable[SeenLine], source: str) -> list[RunTotal]:
    """Return the totals of a diff, sorted by what they are of and their key. Nothing is rounded.

    Lines that no usage reaches and the diff does not change are left out: they are nobody's of this integration.

    :param seen: the lines that the plan of the diff saw.
    :param source: what the source is called, for usage without a module.
    """
    sums: dict[tuple[RunTotalBy, str], _Sum] = {(RunTotalBy.ALL, ""): _Sum("")}
    for line in _lines(diff, seen):
        amounts = line.amounts()
        for by, key, label in line.groups(source):
            kept = sums.get((by, key)) or sums.setdefault((by, key), _Sum(label))
            kept.add(line, amounts)
    return [
        RunTotal(by, key, held.label, held.lines, held.changes, held.held, held.quantity, held.before, held.after,
                 held.unpriced)
        for (by, key), held in sorted(sums.items(), key=lambda entry: entry[0])
    ]  # fmt: skip


def _lines(diff: ContractDiff, seen: Iterable[SeenLine]) -> Iterator[_Line]:
    matched = {line.line_id: line for line in diff.matched}
    changes: dict[str, list[LineChange]] = {}
    for change in sorted(diff.changes, key=lambda change: change.step):
        changes.setdefault(change.line_id or change.change_id, []).append(change)
    wanted = matched.keys() | changes.keys()
    before = {line.line_id: line for line in seen if line.line_id in wanted}
    for key in sorted(wanted):
        yield _Line(before.get(key), matched.get(key), changes.get(key, ()))


def _amount(
    quantity: Decimal | None, price: Decimal | None, included: Decimal | None, billable: bool
) -> Decimal | None:
    return BilledLine("", "", "", "", "", "", "", "", quantity, None, price, included, billable).amount
