"""The sums of one run over the contract lines that its usage reaches: what the dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class RunTotalBy(StrEnum):
    """What lines are added up by."""

    ALL = "all"
    MODULE = "module"  # of the source; the source itself where it has none
    CUSTOMER = "customer"  # the account of the PSA
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class RunTotal:
    """The sum of the lines of one module, customer or service.

    Amounts are of one whole period, in the PSA's own currency: contract lines tell none. They count what is billed:
    nothing for units that are included, nor for lines that the PSA puts on no invoice.

    :ivar group_key: module, account id or service id; empty: all.
    :ivar lines: lines that usage reaches, and lines that the diff changes.
    :ivar changes: of these the lines that the diff changes; ``held`` of them wait for a person.
    :ivar quantity: what they hold after the diff, held changes included; it means something by service alone.
    :ivar before: the known amounts before the diff; ``after`` those after it, held changes included.
    :ivar unpriced: lines whose amount before or after is not known; neither sum has them.
    """

    grouped_by: RunTotalBy
    group_key: str
    label: str
    lines: int
    changes: int
    held: int
    quantity: Decimal
    before: Decimal
    after: Decimal
    unpriced: int
