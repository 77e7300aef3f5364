"""What Autotask invoiced, what was approved and posted, and what is pending, line by line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_providers.errors import UnreadableAnswer
from billing_providers.model.billing_items import PendingItem, PostedItem
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import InvoicedLine
from tests.support.autotask_tenant import AtServer, at, hook_of, units
from tests.support.scripted_http import reply

NOVEMBER = BillingPeriod(date(2026, 11, 1), date(2026, 12, 1), "Australia/Sydney")


def item(item_id: int, **facts: Any) -> dict[str, Any]:
    return {
        "id": item_id, "companyID": 1, "contractID": 7001, "contractServiceID": 8, "contractServiceBundleID": None,
        "serviceID": 31, "serviceBundleID": None, "itemName": "Seat", "quantity": 5, "extendedPrice": 20.5,
        "itemDate": at("2026-11-01"), "postedDate": at("2026-12-02"), "invoiceID": None,
    } | facts  # fmt: skip


def invoice(invoice_id: int, dated: str, **facts: Any) -> dict[str, Any]:
    return {"id": invoice_id, "invoiceNumber": f"INV-{invoice_id}", "invoiceDateTime": dated, "isVoided": False} | facts


def invoiced(monkeypatch: pytest.MonkeyPatch, invoices: list[Any], items: list[Any]) -> list[InvoicedLine]:
    tenant = AtServer({"Invoices": invoices, "BillingItems": items})
    return hook_of(monkeypatch, tenant).invoiced_lines(NOVEMBER)


def test_invoiced_lines_are_the_items_of_invoices_since_the_period_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of lines alone, services and bundles; neither work nor charges, nor what is void or not invoiced."""
    items = [
        item(1, invoiceID=50),
        item(2, invoiceID=50, contractServiceID=None, contractServiceBundleID=3, itemName="Kit", contractID=None),
        item(3, invoiceID=50, contractServiceID=None, itemName="Work"),
        item(4),
        item(5, invoiceID=51),
        item(6, invoiceID=52),
    ]
    invoices = [
        invoice(50, at("2026-12-03")),
        invoice(51, at("2026-12-03"), isVoided=True),
        invoice(52, at("2026-10-31")),
    ]

    assert invoiced(monkeypatch, invoices, items) == [
        InvoicedLine("INV-50", date(2026, 12, 3), "1", "7001", "Seat", Decimal(5)),
        InvoicedLine("INV-50", date(2026, 12, 3), "1", "", "Kit", Decimal(5)),
    ]


def test_an_invoice_is_dated_by_the_day_of_its_own_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instants are UTC: 14:00 on 31 October is 1 November in Sydney; a midnight is a day as it stands."""
    invoices = [
        invoice(50, "2026-10-31T14:00:00Z"),
        invoice(51, "2026-10-31T12:59:59Z"),
        invoice(52, "2026-10-31T13:30:00"),
        invoice(53, at("2026-11-01")),
    ]

    found = invoiced(monkeypatch, invoices, [item(number, invoiceID=number) for number in (50, 51, 52, 53)])

    assert [(line.invoice_number, line.invoice_date) for line in found] == [
        ("INV-50", date(2026, 11, 1)),
        ("INV-52", date(2026, 11, 1)),
        ("INV-53", date(2026, 11, 1)),
    ]


def test_an_invoice_without_a_date_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be in no period."""
    tenant = AtServer()
    undated = {"items": [invoice(50, "soon")], "pageDetails": {"count": 1}}
    tenant.answers["POST /Invoices/query"] = reply(undated)

    with pytest.raises(UnreadableAnswer):
        hook_of(monkeypatch, tenant).invoiced_lines(NOVEMBER)


