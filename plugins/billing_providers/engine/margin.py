"""What a line leaves over: price less cost, where both are known. Exact; nothing is rounded and nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing_providers.model.changes import ContractDiff, LineChange, LineField
from billing_providers.model.decimals import EXACT


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins of the changes of a diff at the quantity after it.

    ``of`` is by change id, None where cost or price is not known. ``total`` sums the known ones of the lines as they
    end: of several steps of one line the last counts. ``lines`` and ``unknown`` count lines.
    """

    of: Mapping[str, Decimal | None]
    total: Decimal
    lines: int
    unknown: int


def margin(
    quantity: Decimal | None, unit_cost: Decimal | None, unit_price: Decimal | None, included: Decimal | None = None
) -> Decimal | None:
    """Return price times what is billed of a quantity, less cost times all of it; None where anything is not known.

    :param included: units of the quantity that are not billed; they cost all the same.
    """
    if quantity is None or unit_cost is None or unit_price is None:
        return None
    billed = max(EXACT.subtract(quantity, included or Decimal(0)), Decimal(0)) if quantity > 0 else quantity
    return EXACT.subtract(EXACT.multiply(unit_price, billed), EXACT.multiply(unit_cost, quantity))


def margins(diff: ContractDiff) -> Margins:
    """Return the margins of a diff's changes."""
    included = {line.line_id: line.included for line in diff.matched if line.included}
    found = {change.change_id: _of(change, included.get(change.line_id)) for change in diff.changes}
    last: dict[tuple[str, ...], LineChange] = {}
    for change in sorted(diff.changes, key=lambda change: change.step):
        key = (change.line_id,) if change.line_id else (change.contract_id, change.service_id)
        last[key] = change
    known = [amount for change in last.values() if (amount := found[change.change_id]) is not None]
    total = Decimal(0)
    for amount in known:
        total = EXACT.add(total, amount)
    return Margins(found, total, len(last), len(last) - len(known))


def _of(change: LineChange, included: Decimal | None) -> Decimal | None:
    told = next((field.after for field in change.fields if field.field is LineField.INCLUDED), None)
    return margin(
        change.quantity_after, change.unit_cost, change.unit_price, included if told is None else Decimal(told or 0)
    )
