"""A query, built so that it can say only what the API knows, and each row of the answer held against it.

Autotask ignores a clause that it does not know, an operator or a field, and answers everything (seen: a client's
changelog, twice). So operators are an enumeration, fields are checked against those that the entity has, and a row that
does not fit the filter is an error. A date-time is compared as a whole day: from its midnight, to its last second (seen
in one client). At most 500 alternatives go into one query, values of a list included (seen: the vendor's help).

>>> Clause("startDate", Operator.LTE, date(2026, 11, 30)).body()
{'op': 'lte', 'field': 'startDate', 'value': '2026-11-30T23:59:59'}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from billing_providers.hooks.http.fields import Fields

ALTERNATIVES_MAX = 500

Value = int | str | bool | date | tuple[int, ...] | None


class Operator(StrEnum):
    """The operators that this product uses; the API has more, and ignores what it does not know."""

    EQ = "eq"
    GTE = "gte"
    LTE = "lte"
    IN = "in"
    EXIST = "exist"
    NOT_EXIST = "notExist"


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a field. Without value for the last two operators, a tuple of ids for ``IN``.

    :raises ValueError: for a value that the operator does not take.
    """

    field: str
    operator: Operator
    value: Value = None

    def __post_init__(self) -> None:
        if not _TAKES[self.operator](self.value):
            raise ValueError(f"query: {self.field} {self.operator.value} does not take {self.value!r}")

    def body(self) -> dict[str, Any]:
        """Return the clause as it is sent."""
        sent: dict[str, Any] = {"op": self.operator.value, "field": self.field}
        if isinstance(self.value, tuple):
            return {**sent, "value": list(self.value)}
        if isinstance(self.value, date):
            time = "23:59:59" if self.operator is Operator.LTE else "00:00:00"
            return {**sent, "value": f"{self.value.isoformat()}T{time}"}
        return sent if self.value is None else {**sent, "value": self.value}

    def fields(self) -> tuple[str, ...]:
        """Return the fields that are compared."""
        return (self.field,)

    def holds(self, row: Fields) -> bool:
        """Whether a row fits."""
        if self.operator in {Operator.EXIST, Operator.NOT_EXIST}:
            return (row.get(self.field) is not None) is (self.operator is Operator.EXIST)
        if isinstance(self.value, date):
            day = row.day(self.field)
            return day is not None and (day >= self.value if self.operator is Operator.GTE else day <= self.value)
        held = row.get(self.field)
        return held in self.value if isinstance(self.value, tuple) else held == self.value

    def alternatives(self) -> int:
        """Return what the clause counts for in the limit of alternatives."""
        return len(self.value) if isinstance(self.value, tuple) else 0


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these clauses holds."""

    clauses: tuple[Clause, ...]

    def body(self) -> dict[str, Any]:
        """Return the group as it is sent."""
        return {"op": "or", "items": [clause.body() for clause in self.clauses]}

    def fields(self) -> tuple[str, ...]:
        """Return the fields that are compared."""
        return tuple(clause.field for clause in self.clauses)

    def holds(self, row: Fields) -> bool:
        """Whether a row fits."""
        return any(clause.holds(row) for clause in self.clauses)

    def alternatives(self) -> int:
        """Return what the group counts for in the limit of alternatives."""
        return len(self.clauses)


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of one entity for which all clauses hold.

    :param fields: fields that are wanted; ``id`` and the fields of the clauses come along.
    :raises ValueError: without a clause, since the API takes no such query, and for more than 500 alternatives.
    """

    entity: str
    fields: tuple[str, ...]
    where: tuple[Clause | AnyOf, ...]

    def __post_init__(self) -> None:
        if not self.where:
            raise ValueError(f"query of {self.entity}: give at least one clause")
        if (alternatives := sum(clause.alternatives() for clause in self.where)) > ALTERNATIVES_MAX:
            raise ValueError(f"query of {self.entity}: {alternatives} alternatives; at most {ALTERNATIVES_MAX}")

    def names(self) -> tuple[str, ...]:
        """Return the fields of the answer: ``id`` first, each once."""
        compared = (name for clause in self.where for name in clause.fields())
        return tuple(dict.fromkeys(("id", *self.fields, *compared)))

    def filter(self) -> list[dict[str, Any]]:
        """Return the filter as it is sent."""
        return [clause.body() for clause in self.where]

    def fits(self, row: Fields) -> bool:
        """Whether a row is one that was asked for."""
        return all(clause.holds(row) for clause in self.where)


def chunks(ids: Sequence[int], *, beside: int = 0) -> Iterator[tuple[int, ...]]:
    """Cut ids into parts that one query takes, beside so many other alternatives."""
    size = ALTERNATIVES_MAX - beside
    for start in range(0, len(ids), size):
        yield tuple(ids[start : start + size])


def _is_id_or_text(value: Value) -> bool:
    return isinstance(value, int | str | bool) and value != ""


_TAKES: dict[Operator, Callable[[Value], bool]] = {
    Operator.EQ: _is_id_or_text,
    Operator.GTE: lambda value: isinstance(value, date),
    Operator.LTE: lambda value: isinstance(value, date),
    Operator.IN: lambda value: isinstance(value, tuple) and bool(value),
    Operator.EXIST: lambda value: value is None,
    Operator.NOT_EXIST: lambda value: value is None,
}
