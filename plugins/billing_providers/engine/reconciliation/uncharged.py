"""Lines that bill although nothing was charged for them, on contracts that usage or the register reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from billing_providers.engine.reconciliation.charged import Charged, Key
from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.engine.reconciliation.lines import BilledLine
from billing_providers.model.changes import ManagedLine, MatchedLine, parts_of
from billing_providers.model.reconciliation import Cause, ReconciledRow

ZERO = Decimal(0)


def uncharged_rows(
    lines: Iterable[BilledLine], charged: Mapping[Key, Charged], inputs: ReconcileInputs
) -> list[ReconciledRow]:
    """Return a row for each line that no charge reaches and that bills something, or did before the run."""
    managed = {line.line_id: line for line in inputs.managed}
    names = {row.key[0]: row.customer_name for row in charged.values()}
    known: list[MatchedLine | ManagedLine] = [*inputs.diff.matched, *inputs.managed]
    of_account = {line.account_id: parts_of(line.customer_code) for line in known}
    contracts = {line.contract_id for line in known} | {change.contract_id for change in inputs.diff.changes}
    currencies = {row.key[5] for row in charged.values()}
    currency = currencies.pop() if len(currencies) == 1 else ""
    rows = []
    for line in lines:
        own = managed.get(line.line_id)
        if line.contract_id not in contracts or (line.cause is None and not line.quantity):
            continue
        if inputs.scope.customers and not set(_customers(line, own, {})) <= set(inputs.scope.customers):
            continue
        customers = _customers(line, own, of_account)
        rows.append(_row(line, own, customers, ", ".join(names.get(code, code) for code in customers), currency))
    return rows


def _customers(
    line: BilledLine, managed: ManagedLine | None, of_account: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    if line.customers:
        return line.customers
    return parts_of(managed.customer_code) if managed is not None else of_account.get(line.account_id, ())


def _row(
    line: BilledLine, managed: ManagedLine | None, customers: tuple[str, ...], name: str, currency: str
) -> ReconciledRow:
    skus = line.skus or (parts_of(managed.sku) if managed is not None else ())
    quantity = line.quantity or ZERO
    cause = line.cause or (Cause.NOT_MANAGED if managed is None else Cause.NO_CHARGE)
    return ReconciledRow(
        customer_code=", ".join(customers),
        customer_name=name or line.account_name,
        sku=", ".join(skus),
        term="",
        billing_cycle=managed.billing_cycle if managed is not None else "",
        unit="",
        currency=currency,
        records=0,
        charged_quantity=ZERO,
        charged_cost=ZERO,
        carried_cost=ZERO,
        kept_quantity=ZERO,
        kept_cost=ZERO,
        dropped_quantity=ZERO,
        dropped_cost=ZERO,
        folded_quantity=ZERO,
        account_name=line.account_name,
        contract_name=line.contract_name,
        service_name=line.service_name,
        line_ids=(line.line_id,),
        billed_quantity=quantity,
        unit_cost=line.unit_cost,
        unit_price=line.unit_price,
        billed_cost=line.cost,
        billed_amount=line.amount,
        quantity_difference=quantity,
        cost_difference=line.cost,
        causes=(cause,),
        detail=line.detail,
        invoiced_quantity=line.invoiced,
        invoice=line.invoice,
    )
