"""Reads what a billing rule matches on.

::

    match:
      sku: MS365-BP                 # equals
      customer_code: [ASP, FR1]     # one of
      term: {not: yearly}           # negation, of a value, a list or tests
      quantity: {min: 1, max: 50}   # both included
      period_end: {from: 2026-01-01, until: 2026-12-31}
      description: {glob: "*backup*"}
      attributes.site: {prefix: NO-}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from billing_providers.engine.rules.conditions import (
    ATTRIBUTE_PREFIX,
    Absent,
    Between,
    Condition,
    FieldType,
    Not,
    OneOf,
    Pattern,
    Prefix,
    ValueTest,
    said,
)
from billing_providers.engine.rules.reading import NodeReader
from billing_providers.model.usage import UsageKind

_TEXT_TESTS = ("equals", "in", "prefix", "glob", "regex", "absent", "not")
_TESTS: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: _TEXT_TESTS,
    FieldType.NUMBER: ("equals", "in", "min", "max", "absent", "not"),
    FieldType.DATE: ("equals", "in", "from", "until", "absent", "not"),
    FieldType.FLAG: ("equals", "not"),
    FieldType.KIND: ("equals", "in", "not"),
}
_ATTRIBUTE_TESTS = (*_TEXT_TESTS, "min", "max")


def read_conditions(
    reader: NodeReader, node: yaml.Node, key: str, fields: Mapping[str, FieldType], *, what: str
) -> list[Condition]:
    """Return the conditions of a ``match`` block, in the order of the file.

    :param fields: the fields that may be named, besides attributes.
    :param what: how messages call such a field.
    """
    conditions: list[Condition] = []
    for name, (name_node, value_node) in (reader.mapping(node, key) or {}).items():
        if name.startswith(ATTRIBUTE_PREFIX) and name != ATTRIBUTE_PREFIX:
            field = _Field(reader, FieldType.TEXT, _ATTRIBUTE_TESTS)
        elif name in fields:
            field = _Field(reader, fields[name], _TESTS[fields[name]])
        else:
            reader.unknown(name_node, f"{key}.{name}", [*fields, f"{ATTRIBUTE_PREFIX}<key>"], what=what)
            continue
        tests = field.tests(value_node, f"{key}.{name}")
        if tests:
            conditions.append(Condition(name, tuple(tests)))
    return conditions


def read_value(reader: NodeReader, node: yaml.Node, key: str, field_type: FieldType) -> Any:
    """Return one value of a field's type, texts without blanks around them; ``None`` after a fault."""
    if field_type is FieldType.NUMBER:
        return reader.number(node, key)
    if field_type is FieldType.DATE:
        return reader.day(node, key)
    if field_type is FieldType.FLAG:
        return reader.flag(node, key)
    if field_type is FieldType.KIND:
        word = reader.word(node, key, [kind.value for kind in UsageKind], what="kind")
        return None if word is None else UsageKind(word)
    text = reader.text(node, key, empty=True)
    return None if text is None else text.strip()


@dataclass(frozen=True, slots=True)
class _Field:
    """Reads the tests of one field."""

    reader: NodeReader
    field_type: FieldType
    allowed: tuple[str, ...]

    def tests(self, node: yaml.Node, key: str, *, negated: bool = False) -> list[ValueTest]:
        """Return the tests in a value, a list of values, or a mapping of tests; nothing after a fault."""
        if isinstance(node, yaml.SequenceNode):
            return self._one_of(node, key)
        if not isinstance(node, yaml.MappingNode):
            value = read_value(self.reader, node, key, self.field_type)
            return [] if value is None else [OneOf(frozenset([value]))]
        entries = self.reader.known(node, key, self.allowed, what=f"test of a {self.field_type} field")
        tests: list[ValueTest] = []
        for name, value_node in (entries or {}).items():
            if name == "not" and negated:
                self.reader.fault(value_node, f"{key}.not", "is a negation inside a negation")
            elif name not in {"max", "until"} or not {"min", "from"} & set(entries or {}):
                tests += self._test(name, value_node, f"{key}.{name}", entries or {})
        if entries == {} and not node.value:
            self.reader.fault(node, key, "has no test", allowed=", ".join(self.allowed))
        return tests

    def _test(self, name: str, node: yaml.Node, key: str, entries: Mapping[str, yaml.Node]) -> list[ValueTest]:
        if name == "not":
            tests = self.tests(node, key, negated=True)
            return [Not(tuple(tests))] if tests else []
        if name in {"min", "max", "from", "until"}:
            return self._between(node, key.rpartition(".")[0], entries)
        if name == "in":
            return self._one_of(node, key)
        if name == "absent":
            flag = self.reader.flag(node, key)
            return [] if flag is None else [Absent(flag)]
        if name == "equals":
            value = read_value(self.reader, node, key, self.field_type)
            return [] if value is None else [OneOf(frozenset([value]))]
        text = self.reader.text(node, key)
        return [] if text is None else self._text_test(name, text, node, key)

    def _text_test(self, name: str, text: str, node: yaml.Node, key: str) -> list[ValueTest]:
        if name == "prefix":
            return [Prefix(text)]
        pattern = Pattern(name, text)
        try:
            pattern.holds("")
        except (re.error, RecursionError, OverflowError) as error:
            self.reader.fault(node, key, f"is no {name}: {error}", allowed="a pattern for the whole text")
            return []
        return [pattern]

    def _one_of(self, node: yaml.Node, key: str) -> list[ValueTest]:
        nodes = self.reader.entries(node, key)
        if nodes == []:
            self.reader.fault(node, key, "is an empty list")
        values = [read_value(self.reader, entry, key, self.field_type) for entry in nodes or []]
        return [OneOf(frozenset(values))] if values and None not in values else []

    def _between(self, node: yaml.Node, key: str, entries: Mapping[str, yaml.Node]) -> list[ValueTest]:
        read: Callable[[yaml.Node, str], Decimal | date | None]
        read = self.reader.day if self.field_type is FieldType.DATE else self.reader.number
        names = ("from", "until") if self.field_type is FieldType.DATE else ("min", "max")
        low, high = (read(entries[name], f"{key}.{name}") if name in entries else None for name in names)
        if any(bound is None and name in entries for bound, name in zip((low, high), names, strict=True)):
            return []
        if low is not None and high is not None and low > high:  # type: ignore[operator]
            self.reader.fault(node, key, f"no value is from {said(low)} to {said(high)}", shown=False)
            return []
        return [Between(low, high)]
