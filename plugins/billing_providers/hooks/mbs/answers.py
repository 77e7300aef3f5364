"""Answers of MSP360 and the values in their rows: a value of another type is never taken for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from billing_providers.errors import RequestError, UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.hooks.http.fields import Fields
from billing_providers.hooks.usage_fields import RowFault, number_of, text_of
from billing_providers.model.decimals import text_from_decimal

_DOUBLE = Context(prec=15)  # money came through a double: 15 digits are meant, the rest is noise


@dataclass(frozen=True, slots=True)
class Reply:
    """The JSON of one answer, with the answer itself for messages."""

    body: Any
    answer: Answer

    def fields(self) -> Fields:
        """Return the answer as one object.

        :raises UnreadableAnswer: when it is none.
        """
        if isinstance(self.body, Mapping):
            return Fields(self.body, self.answer)
        raise self.error("the answer is not a JSON object")

    def objects(self) -> list[Fields]:
        """Return the answer as a list of objects.

        :raises UnreadableAnswer: when it is none.
        """
        if isinstance(self.body, list) and all(isinstance(row, Mapping) for row in self.body):
            return [Fields(row, self.answer) for row in self.body]
        raise self.error("the answer is not a list of objects")

    def rows(self, name: str) -> list[Any]:
        """Return the list under a name, its rows unread.

        :raises UnreadableAnswer: when there is none.
        """
        found = self.fields().get(name)
        if isinstance(found, list):
            return found
        raise self.error(f"there is no list {name!r} in the answer")

    def error(self, problem: str) -> RequestError:
        """Return the error for an answer of another shape."""
        return self.answer.error(UnreadableAnswer, problem)


def read_reply(answer: Answer) -> Reply:
    """Take the JSON out of an answer."""
    return Reply(answer.json(), answer)


class Row:
    """One row, read value by value. Each method raises :class:`RowFault` for a value that is not what it should be."""

    __slots__ = ("_values",)

    def __init__(self, values: Any) -> None:
        if not isinstance(values, Mapping):
            raise RowFault("row", f"{values!r} is not an object")
        self._values = values

    def text(self, name: str) -> str:
        """Return a text, empty for null."""
        return text_of(self._values.get(name), name)

    def needed_text(self, name: str) -> str:
        """Return a text that must be there."""
        found = self.text(name)
        if not found.strip():
            raise RowFault(name, "is empty")
        return found

    def flag(self, name: str) -> bool:
        """Return true or false."""
        found = self._values.get(name)
        if isinstance(found, bool):
            return found
        raise RowFault(name, f"{found!r} is neither true nor false")

    def size(self, name: str) -> int:
        """Return a number of bytes: whole, not negative."""
        found = self._number(name)
        if found < 0 or found != found.to_integral_value():
            raise RowFault(name, f"{found} is not a number of bytes")
        return int(found)

    def money(self, name: str) -> Decimal:
        """Return an amount of money."""
        found = self._number(name)
        return Decimal(text_from_decimal(_DOUBLE.plus(found)))

    def _number(self, name: str) -> Decimal:
        found = number_of(self._values.get(name), name)
        if found is None:
            raise RowFault(name, "is empty")
        return found
