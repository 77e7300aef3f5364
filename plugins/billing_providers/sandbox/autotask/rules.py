"""The PSA's own rules for adjustments. Their order, and texts that are not marked as seen, are assumed."""

from __future__ import annotations

from datetime import date

from billing_providers.sandbox.autotask.errors import invalid
from billing_providers.sandbox.autotask.live import LiveLine
from billing_providers.sandbox.world.modules.records import RECURRING_SERVICE, AtContract

# Seen, verbatim, for contract services; for bundles: assumed.
OUTSIDE = "{entity} effectiveDate must be between the start date and end date of the Contract referenced by contractID."
# Seen in the UI; that the API says the same is assumed.
POSTED = (
    "Unable to make changes as it would result in the deletion/modification of an already approved and posted "
    "contract period"
)
NEGATIVE = "The unitChange would result in a negative number of units."  # seen: the word negative
REPEATED = "Attempt to insert duplicate data into contract_service_period"  # seen


def check_contract(contract: AtContract) -> None:
    """Refuse a contract that has no services. An inactive one is taken: it is billed too (seen).

    :raises AtRefusal: 500.
    """
    if contract.contract_type != RECURRING_SERVICE:
        raise invalid("The Contract referenced by contractID must be of type Recurring Service.")


def check_window(contract: AtContract, day: date, entity: str) -> None:
    """Refuse a day outside of the contract.

    :raises AtRefusal: 500.
    """
    if not contract.start <= day <= contract.end:
        raise invalid(OUTSIDE.format(entity=entity))


def check_change(line: LiveLine, day: date, units: int, *, repeated: bool) -> None:
    """Refuse a change that would touch a posted row, repeats a day, or leaves fewer than no units on any later day.

    :raises AtRefusal: 500.
    """
    posted_until = line.schedule.posted_until()
    if posted_until is not None and day <= posted_until:
        raise invalid(POSTED)
    if repeated:
        raise invalid(REPEATED)
    if line.schedule.lowest_from(day) + units < 0:
        raise invalid(NEGATIVE)
