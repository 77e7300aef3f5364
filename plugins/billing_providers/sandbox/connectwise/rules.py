"""The PSA's own rules for additions. A request that breaks one is refused whole, and every broken rule is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from billing_providers.sandbox.connectwise.errors import Fault, invalid_addition
from billing_providers.sandbox.connectwise.live import LiveAddition, LiveAgreement
from billing_providers.sandbox.world.resale.records import BUNDLE

BEFORE_BILLING_START = "effectiveDate cannot be less than the agreement billing start date"
ALREADY_INVOICED = (
    "Since this period has already been invoiced there will not be an invoice generated for additional products for "
    "this period. Please prorate the agreement or update the start date to on or after the Next Invoice Date."
)


def check_addition(agreement: LiveAgreement, before: LiveAddition | None, after: LiveAddition) -> None:
    """Refuse what an addition would become. ``before``: as it stands; None: it is new.

    :raises CwRefusal: 400 ``InvalidObject``, with all broken rules.
    """
    faults = [*_of_the_agreement(agreement, before, after), *_of_the_product(before, after), *_of_numbers(after)]
    if faults:
        raise invalid_addition(*faults)


def _of_the_agreement(agreement: LiveAgreement, before: LiveAddition | None, after: LiveAddition) -> Iterator[Fault]:
    if agreement.closed_as:
        yield Fault("InvalidField", f"The agreement is {agreement.closed_as}.", "agreementId")
    bill_start = agreement.facts.bill_start
    dated = before is None or before.starts_on != after.starts_on  # this request says when it starts
    if after.starts_on < bill_start:
        # Text of the first: seen; of the second: seen in another product's report of the error, whose dates are left
        # out there, so their form is assumed.
        told = BEFORE_BILLING_START if dated else _early(after.starts_on, bill_start)
        yield Fault("InvalidField", told, "effectiveDate")
    invoiced = agreement.next_invoice is not None and after.starts_on < agreement.next_invoice
    if dated and invoiced and not agreement.facts.prorates:
        yield Fault("InvalidField", ALREADY_INVOICED, "effectiveDate")


def _early(starts_on: date, bill_start: date) -> str:
    return (
        f"The Effective Date: {starts_on:%m/%d/%Y} in agreement addition cannot precede "
        f"the Billing Start Date: {bill_start:%m/%d/%Y}"
    )


def _of_the_product(before: LiveAddition | None, after: LiveAddition) -> Iterator[Fault]:
    if before is not None and before.product == after.product:
        return
    if after.product.product_class == BUNDLE:
        yield Fault("InvalidField", "Bundle products cannot be additions.", "product")
    if not after.product.active:
        yield Fault("InvalidField", f"The product {after.product.identifier} is inactive.", "product")


def _of_numbers(after: LiveAddition) -> Iterator[Fault]:
    if after.quantity < 0:
        yield Fault("InvalidField", "The quantity field must not be below 0.", "quantity")
    if after.included < 0:
        yield Fault("InvalidField", "The lessIncluded field must not be below 0.", "lessIncluded")
    if after.last_day is not None and after.last_day < after.starts_on:
        yield Fault("InvalidField", "cancelledDate cannot be less than effectiveDate", "cancelledDate")
