"""The ways in which a part of a billing period is counted, by name. None is a default: whoever bills chooses.

The names are those of the field. ACTUAL, ACTUAL_OVER_30 and STRICT_30 are seen in one billing system's help as three
choices for one span; FIXED_DAYS in another's source.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing_providers.errors import SettingsError
from billing_providers.model.decimals import Rounding

PLACES_MAX = 18


class Convention(StrEnum):
    """How many parts of what a span of days is."""

    ACTUAL = "actual"  # its days over the days of the billing period
    ACTUAL_OVER_30 = "actual_over_30"  # its days over 30, whatever the month
    FIXED_DAYS = "fixed_days"  # a month whose end is crossed has so many days; over that number
    STRICT_30 = "strict_30"  # every month has 30 days: the 31st counts nothing, February's last day what is missing
    PSA = "psa"  # the PSA prorates: nothing is computed here, dated quantities are handed through
    NONE = "none"  # nothing is prorated: what is billed at all is billed for the whole period


@dataclass(frozen=True, slots=True)
class ProrationRule:
    """A convention with its numbers, and how results are rounded: once, at the end, unless one of the two is set.

    :param fixed_days: days of a month, for FIXED_DAYS alone.
    :param places: decimal places of amounts, 2 for most currencies, 0 for JPY.
    :param ratio_places: the ratio is rounded to so many places before anything is multiplied; None: it stays exact.
    :param per_unit: the amount of one unit is rounded first, then multiplied by the quantity ("seat days").
    :raises SettingsError: for a value that is not allowed.
    """

    convention: Convention
    fixed_days: int = 30
    places: int = 2
    rounding: Rounding = Rounding.HALF_UP
    ratio_places: int | None = None
    ratio_rounding: Rounding = Rounding.HALF_UP
    per_unit: bool = False

    def __post_init__(self) -> None:
        _check_member(self.convention, Convention, "convention")
        _check_member(self.rounding, Rounding, "rounding")
        _check_member(self.ratio_rounding, Rounding, "ratio_rounding")
        _check_number(self.fixed_days, 28, 31, "fixed_days")
        _check_number(self.places, 0, PLACES_MAX, "places")
        if self.ratio_places is not None:
            _check_number(self.ratio_places, 1, PLACES_MAX, "ratio_places")


def _check_member(value: object, kind: type[StrEnum], key: str) -> None:
    if not isinstance(value, kind):
        allowed = ", ".join(member.value for member in kind)
        raise SettingsError("not chosen by name", where="proration", key=key, value=value, allowed=allowed)


def _check_number(value: object, least: int, most: int, key: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SettingsError("not allowed", where="proration", key=key, value=value, allowed=f"{least} to {most}")
