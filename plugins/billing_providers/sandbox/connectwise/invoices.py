"""Invoices: made on demand from the additions as they are. They hold an amount and no quantities, as in the PSA."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.connectwise import shapes
from billing_providers.sandbox.connectwise.live import LiveAgreement
from billing_providers.sandbox.connectwise.state import CwState

_FIRST_NUMBER = 40001
_DUE_AFTER = timedelta(days=30)


def make_invoices(state: CwState, start: date, last_day: date) -> list[dict[str, Any]]:
    """Invoice a period: one invoice per active agreement with a billing cycle that is in force and not yet invoiced.

    Dated on the day after the period, which is then the agreement's next invoice date (assumed: billed in arrears).
    Prorated amounts are not simulated.

    :raises ValueError: when the period ends before it starts.
    """
    if last_day < start:
        raise ValueError("the period ends before it starts")
    made = []
    for live in sorted(state.agreements.values(), key=lambda entry: entry.facts.agreement_id):
        invoiced = live.next_invoice is not None and live.next_invoice > last_day
        if live.facts.cycle_id is None or invoiced or not live.in_force(start, last_day):
            continue
        amount = sum(
            (
                addition.price_total
                for addition in state.additions_of(live.facts.agreement_id)
                if addition.billed_within(start, last_day)
            ),
            Decimal(0),
        )
        made.append(_invoice(state, live, amount, last_day + timedelta(days=1)))
    return made


def _invoice(state: CwState, live: LiveAgreement, amount: Decimal, dated: date) -> dict[str, Any]:
    number = _FIRST_NUMBER + len(state.invoices)
    company = shapes.company_reference(state.companies[live.facts.company_id])
    kind = state.types.get(live.facts.type_id)
    invoice = shapes.record(
        "Invoice",
        id=number,
        invoiceNumber=str(number),
        type="Agreement",
        status={"id": 1, "name": "New", "isClosed": False, "_info": {}},
        company=company,
        billToCompany=company,
        applyToType="Agreement",
        applyToId=live.facts.agreement_id,
        date=shapes.day_text(dated),
        dueDate=shapes.day_text(dated + _DUE_AFTER),
        agreementAmount=amount,
        subtotal=amount,
        salesTax=0,
        total=amount,
        payments=0,
        credits=0,
        balance=amount,
        agreement={
            "id": live.facts.agreement_id,
            "name": live.facts.name,
            "type": kind.name if kind else "",
            "chargeFirmFlag": False,
            "_info": {"agreement_href": f"/finance/agreements/{live.facts.agreement_id}"},
        },
        _info={"lastUpdated": shapes.instant_text(state.clock.now()), "updatedBy": "BillingClerk"},
    )
    state.invoices.append(invoice)
    live.next_invoice, live.last_invoice_id = dated, number
    live.updated_at = state.clock.now()
    return invoice
