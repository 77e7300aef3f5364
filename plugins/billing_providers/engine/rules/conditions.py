"""What a billing rule matches on: tests of one value, joined to conditions on fields.

Texts are compared without blanks around them and case-sensitively. An absent value (no text, no number) passes no
test but ``absent`` and a negation. Each test holds both what it decides and how a person would say it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from billing_providers.engine.rules.columns import trimmed
from billing_providers.model.charges import ChargeLine
from billing_providers.model.decimals import DecimalError, decimal_from_text, text_from_decimal
from billing_providers.model.usage import UsageRecord

ATTRIBUTE_PREFIX = "attributes."


class FieldType(StrEnum):
    """What a field holds, and so which tests it takes."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"
    KIND = "kind"


_TYPE_OF_ANNOTATION = {
    "str": FieldType.TEXT,
    "Decimal": FieldType.NUMBER,
    "Decimal | None": FieldType.NUMBER,
    "int": FieldType.NUMBER,
    "date | None": FieldType.DATE,
    "bool": FieldType.FLAG,
    "UsageKind": FieldType.KIND,
}


def _field_types(row_type: type[Any], *without: str) -> dict[str, FieldType]:
    return {
        field.name: _TYPE_OF_ANNOTATION[str(field.type)]
        for field in fields(row_type)
        if field.name not in {"attributes", *without}
    }


# Fields that row rules and line rules may name, besides ``attributes.<key>``.
ROW_FIELDS = _field_types(UsageRecord)
LINE_FIELDS = _field_types(ChargeLine, "charge_no", "steps")


class ValueTest(Protocol):
    """One test of one value."""

    def holds(self, value: Any) -> bool:
        """Whether a value passes."""

    def explain(self) -> str:
        """Return the test as the end of a sentence that begins with the field's name."""

    def canonical(self) -> object:
        """Return the test as JSON, equal exactly for tests that decide alike."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these."""

    values: frozenset[Any]

    def holds(self, value: Any) -> bool:
        """Whether it is one of them; texts without blanks around them."""
        return value is not None and trimmed(value) in self.values

    def explain(self) -> str:
        """Say which."""
        names = sorted(said(value) for value in self.values)
        return f"is {names[0]}" if len(names) == 1 else f"is one of {', '.join(names)}"

    def canonical(self) -> object:
        """Return the values, sorted."""
        return {"one_of": sorted(written(value) for value in self.values)}


@dataclass(frozen=True, slots=True)
class Prefix:
    """The text starts with this."""

    text: str

    def holds(self, value: Any) -> bool:
        """Whether it does."""
        return isinstance(value, str) and value.strip().startswith(self.text)

    def explain(self) -> str:
        """Say with what."""
        return f"starts with {said(self.text)}"

    def canonical(self) -> object:
        """Return the prefix."""
        return {"prefix": self.text}


@dataclass(frozen=True)
class Pattern:
    """The whole text fits a pattern: ``glob`` with ``*``, ``?``, ``[…]``, or ``regex`` as Python writes it."""

    kind: str
    pattern: str

    @cached_property
    def _fits(self) -> Callable[[str], object]:
        return re.compile(fnmatch.translate(self.pattern) if self.kind == "glob" else self.pattern).fullmatch

    def holds(self, value: Any) -> bool:
        """Whether the trimmed text fits from its first to its last character."""
        return isinstance(value, str) and self._fits(value.strip()) is not None

    def explain(self) -> str:
        """Say which."""
        return f"fits {self.kind} {said(self.pattern)}"

    def canonical(self) -> object:
        """Return the pattern."""
        return {self.kind: self.pattern}


@dataclass(frozen=True, slots=True)
class Between:
    """The number or date lies between two bounds, both included; ``None`` is open. An attribute counts as a number."""

    low: Decimal | date | None
    high: Decimal | date | None

    def holds(self, value: Any) -> bool:
        """Whether it does; a text that is no number does not."""
        if isinstance(value, str):
            try:
                value = decimal_from_text(value)
            except DecimalError:
                return False
        if value is None or (isinstance(value, Decimal) and value.is_nan()):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def explain(self) -> str:
        """Say which bounds."""
        if self.low is None:
            return f"is at most {said(self.high)}"
        return f"is at least {said(self.low)}" if self.high is None else f"is {said(self.low)} to {said(self.high)}"

    def canonical(self) -> object:
        """Return the bounds."""
        return {"between": [None if bound is None else written(bound) for bound in (self.low, self.high)]}


@dataclass(frozen=True, slots=True)
class Absent:
    """The value is absent (``wanted``) or present: an empty text, or no number or date at all."""

    wanted: bool

    def holds(self, value: Any) -> bool:
        """Whether that is so."""
        return (value is None or trimmed(value) == "") is self.wanted

    def explain(self) -> str:
        """Say which."""
        return "is empty" if self.wanted else "is not empty"

    def canonical(self) -> object:
        """Return which."""
        return {"absent": self.wanted}


@dataclass(frozen=True, slots=True)
class Not:
    """Some of these tests fail."""

    tests: tuple[ValueTest, ...]

    def holds(self, value: Any) -> bool:
        """Whether some fail."""
        return not all(test.holds(value) for test in self.tests)

    def explain(self) -> str:
        """Say what must not hold."""
        words = " and ".join(test.explain() for test in self.tests)
        simple = len(self.tests) == 1 and words.startswith("is ")
        return words.replace("is ", "is not ", 1) if simple else f"is not what {words}"

    def canonical(self) -> object:
        """Return what is negated."""
        return {"not": [test.canonical() for test in self.tests]}


@dataclass(frozen=True, slots=True)
class Condition:
    """All tests of one field hold."""

    field: str
    tests: tuple[ValueTest, ...]

    def holds(self, value: Any) -> bool:
        """Whether a value of the field passes all tests."""
        return all(test.holds(value) for test in self.tests)

    def explain(self) -> str:
        """Return the condition as words: ``sku starts with 'TRIAL-'``."""
        return " and ".join(f"{self.field} {test.explain()}" for test in self.tests)

    def canonical(self) -> object:
        """Return the condition as JSON."""
        return [self.field, [test.canonical() for test in self.tests]]


class Unconditional:
    """An action that takes every row or line; the rule's own conditions choose."""

    __slots__ = ()

    def conditions(self) -> tuple[Condition, ...]:
        """Demand nothing."""
        return ()


def said(value: object) -> str:
    """Return a value as a person would read it: texts in quotes."""
    return f"'{value}'" if isinstance(value, str) and not isinstance(value, StrEnum) else written(value)


def written(value: object) -> str:
    """Return the canonical text of a value of a rule."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_from_decimal(value) if isinstance(value, Decimal) else str(value)
