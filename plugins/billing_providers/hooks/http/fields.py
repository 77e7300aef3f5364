"""One JSON object of an answer, read field by field: a value of another type is never taken for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Context, Decimal
from typing import Any

from billing_providers.errors import RequestError, UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.model.decimals import EXPONENT_MAX, DecimalError, decimal_from_text
from billing_providers.plain_text import plain_text

_DOUBLE = Context(prec=15)
_SMALLEST = Decimal(1).scaleb(-EXPONENT_MAX)


class Fields:
    """One JSON object, read by its camelCase names; PascalCase names are found too.

    A field of another type than the API promises raises :class:`UnreadableAnswer`.
    """

    __slots__ = ("_answer", "_values")

    def __init__(self, values: Mapping[str, Any], answer: Answer) -> None:
        self._values = values
        self._answer = answer

    def get(self, name: str) -> Any:
        """Return a field as JSON has it, None when absent."""
        if name in self._values:
            return self._values[name]
        return self._values.get(name[:1].upper() + name[1:])

    def text(self, name: str) -> str:
        """Return a text, empty for null."""
        value = self.get(name)
        if value is None or isinstance(value, str):
            return plain_text(value or "")
        raise self.unreadable(name, "a text")

    def identity(self, name: str) -> str:
        """Return an id, which must be there, as text."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            raise self.unreadable(name, "an id")
        return plain_text(str(value))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean, the default for null."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise self.unreadable(name, "true or false")

    def number(self, name: str) -> Decimal | None:
        """Return a decimal, None for null. Doubles mean 15 digits, the rest is noise."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return decimal_from_text(_without_noise(value) if isinstance(value, Decimal) else value)
        except DecimalError:
            raise self.unreadable(name, "a number") from None

    def day(self, name: str) -> date | None:
        """Return the local date that a date-time prints, None for null; with or without zone, its date part counts."""
        value = self.get(name)
        if value is None or value == "":
            return None
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            raise self.unreadable(name, "a date") from None

    def inner(self, name: str) -> Fields:
        """Return a nested object; an empty one for null."""
        value = self.get(name)
        if value is None or isinstance(value, Mapping):
            return Fields(value or {}, self._answer)
        raise self.unreadable(name, "an object")

    def unreadable(self, name: str, wanted: str) -> RequestError:
        """Return the error for a field of another type than the API promises."""
        return self._answer.error(UnreadableAnswer, f"{name} is {self.get(name)!r}, expected {wanted}")


def _without_noise(double: Decimal) -> Decimal:
    meant = _DOUBLE.plus(double)
    return meant.quantize(_SMALLEST) if meant.is_finite() and int(meant.as_tuple().exponent) < -EXPONENT_MAX else meant
