"""What was invoiced against what the run left: each line's quantity on the last invoice of its contract.

A PSA that prints no quantities on invoices (ConnectWise) tells which invoice it was, and nothing is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from billing_providers.engine.reconciliation.lines import BilledLine
from billing_providers.engine.reconciliation.parts import split_exactly, summed
from billing_providers.model.psa import InvoicedLine

ZERO = Decimal(0)


def note_invoices(lines: Mapping[str, BilledLine], invoiced: Iterable[InvoicedLine]) -> None:
    """Note on each line what the last invoice of its contract bills of its service.

    Several lines of one service share its quantity by what they hold. A service that the invoice does not name was
    invoiced with zero, unless it names none of the contract's services: then its words are others.
    """
    of_contract = _last_invoices(invoiced)
    groups: dict[str, dict[str, list[BilledLine]]] = {}
    for line in lines.values():
        groups.setdefault(line.contract_id, {}).setdefault(line.service_name.strip(), []).append(line)
    for contract_id, invoice in of_contract.items():
        services = groups.get(contract_id, {})
        names = {row.name.strip() for row in invoice}
        comparable = bool(names & services.keys())
        for service, of_service in services.items():
            told = [row.quantity for row in invoice if row.name.strip() == service]
            _note(of_service, summed(told) if comparable else None, invoice[0])


def _last_invoices(invoiced: Iterable[InvoicedLine]) -> dict[str, list[InvoicedLine]]:
    """Return the lines of the last invoice day of each contract; of one day all invoices count."""
    last: dict[str, list[InvoicedLine]] = {}
    for row in sorted(invoiced, key=lambda row: (_day(row), row.invoice_number)):
        if not row.contract_id:
            continue
        known = last.get(row.contract_id, [])
        last[row.contract_id] = [*known, row] if known and _day(known[0]) == _day(row) else [row]
    return last


def _note(lines: Sequence[BilledLine], quantity: Decimal | None, invoice: InvoicedLine) -> None:
    words = f"{invoice.invoice_number} of {invoice.invoice_date}" if invoice.invoice_date else invoice.invoice_number
    shares = (
        split_exactly(quantity, [max(line.quantity or ZERO, ZERO) for line in lines]) if quantity is not None else []
    )
    for number, line in enumerate(lines):
        line.invoice = words
        line.invoiced = shares[number] if shares else None


def _day(row: InvoicedLine) -> date:
    return row.invoice_date or date.min
