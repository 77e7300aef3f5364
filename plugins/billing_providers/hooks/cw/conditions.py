"""The ``conditions`` of a list, built so that no value can change what they say.

Texts stand in double or single quotes, instants in square brackets in UTC, numbers, ``true``, ``false`` and ``null``
bare (seen: the server's own message, quoted in a public client). No way to escape a quote is published, so a text with
both kinds cannot be said, nor one with a backslash, which might be taken for an escape.

>>> (Condition.compare("type", "=", "Agreement") & Condition.compare("date", ">=", date(2026, 10, 1))).text
'type = "Agreement" and date >= [2026-10-01T00:00:00Z]'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from billing_providers.model.decimals import text_from_decimal

Value = str | int | Decimal | bool | date | datetime | None

_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">=", "contains"})
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")
_UNSAYABLE = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})  # controls, lone surrogates, marks nobody sees, line ends


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, or several joined by ``&`` and ``|``. ``text`` is not yet percent-encoded."""

    text: str
    joined_by: str = ""  # "and", "or"; empty: a single comparison

    @classmethod
    def compare(cls, path: str, operator: str, value: Value) -> Condition:
        """Return a comparison of a field, e.g. ``company/id = 7``.

        :raises ValueError: for a path, an operator or a value that cannot be said.
        """
        if operator not in _OPERATORS:
            raise ValueError(f"conditions: {operator!r} is no operator; allowed: {', '.join(sorted(_OPERATORS))}")
        if operator == "contains" and (not isinstance(value, str) or set(value) & {"%", "*"}):
            raise ValueError(f"conditions: contains takes a text without wildcards; got {value!r}")
        return cls(f"{_path(path)} {operator} {_literal(value)}")

    @classmethod
    def one_of(cls, path: str, values: Sequence[Value]) -> Condition:
        """Return that a field has one of these values.

        :raises ValueError: without values; for a path or a value that cannot be said.
        """
        if not values:
            raise ValueError(f"conditions: {path} in () would find nothing; give at least one value")
        return cls(f"{_path(path)} in ({', '.join(_literal(value) for value in values)})")

    def __and__(self, other: Condition) -> Condition:
        return self._join(other, "and")

    def __or__(self, other: Condition) -> Condition:
        return self._join(other, "or")

    def _join(self, other: Condition, word: str) -> Condition:
        parts = (part.text if part.joined_by in {"", word} else f"({part.text})" for part in (self, other))
        return Condition(f" {word} ".join(parts), word)


def _path(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError(f"conditions: {path!r} is no field name; allowed: names joined by /, e.g. company/id")
    return path


def _literal(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return text_from_decimal(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return f"[{value.isoformat()}T00:00:00Z]"
    if isinstance(value, str):
        return _quoted(value)
    raise ValueError(f"conditions: {value!r} is a {type(value).__name__}; floats and the like are not sent")


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"conditions: {value!r} has no time zone; an instant needs one")
    return f"[{value.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}]"


def _quoted(text: str) -> str:
    if "\\" in text or any(unicodedata.category(letter) in _UNSAYABLE for letter in text):
        problem = "a backslash, a control character or an invisible mark, which may not arrive as it is"
        raise ValueError(f"conditions: {text!r} holds {problem}")
    quote = "'" if '"' in text else '"'
    if quote in text:
        raise ValueError(f"conditions: {text!r} holds both kinds of quotes; one of them at most can be said")
    return f"{quote}{text}{quote}"
