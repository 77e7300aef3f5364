"""The envelope ``{success, error, result, totalRecords}`` around every answer of BMS.

The API description prints PascalCase names, the wire carries camelCase (seen in five public clients); both are
read. Faults may come inside HTTP 200 with ``success`` false. Code 978001 is "Security Error" (seen in public clients).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any

from billing_providers.errors import BadRequest, RequestError, SignInRefused, UnreadableAnswer
from billing_providers.hooks.http.answers import Answer
from billing_providers.model.decimals import EXPONENT_MAX, DecimalError, decimal_from_text

SECURITY_ERROR = 978001
_DOUBLE = Context(prec=15)
_SMALLEST = Decimal(1).scaleb(-EXPONENT_MAX)


class Fields:
    """One JSON object of BMS, read by the camelCase names; PascalCase names are found too.

    A field of another type than the API promises raises :class:`UnreadableAnswer`: it is never taken for nothing.
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
            return value or ""
        raise self.unreadable(name, "a text")

    def identity(self, name: str) -> str:
        """Return an id, which must be there, as text."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            raise self.unreadable(name, "an id")
        return str(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean, the default for null."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise self.unreadable(name, "true or false")

    def number(self, name: str) -> Decimal | None:
        """Return a decimal, None for null. BMS sends doubles, of which 15 digits are meant and the rest is noise."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return decimal_from_text(_without_noise(value) if isinstance(value, Decimal) else value)
        except DecimalError:
            raise self.unreadable(name, "a number") from None

    def day(self, name: str) -> date | None:
        """Return the local date that a date-time prints, None for null. BMS sends them with and without zone."""
        value = self.get(name)
        if value is None or value == "":
            return None
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            raise self.unreadable(name, "a date") from None

    def unreadable(self, name: str, wanted: str) -> RequestError:
        """Return the error for a field of another type than the API promises."""
        return self._answer.error(UnreadableAnswer, f"{name} is {self.get(name)!r}, expected {wanted}")


def _without_noise(double: Decimal) -> Decimal:
    meant = _DOUBLE.plus(double)
    return meant.quantize(_SMALLEST) if meant.is_finite() and int(meant.as_tuple().exponent) < -EXPONENT_MAX else meant


@dataclass(frozen=True, slots=True)
class Envelope:
    """An opened envelope. ``total`` None: the call is not a paged one."""

    result: Any
    total: int | None
    answer: Answer

    def rows(self) -> list[Fields]:
        """Return the result as a list of objects.

        :raises UnreadableAnswer: when it is none.
        """
        if not isinstance(self.result, list) or not all(isinstance(row, dict) for row in self.result):
            raise self.answer.error(UnreadableAnswer, "the result is not a list of objects")
        return [Fields(row, self.answer) for row in self.result]

    def row(self) -> Fields:
        """Return the result as one object; a list that holds one counts.

        :raises UnreadableAnswer: when it is neither.
        """
        held = self.result
        if isinstance(held, list) and len(held) == 1:
            held = held[0]
        if not isinstance(held, dict):
            raise self.answer.error(UnreadableAnswer, "the result is not an object")
        return Fields(held, self.answer)


def open_envelope(answer: Answer) -> Envelope:
    """Return what an answer holds. An empty body (204) is an envelope without result.

    :raises SignInRefused: for code 978001.
    :raises BadRequest: for any other ``success`` false.
    :raises UnreadableAnswer: when there is no envelope.
    """
    if not answer.content.strip():
        return Envelope(None, None, answer)
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.error(UnreadableAnswer, "the answer is not an envelope")
    fields = Fields(body, answer)
    if fields.flag("success", default=False) is False:
        fault = fields.get("error")
        if fields.get("success") is None and not fault:
            raise answer.error(UnreadableAnswer, "the answer is not an envelope: it has no success")
        code = Fields(fault, answer).get("code") if isinstance(fault, dict) else None
        kind = SignInRefused if code == SECURITY_ERROR else BadRequest
        raise answer.error(kind, f"refused with code {code}: {answer.excerpt()}")
    total = fields.get("totalRecords")
    if total is not None and (isinstance(total, bool) or not isinstance(total, int)):
        raise answer.error(UnreadableAnswer, f"totalRecords is {total!r}, expected an integer")
    return Envelope(fields.get("result"), total, answer)
