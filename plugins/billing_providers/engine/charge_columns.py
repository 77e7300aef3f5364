"""The charge lines as columns: who, what and how much, in codes and exact integers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing_providers.engine.columns import Array, Labels, labels_of, pairs_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class ChargeColumns:
    """Charge lines in order of ``charge_no``; row ``i`` of every column is the same charge line.

    ``article`` codes the distinct pairs of SKU and term, which decide the service; the term is the billing cycle
    where the source states no term. ``pattern`` codes the distinct pairs of term and billing cycle, of which a
    contract line may hold one.
    """

    frame: pd.DataFrame
    charge_nos: list[int]
    customer: Labels
    sku: Labels
    cycle: Labels
    article: Array
    articles: list[tuple[str, str]]
    pattern: Array
    patterns: list[str]

    def __len__(self) -> int:
        return len(self.article)

    def skus_of(self, rows: Iterable[int]) -> list[str]:
        """Return the SKUs of some rows, distinct and sorted."""
        return sorted({self.sku.labels[self.sku.codes[row]] for row in rows})

    def customers_of(self, rows: Iterable[int]) -> list[str]:
        """Return the customer codes of some rows, distinct and sorted."""
        return sorted({self.customer.labels[self.customer.codes[row]] for row in rows})


def charge_columns(charges: pd.DataFrame) -> ChargeColumns:
    """Return the columns of a frame of charge lines, whatever the order of its rows."""
    frame = charges
    if not charges["charge_no"].is_monotonic_increasing:
        frame = charges.sort_values("charge_no", kind="stable", ignore_index=True)
    customer, sku = labels_of(frame["customer_code"]), labels_of(frame["sku"])
    term, cycle = labels_of(frame["term"]), labels_of(frame["billing_cycle"])
    pattern, terms, cycles = pairs_of(term.codes, cycle.codes, max(len(cycle.labels), 1))
    named = [(term.labels[t], cycle.labels[c]) for t, c in zip(terms.tolist(), cycles.tolist(), strict=True)]
    effective = labels_of([named_term or named_cycle for named_term, named_cycle in named])
    article, skus, effective_terms = pairs_of(sku.codes, effective.codes[pattern], max(len(effective.labels), 1))
    return ChargeColumns(
        frame=frame,
        charge_nos=frame["charge_no"].tolist(),
        customer=customer,
        sku=sku,
        cycle=cycle,
        article=article,
        articles=[
            (sku.labels[s], effective.labels[t]) for s, t in zip(skus.tolist(), effective_terms.tolist(), strict=True)
        ],
        pattern=pattern,
        patterns=[" / ".join(part for part in pair if part) or "none" for pair in named],
    )