def test_without_invoices_no_item_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was invoiced since."""
    tenant = AtServer({"BillingItems": [item(1)]})

    assert hook_of(monkeypatch, tenant).invoiced_lines(NOVEMBER) == []
    assert tenant.sent("POST /BillingItems/query") == []


def test_posted_items_are_those_billed_for_days_of_the_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invoiced or not, whenever posted; amounts are for all units, and the invoice's number is told."""
    items = [
        item(1, invoiceID=50),
        item(2, contractServiceID=None, contractServiceBundleID=8, serviceID=None, serviceBundleID=31, itemName="Kit"),
        item(3, itemDate=at("2026-11-30"), extendedPrice=None),
        item(4, itemDate=at("2026-10-31")),
        item(5, itemDate=at("2026-12-01")),
        item(6, contractServiceID=None),
    ]
    tenant = AtServer({"BillingItems": items, "Invoices": [invoice(50, at("2026-12-03"))]})

    found = hook_of(monkeypatch, tenant).posted_items(NOVEMBER)

    posted = date(2026, 12, 2)
    assert found == [
        PostedItem("8", "7001", "1", "31", "Seat", Decimal(5), Decimal("20.5"), date(2026, 11, 1), posted, "INV-50"),
        PostedItem("b8", "7001", "1", "b31", "Kit", Decimal(5), Decimal("20.5"), date(2026, 11, 1), posted, ""),
        PostedItem("8", "7001", "1", "31", "Seat", Decimal(5), None, date(2026, 11, 30), posted, ""),
    ]


@pytest.mark.parametrize(
    "invoices", [[], [invoice(50, at("2026-12-03"), invoiceNumber=None)]], ids=["unseen", "unnamed"]
)
def test_an_invoiced_item_never_reads_as_not_invoiced(invoices: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the invoice cannot be seen, or has no number, its id stands for it."""
    tenant = AtServer({"BillingItems": [item(1, invoiceID=50)], "Invoices": invoices})

    (found,) = hook_of(monkeypatch, tenant).posted_items(NOVEMBER)

    assert found.invoice_number == "id 50"


def test_items_that_do_not_fit_their_count_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 3: what is missing would read as not billed."""
    rows = {"BillingItems": [item(1, invoiceID=50)], "Invoices": [invoice(50, at("2026-12-03"))]}
    hook = hook_of(monkeypatch, AtServer(rows, {"POST /BillingItems/query/count": reply({"queryCount": 2})}))

    for read in (hook.posted_items, hook.invoiced_lines):
        with pytest.raises(UnreadableAnswer, match="the list is not complete"):
            read(NOVEMBER)


@pytest.mark.parametrize("end", [None, at("2026-10-31")], ids=str)
def test_a_pending_row_without_days_is_an_error(end: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be billed for nobody knows what."""
    tenant = AtServer({"ContractServiceUnits": [units(1, 8, "2026-11-01", "2026-11-30", 4, endDate=end)]})

    with pytest.raises(UnreadableAnswer, match="endDate is"):
        hook_of(monkeypatch, tenant).pending_rows(NOVEMBER)


def test_pending_rows_are_those_that_began_and_nobody_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    """However old; rows to come are not billed yet, posted ones not pending."""
    rows = [
        units(1, 8, "2026-09-01", "2026-09-30", 4),
        units(2, 8, "2026-10-01", "2026-10-31", 5, approveAndPostDate=at("2026-11-02")),
        units(3, None, "2026-11-30", "2026-12-30", 6, price=None),
        units(4, 8, "2026-12-01", "2026-12-31", 7),
    ]
    bundle = {**units(1, None, "2026-11-01", "2026-11-30", 2), "serviceBundleID": 31, "contractServiceBundleID": 8}
    tenant = AtServer({"ContractServiceUnits": rows, "ContractServiceBundleUnits": [bundle]})

    assert hook_of(monkeypatch, tenant).pending_rows(NOVEMBER) == [
        PendingItem("8", "7001", "31", date(2026, 9, 1), date(2026, 9, 30), Decimal(4), Decimal(16)),
        PendingItem("", "7001", "31", date(2026, 11, 30), date(2026, 12, 30), Decimal(6), None),
        PendingItem("b8", "7001", "b31", date(2026, 11, 1), date(2026, 11, 30), Decimal(2), Decimal(8)),
    ]
