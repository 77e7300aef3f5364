"""The ``filter`` of a query: read strictly where the PSA is strict, and ignored where it ignores.

An operator or a field that does not exist is **dropped without a word** (seen in a client's changelog), so that the
query returns more than was asked for, or everything. Texts compare without regard to case, and null is neither equal
to a value nor different from one, as in the database that the PSA runs on (assumed).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing_providers.sandbox.autotask.errors import invalid
from billing_providers.sandbox.autotask.spec import BOOLEAN, NOT_QUERYABLE, TEXT, specification
from billing_providers.sandbox.autotask.values import comparable, query_value

Record = dict[str, Any]
Predicate = Callable[[Record], bool]
Ignore = Callable[[str], None]

OR_MAX = 500
TOO_MANY_ORS = "Queries are limited to 500 or fewer 'OR' conditions."  # seen
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "noteq": operator.ne, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt,
    "lte": operator.le,
}  # fmt: skip
_TEXTUAL: dict[str, Callable[[str, str], bool]] = {
    "beginswith": str.startswith, "endswith": str.endswith, "contains": operator.contains,
}  # fmt: skip
_LISTED, _PRESENT, _GROUPS = ("in", "notin"), ("exist", "notexist"), ("and", "or")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a filter asks for.

    :param lets_pass: None: nothing of it was understood, so everything passes.
    :param wanted: values that a field must have by the outermost conditions; a hint that narrows what is looked at.
    :param bounds: the outermost comparisons of dates and ids: field, operator, value.
    """

    lets_pass: Predicate | None
    wanted: dict[str, frozenset[Any]]
    bounds: tuple[tuple[str, str, Any], ...]


def read_filter(entity: str, conditions: Any, ignore: Ignore) -> Asked:
    """Read the filter of a query.

    :param ignore: is told what is dropped.
    :raises AtRefusal: 500 for what the PSA refuses.
    """
    if not isinstance(conditions, list) or not conditions:
        raise invalid("The query must contain a filter with at least one condition.")
    if _ors(conditions) > OR_MAX:
        raise invalid(TOO_MANY_ORS)
    reader = _Reader(entity, ignore)
    parts = [part for entry in conditions if (part := reader.read(entry, outermost=True))]
    return Asked(_all(parts) if parts else None, reader.wanted, tuple(reader.bounds))


def _ors(conditions: list[Any], *, within_or: bool = False) -> int:
    """Count OR conditions: the items of ``or`` groups, and the values of lists (seen)."""
    total = 0
    for entry in conditions:
        if not isinstance(entry, dict):
            continue
        named = {name.lower(): value for name, value in entry.items()}
        name, items = str(named.get("op", "")).lower(), named.get("items")
        value = named.get("value")
        if isinstance(items, list):
            total += _ors(items, within_or=name == "or")
        elif name in _LISTED and isinstance(value, list):
            total += len(value)
        elif within_or:
            total += 1
    return total


def _all(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)


def _any(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)


class _Reader:
    def __init__(self, entity: str, ignore: Ignore) -> None:
        self._entity = entity
        self._ignore = ignore
        self.wanted: dict[str, frozenset[Any]] = {}
        self.bounds: list[tuple[str, str, Any]] = []

    def read(self, entry: Any, *, outermost: bool = False) -> Predicate | None:
        if not isinstance(entry, dict):
            raise invalid(f"A condition must be an object, not {entry!r}.")
        named = {name.lower(): value for name, value in entry.items()}
        for name in named.keys() - {"op", "field", "value", "udf", "items"}:
            self._ignore(f"a condition has no {name}")
        name = str(named.get("op", "")).lower()
        if name in _GROUPS:
            return self._group(name, named.get("items"), outermost=outermost and name == "and")
        if name not in (*_ORDERED, *_TEXTUAL, *_LISTED, *_PRESENT):
            self._ignore(f"there is no operator {named.get('op')!r}")
            return None
        field = self._field(named)
        return self._condition(field, name, named.get("value"), outermost=outermost) if field else None

    def _group(self, name: str, items: Any, *, outermost: bool) -> Predicate | None:
        if not isinstance(items, list) or not items:
            self._ignore(f"a group {name!r} without items")
            return None
        parts = [part for entry in items if (part := self.read(entry, outermost=outermost))]
        if not parts:
            return None
        return _all(parts) if name == "and" else _any(parts)

    def _field(self, named: dict[str, Any]) -> str | None:
        given = str(named.get("field", ""))
        spelling = None if named.get("udf") else specification().spelling(self._entity, given)
        if spelling is None and given.lower() == "isactive":
            # Seen: 500. Text: assumed.
            raise invalid(f"Unable to find {given} in the {specification().name(self._entity)} Entity.")
        if spelling is None:
            self._ignore(f"{specification().name(self._entity)} has no field {given!r}")
        elif (self._entity, spelling) in NOT_QUERYABLE:
            raise invalid(f"The field {spelling} cannot be queried.")
        return spelling

    def _condition(self, field: str, name: str, value: Any, *, outermost: bool) -> Predicate:
        kind = specification().kind(self._entity, field)
        if name in _PRESENT:
            present = name == "exist"
            return lambda row: (row[field] is not None) is present
        if name in _LISTED:
            if not isinstance(value, list):
                raise invalid(f"The operator {name} wants a list of values for {field}.")
            values = frozenset(query_value(field, kind, entry) for entry in value)
            if outermost and name == "in":
                self._narrow(field, values)
            among = name == "in"
            return lambda row: (found := comparable(kind, row[field])) is not None and (found in values) is among
        wanted = query_value(field, kind, value)
        if name in _TEXTUAL:
            return self._text(field, kind, _TEXTUAL[name], wanted)
        if kind == BOOLEAN and name not in ("eq", "noteq"):
            raise invalid(f"The operator {name} is not valid for {field}.")
        if outermost:
            self.bounds.append((field, name, wanted))
            if name == "eq":
                self._narrow(field, frozenset({wanted}))
        compare = _ORDERED[name]
        return lambda row: (found := comparable(kind, row[field])) is not None and compare(found, wanted)

    def _text(self, field: str, kind: str, test: Callable[[str, str], bool], wanted: Any) -> Predicate:
        if kind != TEXT:
            raise invalid(f"The field {field} is no text.")
        return lambda row: (found := comparable(kind, row[field])) is not None and test(found, wanted)

    def _narrow(self, field: str, values: frozenset[Any]) -> None:
        self.wanted[field] = self.wanted.get(field, values) & values
