"""Words of a ``conditions`` text: names, operators, and literals as the server's own message describes them.

Strings stand in double or single quotes, date-times in square brackets, numbers are digits with optional point and
minus, booleans and null are keywords (seen: the server's message, quoted by a client library).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.connectwise.errors import bad_condition

_WORD = re.compile(
    r"""(?P<blank>\s+)
    |(?P<instant>\[[^\]]*\])
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<operator>!=|<=|>=|=|<|>)
    |(?P<mark>[(),])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)""",
    re.VERBOSE,
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,7})?Z)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONSTANTS = {"true": True, "false": False, "null": None}
_KEYWORDS = {"and", "or", "not", "in", "like", "contains"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    :param kind: ``name``, ``keyword``, ``operator``, ``mark``, or a literal: ``text``, ``number``, ``instant``,
        ``boolean``, ``null``.
    :param value: a literal's value, else the text in lower case for keywords.
    :param at: where it starts; the first character is 1.
    """

    kind: str
    value: Any
    at: int


def words_of(text: str) -> list[Word]:
    """Split a text.

    :raises CwRefusal: 400 at the first character that starts no word.
    """
    words: list[Word] = []
    place = 0
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            raise bad_condition(f"Cannot read {text[place : place + 20]!r} at position {place + 1}.")
        if found.lastgroup != "blank":
            words.append(_word(str(found.lastgroup), found[0], place + 1))
        place = found.end()
    return words


def _word(kind: str, text: str, at: int) -> Word:
    if kind == "name" and text.lower() in _CONSTANTS:
        constant = _CONSTANTS[text.lower()]
        return Word("null" if constant is None else "boolean", constant, at)
    if kind == "name" and text.lower() in _KEYWORDS:
        return Word("keyword", text.lower(), at)
    if kind == "text":
        return Word(kind, _unescaped(text[1:-1], at), at)
    if kind == "number":
        return Word(kind, Decimal(text), at)
    if kind == "instant":
        return Word(kind, _instant(text[1:-1].strip(), at), at)
    return Word(kind, text, at)


def _unescaped(text: str, at: int) -> str:
    """A backslash stands before a quote or another backslash, and nowhere else."""
    for escaped in _ESCAPED.findall(text):
        if escaped not in "\"'\\":
            raise bad_condition(f"Unknown escape \\{escaped} in the string at position {at}.")
    return _ESCAPED.sub(r"\1", text)


def _instant(text: str, at: int) -> datetime:
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise bad_condition(f"[{text}] at position {at} is no date-time in UTC, e.g. [2026-07-01T00:00:00Z].") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
