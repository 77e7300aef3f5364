"""What a billing rule can do to usage rows, before they are summed: exclude, set, rename_sku, multiply, count, unit.

Each action both does and explains. A row without a quantity stays without one, whatever its factors: nothing is
guessed here, and its customer is held in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from billing_providers.engine.rules.conditions import Condition, FieldType, OneOf, Unconditional, said, written
from billing_providers.engine.rules.exact import is_known, product, quotient
from billing_providers.engine.rules.usage_rows import TOTAL_OF, UsageRows
from billing_providers.model.decimals import text_from_decimal

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Mask

# What ``set`` may change, besides ``attributes``, which stay as evidence. Customers are joined in the mapping table,
# where a held one is seen; the period, the position and the bases are facts of the source.
SETTABLE_FIELDS: dict[str, FieldType] = {
    "billing_identifier": FieldType.TEXT,
    "sku": FieldType.TEXT,
    "description": FieldType.TEXT,
    "summary": FieldType.TEXT,
    "term": FieldType.TEXT,
    "billing_cycle": FieldType.TEXT,
    "item_id": FieldType.TEXT,
    "unit": FieldType.TEXT,
    "currency": FieldType.TEXT,
    "plan": FieldType.TEXT,
    "kind": FieldType.KIND,
    "billable": FieldType.FLAG,
    "quantity": FieldType.NUMBER,
    "unit_cost": FieldType.NUMBER,
    "unit_price": FieldType.NUMBER,
}


COUNT_BASES = ("assigned", "enabled", "total")


@dataclass(frozen=True, slots=True)
class Exclude(Unconditional):
    """The rows count for nothing. The first rule that excludes a row wins; later rules do not see it."""

    reason: str
    kind: ClassVar[str] = "exclude"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Close the rows with the reason."""
        rows.exclude(mask, self.reason)
        return mask

    def explain(self, where: str) -> str:
        """Say what is left out, and why."""
        return f"Leaves out usage{where}: {self.reason}."

    def canonical(self) -> object:
        """Return the reason."""
        return self.reason


@dataclass(frozen=True, slots=True)
class FieldCopy:
    """The value of another field of the same row; an absent text is empty."""

    field: str


@dataclass(frozen=True, slots=True)
class SetFields(Unconditional):
    """The rows get these values, or copies of other fields, in the order of the file."""

    values: tuple[tuple[str, Any], ...]
    kind: ClassVar[str] = "set"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Set the fields."""
        for name, value in self.values:
            column = rows.table.column(name)
            if not isinstance(value, FieldCopy):
                column.put(mask, value)
            elif SETTABLE_FIELDS[name] is FieldType.TEXT:
                column.copy(mask, rows.table.column(value.field), lambda text: "" if text is None else text)
            else:
                column.copy(mask, rows.table.column(value.field))
            if name in TOTAL_OF:  # a total that the source gives would win over the amount of one unit
                rows.table.column(TOTAL_OF[name]).put(mask, None)
        return mask

    def explain(self, where: str) -> str:
        """Say what is set."""
        settings = (
            f"{name} to {f'the value of {value.field}' if isinstance(value, FieldCopy) else said(value)}"
            for name, value in self.values
        )
        return f"Sets {', '.join(settings)} for usage{where}."

    def canonical(self) -> object:
        """Return fields and values, in order."""
        return [
            [name, {"field": value.field} if isinstance(value, FieldCopy) else written(value)]
            for name, value in self.values
        ]


@dataclass(frozen=True, slots=True)
class RenameSku(Unconditional):
    """The rows count under another SKU."""

    sku: str
    kind: ClassVar[str] = "rename_sku"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Set the SKU."""
        rows.table.column("sku").put(mask, self.sku)
        return mask

    def explain(self, where: str) -> str:
        """Say which."""
        return f"Counts usage{where} as SKU {said(self.sku)}."

    def canonical(self) -> object:
        """Return the SKU."""
        return self.sku


@dataclass(frozen=True, slots=True)
class Multiply(Unconditional):
    """The quantity of each row is multiplied, exactly."""

    factor: Decimal
    kind: ClassVar[str] = "multiply"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Multiply."""
        multiply(rows, mask, self.factor)
        return mask

    def explain(self, where: str) -> str:
        """Say by what."""
        return f"Multiplies the quantity of usage{where} by {text_from_decimal(self.factor)}."

    def canonical(self) -> object:
        """Return the factor."""
        return text_from_decimal(self.factor)


@dataclass(frozen=True, slots=True)
class Count(Unconditional):
    """The quantity of each row is one of its bases. A row that lacks the base has no quantity then."""

    basis: str
    kind: ClassVar[str] = "count"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Take the base as the quantity."""
        rows.table.column("quantity").copy(mask, rows.table.column(self.basis))
        return mask

    def explain(self, where: str) -> str:
        """Say which."""
        return f"Counts what is {self.basis if self.basis != 'total' else 'owned in total'} for usage{where}."

    def canonical(self) -> object:
        """Return the base."""
        return self.basis


@dataclass(frozen=True, slots=True)
class ConvertUnit:
    """The quantity of rows in one unit is given in another, exactly; what one unit costs follows, totals stay."""

    unit_from: str
    unit_to: str
    factor: Decimal
    kind: ClassVar[str] = "unit"

    def conditions(self) -> tuple[Condition, ...]:
        """Demand rows in the unit that is converted."""
        return (Condition("unit", (OneOf(frozenset([self.unit_from])),)),)

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Multiply, divide what one unit costs, and name the new unit."""
        multiply(rows, mask, self.factor)
        for name in TOTAL_OF:
            rows.table.column(name).change(
                mask, lambda amount: None if amount is None else quotient(amount, self.factor)
            )
        rows.table.column("unit").put(mask, self.unit_to)
        return mask

    def explain(self, where: str) -> str:
        """Say from what to what, and how many."""
        return (
            f"Converts {self.unit_from or 'units'} to {self.unit_to} "
            f"(times {text_from_decimal(self.factor)}) for usage{where}."
        )

    def canonical(self) -> object:
        """Return both units and the factor."""
        return [self.unit_from, self.unit_to, text_from_decimal(self.factor)]


def multiply(rows: UsageRows, mask: Mask, factor: Decimal) -> None:
    """Multiply the known quantities of the masked rows."""
    rows.table.column("quantity").change(
        mask, lambda quantity: product(quantity, factor) if is_known(quantity) else quantity
    )
