"""The PSA's own rules for additions, each refusal made to happen with its exact text."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.cw_sandbox import (
    CANCELLED,
    EXPIRED,
    KIT,
    LATE_START,
    NO_CYCLE,
    NO_PRORATION,
    OPEN,
    RETIRED,
    SEAT,
    CwClient,
)

TOO_EARLY = "effectiveDate cannot be less than the agreement billing start date"
INVOICED = (
    "Since this period has already been invoiced there will not be an invoice generated for additional products for "
    "this period. Please prorate the agreement or update the start date to on or after the Next Invoice Date."
)
STANDS_TOO_EARLY = (
    "The Effective Date: 01/01/2026 in agreement addition cannot precede the Billing Start Date: 03/01/2026"
)


def _new(product: int = SEAT, day: str = "2026-08-01") -> dict[str, Any]:
    return {"product": {"id": product}, "billCustomer": "Billable", "effectiveDate": f"{day}T00:00:00Z"}


def _faults(answer: Any) -> list[tuple[str, str]]:
    body = answer.json()
    assert (answer.status_code, body["code"], body["message"]) == (400, "InvalidObject", "Addition object is invalid")
    return [(fault["field"], fault["message"]) for fault in body["errors"]]


def test_a_new_addition_cannot_start_before_billing_does(box: SandboxServer, cw: CwClient) -> None:
    """The day of the billing start is the first that is taken."""
    assert _faults(cw.add(LATE_START, **_new(day="2026-02-28"))) == [("effectiveDate", TOO_EARLY)]
    assert box.control.audit() == []
    assert cw.add(LATE_START, **_new(day="2026-03-01")).status_code == 201


def test_a_start_cannot_be_moved_before_billing(cw: CwClient) -> None:
    """The same rule when an addition is changed."""
    answer = cw.set(OPEN, 7001, effectiveDate="2025-12-31T00:00:00Z")

    assert _faults(answer) == [("effectiveDate", TOO_EARLY)]


def test_an_addition_that_starts_too_early_cannot_be_changed_at_all(box: SandboxServer, cw: CwClient) -> None:
    """Its quantity is refused because of its date, until the date is mended in the same or an earlier request."""
    refused = cw.set(LATE_START, 7006, quantity=3)
    mended = cw.set(LATE_START, 7006, quantity=3, effectiveDate="2026-03-01T00:00:00Z")

    assert _faults(refused) == [("effectiveDate", STANDS_TOO_EARLY)]
    assert mended.status_code == 200
    assert [(entry["field"], entry["after"]) for entry in box.control.audit()] == [
        ("units", "3"),
        ("effective_date", "2026-03-01"),
    ]
    assert cw.set(LATE_START, 7006, quantity=4).status_code == 200


def test_nothing_new_goes_into_an_invoiced_period_without_proration(box: SandboxServer, cw: CwClient) -> None:
    """The next invoice date is the first day that is taken."""
    assert _faults(cw.add(NO_PRORATION, **_new(day="2026-06-30"))) == [("effectiveDate", INVOICED)]
    assert _faults(cw.set(NO_PRORATION, 7003, effectiveDate="2026-06-01T00:00:00Z")) == [("effectiveDate", INVOICED)]
    assert box.control.audit() == []
    assert cw.add(NO_PRORATION, **_new(day="2026-07-01")).status_code == 201


def test_quantities_of_what_is_invoiced_may_still_change(cw: CwClient) -> None:
    """The rule is about starts: a quantity lands on the next invoice."""
    assert cw.set(NO_PRORATION, 7003, quantity=5).status_code == 200


def test_an_agreement_that_prorates_takes_starts_in_invoiced_periods(box: SandboxServer, cw: CwClient) -> None:
    """Invoiced until August, and still open for July."""
    box.control.invoice("2026-07-01", "2026-07-31", system="connectwise")

    assert cw.add(OPEN, **_new(day="2026-07-15")).status_code == 201


@pytest.mark.parametrize(
    ("product", "message"),
    [(KIT, "Bundle products cannot be additions."), (RETIRED, "The product Retired is inactive.")],
)
def test_some_products_cannot_be_additions(cw: CwClient, product: int, message: str) -> None:
    """Neither as a new addition nor in place of another product."""
    assert _faults(cw.add(OPEN, **_new(product))) == [("product", message)]
    assert _faults(cw.set(OPEN, 7001, product={"id": product})) == [("product", message)]


@pytest.mark.parametrize(
    ("agreement", "addition", "message"),
    [(CANCELLED, 7004, "The agreement is cancelled."), (EXPIRED, 7005, "The agreement is expired.")],
)
def test_a_closed_agreement_takes_nothing(
    box: SandboxServer, cw: CwClient, agreement: int, addition: int, message: str
) -> None:
    """No new additions and no changes."""
    assert _faults(cw.add(agreement, **_new())) == [("agreementId", message)]
    assert _faults(cw.set(agreement, addition, quantity=2)) == [("agreementId", message)]
    assert box.control.audit() == []


def test_an_end_cannot_precede_the_start(cw: CwClient) -> None:
    """The same day is the shortest life."""
    refused = cw.set(OPEN, 7001, cancelledDate="2025-12-31T00:00:00Z")

    assert _faults(refused) == [("cancelledDate", "cancelledDate cannot be less than effectiveDate")]
    assert cw.set(OPEN, 7001, cancelledDate="2026-01-01T00:00:00Z").status_code == 200


def test_what_is_ended_may_still_be_written(cw: CwClient) -> None:
    """The end is a date and no lock."""
    assert cw.set(OPEN, 7008, quantity=6).status_code == 200


def test_an_agreement_without_a_cycle_takes_additions(cw: CwClient) -> None:
    """They are never invoiced, but that is no rule of the API."""
    assert cw.add(NO_CYCLE, **_new()).status_code == 201


def test_all_broken_rules_are_named_at_once(cw: CwClient) -> None:
    """One answer is enough to mend a request."""
    answer = cw.add(CANCELLED, **{**_new(KIT, "2025-12-31"), "quantity": -1})

    assert [field for field, _ in _faults(answer)] == ["agreementId", "effectiveDate", "product", "quantity"]


@pytest.mark.parametrize(
    ("quantity", "included", "billed", "price"),
    [
        ("3.333", "0", 3.333, 17.5),
        ("3", "5", 0, 0),
        ("0", "0", 0, 0),
        ("10.5", "0.5", 10, 52.5),
    ],
)
def test_what_is_derived_follows_what_is_written(
    cw: CwClient, quantity: str, included: str, billed: float, price: float
) -> None:
    """Billed units are those beyond the included ones, at least none; the price is to the cent, half up."""
    shown = cw.set(OPEN, 7002, quantity=quantity, lessIncluded=included).json()

    assert (shown["billedQuantity"], shown["extPrice"]) == (billed, price)
