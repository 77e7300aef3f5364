"""The reconciliation report of a run. The page to read first.

1. *Charged*: usage records are summed as the source told them, with what the rules made of each.
2. *Billed*: every line that the run saw, at what it holds afterwards: by what was read back, else by the diff.
3. *Parts*: each line is split over the rows whose charges reached it. A charge that reaches none says why, and takes
   the line along that was left alone, or that the product set for the same customer and SKU before.
4. *Causes*: what differs is explained from a closed list.
5. Lines of the same contracts that no charge reaches are rows of their own.
6. *Proof*: the rows' charged costs are those of the records, customer by customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from billing_providers.engine.reconciliation.causes import Differences, causes_of
from billing_providers.engine.reconciliation.charged import Charged, Key, charged_rows, charges_changed
from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.engine.reconciliation.invoices import note_invoices
from billing_providers.engine.reconciliation.lines import BilledLine, lines_after
from billing_providers.engine.reconciliation.parts import Part, parts_of_rows, summed
from billing_providers.engine.reconciliation.totals import mismatches, totals_of
from billing_providers.engine.reconciliation.uncharged import uncharged_rows
from billing_providers.engine.reconciliation.unplaced import WhyNot, unplaced
from billing_providers.model.changes import parts_of
from billing_providers.model.decimals import EXACT
from billing_providers.model.reconciliation import Cause, ReconciledRow, Reconciliation

ZERO = Decimal(0)
Extra = dict[str, dict[Key, Decimal]]


def reconcile(inputs: ReconcileInputs) -> Reconciliation:
    """Return the report: rows by customer and SKU, lines without a charge after those of their customer."""
    charged = charged_rows(inputs)
    quantities = charges_changed(inputs, charged)
    lines = lines_after(inputs)
    note_invoices(lines, inputs.invoiced or ())
    why_not, extra = _without_line(inputs, charged, lines)
    reached = parts_of_rows(charged, lines, extra)
    rows = [
        _row(row, reached.parts.get(key, []), why_not.get(key, []), quantities=quantities, inputs=inputs)
        for key, row in charged.items()
    ]
    rest = [line for key, line in lines.items() if key not in reached.lines]
    rows += uncharged_rows(rest, charged, inputs)
    rows.sort(key=lambda row: (row.customer_code, not row.records, row.sku, row.term, row.billing_cycle, row.line_ids))
    return Reconciliation(tuple(rows), tuple(totals_of(rows)), tuple(mismatches(inputs, rows)))


def _without_line(
    inputs: ReconcileInputs, charged: Mapping[Key, Charged], lines: Mapping[str, BilledLine]
) -> tuple[dict[Key, list[WhyNot]], Extra]:
    """Return why charges reach no line, by row, and the lines that bill for them all the same."""
    placed = {number for line in lines.values() for number in line.charge_nos}
    said = unplaced(inputs)
    names = ("charge_no", "customer_code", "sku", "term", "billing_cycle", "quantity")
    columns = (inputs.charges[name].tolist() for name in names)
    about = {
        number: (code, sku, term or cycle, of) for number, code, sku, term, cycle, of in zip(*columns, strict=True)
    }
    beside = _Beside(inputs, lines)
    why_not: dict[Key, list[WhyNot]] = {}
    extra: Extra = {}
    for key, row in charged.items():
        for number in sorted(row.kept_by_charge.keys() - placed):
            code, sku, term, quantity = about[number]
            why = said.why(code, sku, term, quantity)
            why_not.setdefault(key, []).append(why)
            for line in beside.lines(code, sku, why):
                of_line = extra.setdefault(line, {})
                of_line[key] = EXACT.add(of_line.get(key, ZERO), row.kept_by_charge[number])
    return why_not, extra


class _Beside:
    """Lines that no charge reached, by what they are for."""

    def __init__(self, inputs: ReconcileInputs, lines: Mapping[str, BilledLine]) -> None:
        free = {key: line for key, line in lines.items() if not line.charge_nos}
        self._by_service: dict[tuple[str, str], list[str]] = {}
        for key, line in free.items():
            self._by_service.setdefault((line.contract_id, line.service_name), []).append(key)
        self._by_sku: dict[tuple[str, str], list[str]] = {}
        for managed in inputs.managed:
            for code in parts_of(managed.customer_code) if managed.line_id in free else ():
                for sku in parts_of(managed.sku):
                    self._by_sku.setdefault((code, sku), []).append(managed.line_id)

    def lines(self, customer: str, sku: str, why: WhyNot) -> list[str]:
        """Return the line that was left alone, else those that were set for the customer and SKU before."""
        alone = why.cause is Cause.LEFT_ALONE
        left_alone = self._by_service.get((why.contract_id, why.service_name), []) if alone else []
        return left_alone or self._by_sku.get((customer, sku), [])


def _row(
    row: Charged,
    parts: Sequence[Part],
    why_not: Sequence[WhyNot],
    *,
    quantities: Mapping[int, Decimal],
    inputs: ReconcileInputs,
) -> ReconciledRow:
    billed = summed(part.quantity for part in parts) or ZERO
    cost, amount = summed(part.cost for part in parts), summed(part.amount for part in parts)
    told = row.kept_quantity if row.converted else row.quantity
    differences = Differences(_less(billed, told), _less(cost, row.cost))
    causes = causes_of(row, parts, why_not, differences, quantities=quantities, terms=inputs.terms)
    code, sku, term, cycle, unit, currency = row.key
    lines = [part.line for part in parts]
    return ReconciledRow(
        customer_code=code,
        customer_name=row.customer_name,
        sku=sku,
        term=term,
        billing_cycle=cycle,
        unit=unit,
        currency=currency,
        records=row.records,
        charged_quantity=row.quantity,
        charged_cost=row.cost,
        carried_cost=row.carried_cost,
        kept_quantity=row.kept_quantity,
        kept_cost=row.kept_cost,
        dropped_quantity=row.dropped_quantity,
        dropped_cost=row.dropped_cost,
        folded_quantity=row.folded,
        account_name=_joined(line.account_name for line in lines),
        contract_name=_joined(line.contract_name for line in lines),
        service_name=_joined(line.service_name for line in lines),
        line_ids=tuple(line.line_id or "new" for line in lines),
        billed_quantity=billed,
        unit_cost=_same([line.unit_cost for line in lines]),
        unit_price=_same([line.unit_price for line in lines]),
        billed_cost=cost,
        billed_amount=amount,
        quantity_difference=differences.quantity,
        cost_difference=differences.cost,
        causes=tuple(causes),
        detail="; ".join(word for words in causes.values() for word in words),
        invoiced_quantity=summed(part.invoiced for part in parts) if parts else None,
        invoice=_joined(line.invoice for line in lines),
    )


def _less(billed: Decimal | None, charged: Decimal | None) -> Decimal | None:
    return None if billed is None or charged is None else EXACT.subtract(billed, charged)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))


def _same(amounts: Sequence[Decimal | None]) -> Decimal | None:
    return amounts[0] if amounts and len(set(amounts)) == 1 else None
