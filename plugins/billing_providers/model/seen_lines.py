"""The contract lines that a plan saw: what the PSA billed before a run, whether usage reaches it or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SeenLine:
    """One open line of a contract that a run looked at, as it was when the diff was made.

    ``quantity`` is that of the first day that was asked for, None where the PSA does not let it be read; costs and
    prices are of one unit, None where it tells none. ``included`` units of the quantity are not billed.
    """

    line_id: str
    contract_id: str
    contract_name: str
    account_id: str
    account_name: str
    service_id: str
    service_name: str
    quantity: Decimal | None
    unit_cost: Decimal | None
    unit_price: Decimal | None
    included: Decimal | None
    last_day: date | None
    billable: bool
