"""The ``conditions`` language: parsed against the specification, then asked of records as they travel.

``company/id=7 and (quantity>=2 or product/identifier in ("A", 'B')) and cancelledDate=null``. ``and`` binds closer
than ``or``. Texts compare without regard to case, and null is neither equal to a value nor different from one, as in
the database that the PSA runs on (assumed).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from billing_providers.sandbox.connectwise.errors import bad_condition
from billing_providers.sandbox.connectwise.spec import Schema, specification
from billing_providers.sandbox.connectwise.words import Word, words_of

Predicate = Callable[[dict[str, Any]], bool]

LAST_UPDATED = "lastUpdated"  # filters and sorts on ``_info/lastUpdated`` (seen in clients)
_INSTANT_FIELD: Schema = {"type": "string", "format": "date-time"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LITERALS = ("text", "number", "instant", "boolean", "null")


def condition(model: str, text: str) -> Predicate:
    """Return what a ``conditions`` text asks of a record; an empty text lets all pass.

    :raises CwRefusal: 400 ``ApiFindCondition`` for a name, value or grammar that is not understood.
    """
    if not text.strip():
        return lambda _: True
    parser = _Parser(model, words_of(text))
    asked = parser.any_of()
    parser.end()
    return asked


def field_kind(model: str, path: str) -> tuple[str, Schema]:
    """Return what is compared at a path: ``number``, ``text``, ``enum``, ``instant``, ``boolean`` or ``object``.

    :raises CwRefusal: 400 for a name that the model does not have, or that holds a list.
    """
    schema = _INSTANT_FIELD if path == LAST_UPDATED else specification().field(model, path)
    if schema is None or schema["type"] == "array" or path.partition("/")[0] == "_info":
        raise bad_condition(f"{path} is not a recognized name.")
    if schema["type"] in {"integer", "number"}:
        return "number", schema
    if schema["type"] != "string":
        return str(schema["type"]), schema
    if "enum" in schema:
        return "enum", schema
    return ("instant" if schema.get("format") == "date-time" else "text"), schema


def value_at(row: dict[str, Any], path: str, kind: str) -> Any:
    """Return what a record holds at a path, ready to be compared; None where it holds nothing."""
    value: Any = row.get("_info", {}) if path == LAST_UPDATED else row
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return None
    if kind == "instant":
        return datetime.fromisoformat(value)
    return value.casefold() if kind in {"text", "enum"} else value


class _Parser:
    def __init__(self, model: str, words: list[Word]) -> None:
        self._model = model
        self._words = words
        self._place = 0

    def any_of(self) -> Predicate:
        parts = [self._all_of()]
        while self._took("keyword", "or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def end(self) -> None:
        if self._place < len(self._words):
            raise self._unexpected("the end, 'and' or 'or'")

    def _all_of(self) -> Predicate:
        parts = [self._one()]
        while self._took("keyword", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one(self) -> Predicate:
        if self._took("mark", "("):
            inner = self.any_of()
            self._want("mark", ")")
            return inner
        path = self._want("name").value
        kind, schema = field_kind(self._model, path)
        negated = self._took("keyword", "not")
        asked = self._text_test(path, kind, schema, required=negated) or self._comparison(path, kind, schema)
        return (lambda row: _known(row, path, kind) and not asked(row)) if negated else asked

    def _text_test(self, path: str, kind: str, schema: Schema, *, required: bool) -> Predicate | None:
        if self._took("keyword", "in"):
            return self._in(path, kind, schema)
        for name in ("contains", "like"):
            if self._took("keyword", name):
                if kind != "text":
                    raise bad_condition(f"{name} is for text, but {path} is {kind}.")
                wanted = self._want("text").value.casefold()
                return _contains(path, wanted) if name == "contains" else _like(path, wanted)
        if required:
            raise self._unexpected("'in', 'like' or 'contains'")
        return None

    def _in(self, path: str, kind: str, schema: Schema) -> Predicate:
        self._want("mark", "(")
        wanted = [self._literal(path, kind, schema)]
        while self._took("mark", ","):
            wanted.append(self._literal(path, kind, schema))
        self._want("mark", ")")
        return lambda row: (found := value_at(row, path, kind)) is not None and found in wanted

    def _comparison(self, path: str, kind: str, schema: Schema) -> Predicate:
        word = self._want("operator")
        compare = _COMPARE[word.value]
        if self._took("null"):
            if word.value not in {"=", "!="}:
                raise bad_condition(f"null can only be compared with = and !=, not {word.value}.")
            return lambda row: _known(row, path, kind) is (word.value == "!=")
        if word.value not in {"=", "!="} and kind in {"boolean", "enum"}:
            raise bad_condition(f"{path} can only be compared with = and !=, not {word.value}.")
        wanted = self._literal(path, kind, schema)
        return lambda row: (found := value_at(row, path, kind)) is not None and compare(found, wanted)

    def _literal(self, path: str, kind: str, schema: Schema) -> Any:
        word = self._next()
        if word is None or word.kind not in _LITERALS:
            raise self._unexpected("a value", back=word is not None)
        if word.kind != {"enum": "text"}.get(kind, kind):
            raise bad_condition(f"{path} is {kind}, but the value at position {word.at} is {word.kind}.")
        if kind == "enum" and word.value.casefold() not in {name.casefold() for name in schema["enum"]}:
            raise bad_condition(f"Enum value supplied was invalid: {word.value} is no {path}.")
        return word.value.casefold() if word.kind == "text" else word.value

    def _next(self) -> Word | None:
        if self._place == len(self._words):
            return None
        self._place += 1
        return self._words[self._place - 1]

    def _took(self, kind: str, value: str | None = None) -> bool:
        word = self._words[self._place] if self._place < len(self._words) else None
        taken = word is not None and word.kind == kind and (value is None or word.value == value)
        self._place += taken
        return taken

    def _want(self, kind: str, value: str | None = None) -> Word:
        if not self._took(kind, value):
            raise self._unexpected(repr(value) if value else kind)
        return self._words[self._place - 1]

    def _unexpected(self, wanted: str, *, back: bool = False) -> Exception:
        place = self._place - back
        if place >= len(self._words):
            return bad_condition(f"The condition ends where {wanted} is expected.")
        word = self._words[place]
        return bad_condition(f"Expected {wanted} at position {word.at}, found {word.value!r}.")


def _known(row: dict[str, Any], path: str, kind: str) -> bool:
    return value_at(row, path, kind) is not None


def _contains(path: str, wanted: str) -> Predicate:
    return lambda row: wanted in (value_at(row, path, "text") or "")


def _like(path: str, wanted: str) -> Predicate:
    parts = [re.escape(part) for part in re.split(r"[%*]", wanted)]
    pattern = re.compile(".*".join(parts), re.DOTALL)
    return lambda row: pattern.fullmatch(value_at(row, path, "text") or "") is not None
