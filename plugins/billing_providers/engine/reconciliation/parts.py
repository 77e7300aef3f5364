"""What of each line belongs to each row: a line that several rows share is split by what each brought, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billing_providers.engine.proration import allocate
from billing_providers.engine.reconciliation.charged import Charged, Key
from billing_providers.engine.reconciliation.lines import BilledLine
from billing_providers.model.decimals import EXACT

ZERO = Decimal(0)
_PLACES = 6


@dataclass(slots=True)
class Part:
    """A row's part of one line; ``cost``, ``amount`` and ``invoiced`` None: not known."""

    line: BilledLine
    quantity: Decimal
    cost: Decimal | None
    amount: Decimal | None
    invoiced: Decimal | None
    shared: bool


@dataclass(slots=True)
class Reached:
    """The parts of all rows, and the keys of the lines that any row reaches."""

    parts: dict[Key, list[Part]] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)


def parts_of_rows(
    rows: Mapping[Key, Charged], lines: Mapping[str, BilledLine], extra: Mapping[str, Mapping[Key, Decimal]]
) -> Reached:
    """Split every line over the rows that reach it.

    :param extra: lines that no charge reached and that bill for rows all the same, left alone or of an earlier period:
        line key → row → what it brought.
    """
    weights: dict[str, dict[Key, Decimal]] = {key: dict(of_rows) for key, of_rows in extra.items()}
    by_charge: dict[int, list[str]] = {}
    for key, line in lines.items():
        for number in line.charge_nos:
            by_charge.setdefault(number, []).append(key)
    for row_key, row in rows.items():
        for number, quantity in row.kept_by_charge.items():
            for key in by_charge.get(number, ()):
                of_line = weights.setdefault(key, {})
                of_line[row_key] = EXACT.add(of_line.get(row_key, ZERO), quantity)
    reached = Reached()
    for key in lines:
        if key in weights:
            reached.lines.add(key)
            _split(lines[key], weights[key], reached)
    return reached


def _split(line: BilledLine, weights: Mapping[Key, Decimal], reached: Reached) -> None:
    keys = sorted(weights)
    shares = [max(weights[key], ZERO) for key in keys]
    quantities = split_exactly(line.quantity or ZERO, shares)
    known = [_split_known(total, shares) for total in (line.cost, line.amount, line.invoiced)]
    for key, quantity, cost, amount, invoiced in zip(keys, quantities, *known, strict=True):
        part = Part(line, quantity, cost, amount, invoiced, shared=len(keys) > 1)
        reached.parts.setdefault(key, []).append(part)


def _split_known(total: Decimal | None, shares: Sequence[Decimal]) -> Sequence[Decimal | None]:
    return [None] * len(shares) if total is None else split_exactly(total, shares)


def split_exactly(total: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """Return parts of a total that sum to it exactly; of shares that are all zero the first takes it."""
    if len(shares) == 1:
        return [total]
    if not any(shares):
        return [total, *(ZERO for _ in shares[1:])]
    return allocate(total, shares, max(_PLACES, -int(total.as_tuple().exponent)))


def summed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the exact sum; None where one of them is not known."""
    result = ZERO
    for amount in amounts:
        if amount is None:
            return None
        result = EXACT.add(result, amount)
    return result
