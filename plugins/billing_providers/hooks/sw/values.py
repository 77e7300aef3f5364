"""One JSON object of a row, read value by value: a value of another type is never taken for nothing.

Numbers are exact: what the answer prints, digit for digit. Money alone is rounded half even to the 18 places that can
be kept, as a double below a cent prints more. Each method raises :class:`RowFault` with field and reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from billing_providers.hooks.usage_fields import RowFault, day_of, number_of, text_of
from billing_providers.model.decimals import EXPONENT_MAX, Rounding, round_decimal


class Values:
    """The fields of one object. ``inside`` names the field that holds it, for messages."""

    __slots__ = ("_inside", "_values")

    def __init__(self, values: Any, inside: str = "") -> None:
        if not isinstance(values, Mapping):
            raise RowFault(inside or "row", f"{values!r} is not an object")
        self._values, self._inside = values, inside

    def text(self, name: str) -> str:
        """Return a text, empty for null."""
        return text_of(self._values.get(name), self._named(name))

    def number(self, name: str) -> Decimal | None:
        """Return an exact decimal, None for null."""
        return number_of(self._values.get(name), self._named(name))

    def needed_number(self, name: str) -> Decimal:
        """Return an exact decimal that must be there."""
        found = self.number(name)
        if found is None:
            raise RowFault(self._named(name), "is empty")
        return found

    def money(self, name: str) -> Decimal | None:
        """Return an amount of money, None for null."""
        found = self._values.get(name)
        if isinstance(found, Decimal) and found.is_finite() and int(found.as_tuple().exponent) < -EXPONENT_MAX:
            found = round_decimal(found, EXPONENT_MAX, Rounding.HALF_EVEN)
        return number_of(found, self._named(name))

    def needed_money(self, name: str) -> Decimal:
        """Return an amount of money that must be there."""
        found = self.money(name)
        if found is None:
            raise RowFault(self._named(name), "is empty")
        return found

    def day(self, name: str) -> date | None:
        """Return a date, None for null."""
        return day_of(self._values.get(name), self._named(name))

    def flag(self, name: str) -> bool | None:
        """Return true or false, None for null."""
        found = self._values.get(name)
        if found is None or isinstance(found, bool):
            return found
        raise RowFault(self._named(name), f"{found!r} is neither true nor false")

    def objects(self, name: str) -> list[Values]:
        """Return a list of objects, empty for null."""
        found = self._values.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise RowFault(self._named(name), f"{found!r} is not a list")
        return [Values(entry, f"{self._named(name)}[{index}]") for index, entry in enumerate(found)]

    def everything(self) -> Mapping[str, Any]:
        """Return the object as it came."""
        return self._values

    def _named(self, name: str) -> str:
        return f"{self._inside}.{name}" if self._inside else name
