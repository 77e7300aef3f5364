"""Options of how charges become usage records, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing_providers.errors import SettingsError
from billing_providers.hooks.near_words import did_you_mean

WHERE = "Sherweb, source_options"
DISPLAY_NAME = "CustomerDisplayName"
READS = ("charges", "subscriptions")
_PLACES_MAX = 15  # a double has no more digits


class CostBasis(StrEnum):
    """What a unit costs: after all deductions, the same without the performance tier's, or before all of them."""

    WITHOUT_TIER = "net_without_performance_tier"
    NET = "net"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class ChargeOptions:
    """How a charge is read.

    :param cost_basis: what stands as cost.
    :param customer_tag: tag that holds the customer's display name.
    :param customer_id_tag: tag that holds the customer's id, which is the customer code then; empty: the name is.
    :param quantity_places: decimal places that a quantity may have which came through a double; None: such a quantity
        is refused.
    """

    cost_basis: CostBasis
    customer_tag: str
    customer_id_tag: str
    quantity_places: int | None


def charge_options(
    cost_basis: str, customer_tag: str, customer_id_tag: str, quantity_places: int | None
) -> ChargeOptions:
    """Return checked options.

    :raises SettingsError: for an unknown cost basis, an empty customer tag, or places that are none.
    """
    name, id_name = customer_tag.strip(), customer_id_tag.strip()
    if not name:
        raise SettingsError("is empty", where=WHERE, key="customer_tag", allowed=f"a name such as {DISPLAY_NAME}")
    if id_name == name:
        raise SettingsError("is the customer_tag too", where=WHERE, key="customer_id_tag", value=id_name)
    places = quantity_places
    if places is not None and (isinstance(places, bool) or not isinstance(places, int)):
        places = -1
    if places is not None and not 0 <= places <= _PLACES_MAX:
        raise SettingsError(
            "no number of decimal places",
            where=WHERE,
            key="quantity_places",
            value=quantity_places,
            allowed=f"0 to {_PLACES_MAX}, or nothing",
        )
    return ChargeOptions(CostBasis(chosen(cost_basis, tuple(CostBasis), "cost_basis")), name, id_name, places)


def chosen(value: str, allowed: tuple[str, ...], key: str) -> str:
    """Return a value that must be one of some words.

    :raises SettingsError: for any other, with a near one.
    """
    if value in allowed:
        return value
    problem = f"unknown{did_you_mean(value, allowed)}"
    raise SettingsError(problem, where=WHERE, key=key, value=value, allowed=", ".join(allowed))
