"""What targets want besides a quantity: unit cost, unit price, included volume and invoice text, by the line terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from billing_providers.engine.change_words import ChangeWords, TargetFacts
from billing_providers.engine.columns import plain
from billing_providers.engine.dues import Dues
from billing_providers.engine.line_terms import LineMode, LineTerms, PriceMode
from billing_providers.model.changes import FieldChange, LineField
from billing_providers.model.decimals import EXACT, round_decimal, text_from_decimal

AMOUNT_UNKNOWN = 168
# Wide enough that rounding to the places that are wanted happens once: no quotient of ours has as many digits.
_WIDE = Context(prec=80, rounding=ROUND_HALF_UP)

Wanted = dict[LineField, str]


class _Unknown(Exception):
    """An amount is not known; never leaves this module. Says why."""


@dataclass(frozen=True, slots=True, eq=False)
class LineFields:
    """Wanted fields by target, and the targets whose amounts are not known (a finding's number and why)."""

    wanted: dict[int, Wanted]
    faults: dict[int, tuple[int, str]]

    def changes(self, target: int, live: dict[LineField, str | None]) -> tuple[FieldChange, ...]:
        """Return what differs from the line's fields as they are; an empty one counts as absent."""
        return tuple(
            FieldChange(name, live.get(name), text)
            for name, text in sorted(self.wanted.get(target, {}).items())
            if (live.get(name) or "") != text and not (_is_zero(text) and live.get(name) is None)
        )


def line_fields(words: ChangeWords, dues: Dues) -> LineFields:
    """Return what every target with terms wants."""
    chosen = {target: terms for target, terms in dues.terms.items() if terms.sets}
    found = LineFields({}, {})
    if not chosen:
        return found
    import numpy as np

    counted = np.bincount(words.targets.row, minlength=len(words.usage.charges))
    for target, rows in words.targets.rows_by_target(chosen).items():
        try:
            split = bool((counted[rows] > 1).any())
            found.wanted[target] = _Want(words, dues, target, chosen[target], rows, split).fields()
        except _Unknown as why:
            found.faults[target] = (AMOUNT_UNKNOWN, str(why))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Want:
    """One target with its terms and the charge rows behind it; ``split``: a row goes to other targets as well."""

    words: ChangeWords
    dues: Dues
    target: int
    terms: LineTerms
    rows: Sequence[int]
    split: bool

    def fields(self) -> Wanted:
        terms, wanted = self.terms, {}
        if LineField.INCLUDED in terms.sets:
            wanted[LineField.INCLUDED] = text_from_decimal(terms.included or Decimal(0))
        if self.quantity:
            cost = None if terms.mode is LineMode.QUANTITY_ONLY else self._unit("total_cost", "unit_cost")
            if cost is not None:
                wanted[LineField.UNIT_COST] = text_from_decimal(cost)
            price = self._price(cost)
            if price is not None:
                wanted[LineField.UNIT_PRICE] = text_from_decimal(price)
        if terms.text is not None:
            wanted[LineField.INVOICE_TEXT] = self._text()
        return wanted

    @property
    def quantity(self) -> Decimal:
        """What the line bills, rounded; without any, costs and prices are left as they are."""
        return self.words.usage.scale.decimal(self.dues.after[self.target])

    def _price(self, cost: Decimal | None) -> Decimal | None:
        terms = self.terms
        if terms.price is PriceMode.LIST and terms.list_price is not None:
            return plain(terms.list_price)
        if terms.price is PriceMode.SOURCE:
            return self._unit("total_price", "unit_price")
        if terms.price is PriceMode.COST_PLUS and cost is not None:
            factor = EXACT.add(Decimal(1), EXACT.divide(terms.markup, Decimal(100)))
            return plain(round_decimal(EXACT.multiply(cost, factor), terms.places))
        return None

    def _unit(self, total_name: str, unit_name: str) -> Decimal:
        """Return an amount per unit of the line: as told, the total for quantity one, or the total by the quantity."""
        if self.terms.mode is LineMode.UNIT_COST:
            return self._told_unit(unit_name)
        total = self._total(total_name, unit_name)
        if total < 0:
            raise _Unknown(f"the {total_name.replace('_', ' ')} {text_from_decimal(total)} is below zero")
        return plain(round_decimal(_WIDE.divide(total, self.quantity), self.terms.places))

    def _told_unit(self, unit_name: str) -> Decimal:
        """Return what the source says that one unit costs; charges that disagree have no such amount."""
        self._one_currency()
        frame, what = self.words.usage.charges.frame, unit_name.replace("_", " ")
        told: set[Decimal] = set()
        for row in self.rows:
            unit: Any = frame[unit_name].iat[row]
            if unit is None:
                number = frame["charge_no"].iat[row]
                raise _Unknown(f"charge line {number} ({frame['sku'].iat[row]}) tells no {what}, or several")
            told.add(plain(unit))
        if len(told) > 1:
            raise _Unknown(f"its charges tell several amounts as {what} ({', '.join(map(str, sorted(told)))})")
        if (amount := told.pop()) < 0:
            raise _Unknown(f"the {what} {text_from_decimal(amount)} is below zero")
        return plain(round_decimal(amount, self.terms.places))

    def _one_currency(self) -> None:
        frame = self.words.usage.charges.frame
        currencies = {str(frame["currency"].iat[row] or "").strip() for row in self.rows}
        if len(currencies) > 1:
            raise _Unknown(f"its usage comes in several currencies ({', '.join(sorted(currencies))})")

    def _total(self, total_name: str, unit_name: str) -> Decimal:
        frame = self.words.usage.charges.frame
        what = total_name.replace("_", " ")
        if self.split:
            raise _Unknown(f"its usage is split over several lines, so the {what} of each is not known")
        self._one_currency()
        total = Decimal(0)
        for row in self.rows:
            amount: Any
            unit: Any
            amount, unit = frame[total_name].iat[row], frame[unit_name].iat[row]
            if amount is None and unit is not None:
                amount = EXACT.multiply(unit, self._quantity_of(row))
            if amount is None:
                number = frame["charge_no"].iat[row]
                raise _Unknown(f"charge line {number} ({frame['sku'].iat[row]}) tells no {what}")
            total = EXACT.add(total, amount)
        return total

    def _quantity_of(self, row: int) -> Decimal:
        quantity: Any = self.words.usage.charges.frame["quantity"].iat[row]
        return Decimal(quantity)

    def _text(self) -> str:
        words, target, text = self.words, self.target, self.terms.text
        service = words.targets.services[int(words.targets.service[target])]
        if text is None or text.is_products:
            return service.invoice_text
        return text.filled(self._values(words.facts(self.rows)))

    def _values(self, facts: TargetFacts) -> dict[str, str]:
        words, period = self.words, self.words.inputs.scope.period
        subject = words.subject(self.target, facts)
        frame, scale = words.usage.charges.frame, words.usage.scale
        included = self.terms.included or Decimal(0)
        sent_apart = LineField.INCLUDED in self.terms.sets
        billed = max(EXACT.subtract(self.quantity, included), Decimal(0)) if sent_apart else self.quantity
        try:
            cost = text_from_decimal(self._total("total_cost", "unit_cost"))
        except _Unknown:
            cost = ""
        return {
            "account": words.targets.accounts[int(words.targets.contract[self.target])].name,
            "billed": text_from_decimal(billed),
            "contract": subject["contract_name"],
            "customer": subject["customer_name"],
            "customer_code": subject["customer"],
            "included": text_from_decimal(included),
            "month": f"{period.last_day.month:02d}",
            "period_end": period.last_day.isoformat(),
            "period_start": period.start.isoformat(),
            "quantity": text_from_decimal(self.quantity),
            "service": subject["service"],
            "sku": subject["sku"],
            "total_cost": cost,
            "unit": ", ".join(sorted({str(frame["unit"].iat[row] or "") for row in self.rows} - {""})),
            "usage": text_from_decimal(scale.decimal(words.targets.units[self.target])),
            "year": str(period.last_day.year),
        }


def _is_zero(text: str) -> bool:
    return text == "0"
