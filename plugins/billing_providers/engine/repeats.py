"""Whether the usage of a period is a stale copy of the period before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from billing_providers.model.usage import UsageRecord

if TYPE_CHECKING:
    import pandas as pd

FIGURES_MIN = 3  # so many figures other than zero do not agree by chance

_Figure = tuple[str, str, str, Decimal | None]


def repeats(records: Iterable[UsageRecord], before: pd.DataFrame) -> bool:
    """Whether every figure equals one of the period before, for the same customer, SKU and item, and none is left over.

    :param before: frame of :class:`~billing_providers.model.usage.UsageRecord`.
    """
    now = Counter((record.customer_code, record.sku, record.item_id, record.quantity) for record in records)
    columns = (before[name].tolist() for name in ("customer_code", "sku", "item_id", "quantity"))
    then: Counter[_Figure] = Counter(zip(*columns, strict=True))
    return now == then and sum(bool(figure[3]) for figure in now) >= FIGURES_MIN
