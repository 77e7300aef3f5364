"""Reads the JSON of an Atria job as people paste it: numbered lines, a trailing comma, curly quotes.

Repairs are tried one after the other, only as many as are needed, and each is told in a note. They keep every
character in its place, so a fault is named by the line and column of the pasted text. What was pasted is never
repeated in a message: it may be the secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from billing_providers.errors import SettingsError

_STRING = r'"(?:\\.|[^"\\\n])*"'
_LIST_PREFIX = re.compile(r'^[ \t]*\d+[.)](?=[ \t]*["{}\[\]“”])', re.MULTILINE)
_TRAILING_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\]])")
_STRANGE_BLANK = re.compile(rf"({_STRING})|[\u00a0\u2000-\u200b\u202f\u2060\ufeff]")
_CURLY_QUOTE = re.compile(r"(?<![^{\[,:\s])[“”„‟″]|[“”‟″](?=\s*[,:}\]])")


class _DoubleKey(ValueError):
    """A key came twice in one object."""


def read_pasted_json(text: str, where: str, *, secret: bool = False) -> tuple[dict[str, Any], list[str]]:
    """Return the object of a pasted JSON text, and a note for each repair.

    :param where: how messages call the text.
    :param secret: whether key names are kept out of messages too.
    :raises SettingsError: of code 13, with line and column, when no repair makes it readable.
    """
    notes: list[str] = []
    for repair, note in _REPAIRS:
        try:
            return _object(text, where, secret=secret), notes
        except json.JSONDecodeError:
            repaired = repair(text)
            if repaired != text:
                text = repaired
                notes.append(f"{where}: {note}")
    try:
        return _object(text, where, secret=secret), notes
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"is not readable as JSON: {error.msg}",
            where=f"{where}, line {error.lineno}, column {error.colno}",
            finding_number=13,
        ) from None


def _object(text: str, where: str, *, secret: bool) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_without_double_keys)
    except _DoubleKey as error:
        key = "" if secret else str(error)
        raise SettingsError("a key is given twice", where=where, key=key, finding_number=13) from None
    except RecursionError:
        raise SettingsError("is nested too deeply", where=where, finding_number=13) from None
    if not isinstance(value, dict):
        raise SettingsError("is not an object", where=where, allowed="{ … }", finding_number=13)
    return value


def _without_double_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DoubleKey(key)
        found[key] = value
    return found


def _blank_prefixes(text: str) -> str:
    return _LIST_PREFIX.sub(lambda match: " " * len(match[0]), text)


def _outside_strings(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: pattern.sub(lambda match: match[1] or " ", text)


_REPAIRS: tuple[tuple[Callable[[str], str], str], ...] = (
    (_blank_prefixes, "line numbers in front of the lines were left out"),
    (_outside_strings(_STRANGE_BLANK), "no-break and invisible blanks were replaced"),
    (_outside_strings(_TRAILING_COMMA), "a comma before a closing bracket was left out"),
    (lambda text: _CURLY_QUOTE.sub('"', text), "curly quotation marks were made straight"),
    (_outside_strings(_STRANGE_BLANK), "no-break and invisible blanks were replaced"),
    (_outside_strings(_TRAILING_COMMA), "a comma before a closing bracket was left out"),
)
