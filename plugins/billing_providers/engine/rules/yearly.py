"""Charges for a year (or what is left of it): billed once on their first day, or spread over the months they cover.

A charge says which days it covers; it is read in every period that those days touch. So a period decides by itself
what is due in it, nothing has to be remembered, and however periods are cut nothing is due twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from billing_providers.engine.proration import AnnualBilling, allocate, months_after
from billing_providers.engine.rules.columns import Column
from billing_providers.engine.rules.conditions import Unconditional
from billing_providers.engine.rules.exact import quotient
from billing_providers.engine.rules.usage_rows import TOTAL_OF, UsageRows

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Mask

_CENTS = 2
_MONTHS = Decimal(12)  # what one unit costs is told for a year, also in a charge for what is left of one


@dataclass(frozen=True, slots=True)
class Yearly(Unconditional):
    """The rows count for what of their term is due in the period.

    :param billing_before: how terms are billed that began before ``changed_on``: each is billed to its end as it began.
    """

    billing: AnnualBilling
    billing_before: AnnualBilling | None = None
    changed_on: date | None = None
    kind: ClassVar[str] = "yearly"

    def apply(self, rows: UsageRows, mask: Mask) -> Mask:
        """Count what is due. A row that does not tell the days of its term has no quantity, and holds its customer."""
        import numpy as np

        names = ("quantity", *TOTAL_OF, *TOTAL_OF.values())
        columns = {name: rows.table.column(name).objects() for name in names}
        begins, ends = (rows.table.objects(name) for name in ("covers_from", "covers_until"))
        for row in np.flatnonzero(mask).tolist():
            start, end = begins[row], ends[row]
            if start is None or end is None or start >= end:
                columns["quantity"][row] = None
                continue
            billing = self._billing_of(start)
            due = [number for number, day in enumerate(_days(start, end, billing)) if rows.period.contains(day)]
            if billing is AnnualBilling.ANNIVERSARY and not due and columns["quantity"][row] is not None:
                columns["quantity"][row] = Decimal(0)
            for name, total in TOTAL_OF.items():
                if billing is AnnualBilling.SPREAD and columns[name][row] is not None:
                    columns[name][row] = quotient(columns[name][row], _MONTHS)
                columns[total][row] = _part(columns[total][row], len(list(_days(start, end, billing))), due)
        for name, objects in columns.items():
            rows.table.columns[name] = Column.of(objects)
        return mask

    def _billing_of(self, start: date) -> AnnualBilling:
        if self.billing_before is not None and self.changed_on is not None and start < self.changed_on:
            return self.billing_before
        return self.billing

    def explain(self, where: str) -> str:
        """Say when a year is billed."""
        words = {
            AnnualBilling.ANNIVERSARY: "once, in the period in which it begins",
            AnnualBilling.SPREAD: "in each period that it covers, with a part of the amount",
        }
        changed = ""
        if self.billing_before is not None:
            changed = f" What began before {self.changed_on} is billed {words[self.billing_before]}."
        return f"Counts usage{where} {words[self.billing]}.{changed}"

    def canonical(self) -> object:
        """Return how, and since when."""
        before = self.billing_before.value if self.billing_before is not None else ""
        return [self.billing.value, before, str(self.changed_on or "")]


def _days(start: date, end: date, billing: AnnualBilling) -> Iterator[date]:
    """Yield the days on which a part is due: the first alone, or that day of each month."""
    yield start
    month = 1
    while billing is AnnualBilling.SPREAD and (day := months_after(start, month)) < end:
        yield day
        month += 1


def _part(amount: Any, parts: int, due: list[int]) -> Decimal | None:
    """Return what of an amount is due; the parts of all periods sum to it exactly."""
    if amount is None:
        return None
    places = max(_CENTS, -int(amount.as_tuple().exponent))
    shares = allocate(amount, [1] * parts, places)
    return sum((shares[number] for number in due), Decimal(0))
