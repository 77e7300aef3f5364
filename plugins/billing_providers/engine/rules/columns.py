"""Rows in columns of distinct values: a rule decides once per distinct value, never once per row.

A :class:`Column` is a list of values and one code per row that points into it. Rules test and change values; the
rows follow through their codes. Two codes may hold equal values after changes, so equality is asked of values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes: TypeAlias = npt.NDArray[np.int64]  # also row numbers
    Mask: TypeAlias = npt.NDArray[np.bool_]
    Objects: TypeAlias = npt.NDArray[np.object_]


def trimmed(value: Any) -> Any:
    """Return a text without blanks around it, as texts are compared here; anything else as it is."""
    return value.strip() if isinstance(value, str) else value


@dataclass(slots=True)
class Column:
    """One value per row: ``values[codes[row]]``. Absent is ``None``."""

    codes: Codes
    values: list[Any]

    @classmethod
    def of(cls, objects: Objects) -> Column:
        """Return the column of an array of objects."""
        import numpy as np
        import pandas as pd

        codes, uniques = pd.factorize(objects)
        values = list(uniques)
        codes = codes.astype(np.int64, copy=False)
        if (absent := codes < 0).any():
            codes[absent] = len(values)
            values.append(None)
        return cls(codes, values)

    @classmethod
    def filled(cls, length: int, value: Any) -> Column:
        """Return a column that holds one value everywhere."""
        import numpy as np

        return cls(np.zeros(length, dtype=np.int64), [value])

    def objects(self) -> Objects:
        """Return one object per row."""
        return _array(self.values)[self.codes]

    def taken(self, rows: Codes) -> Column:
        """Return the column of some rows, in their order. The values are shared, so only for columns that stay."""
        return Column(self.codes[rows], list(self.values))

    def where(self, holds: Callable[[Any], bool]) -> Mask:
        """Return the rows whose value passes a test."""
        import numpy as np

        hits = np.fromiter((holds(value) for value in self.values), dtype=bool, count=len(self.values))
        return hits[self.codes]

    def used(self, mask: Mask) -> list[int]:
        """Return the codes that occur in the masked rows, ascending."""
        import numpy as np

        return [int(code) for code in np.flatnonzero(np.bincount(self.codes[mask], minlength=len(self.values)))]

    def put(self, mask: Mask, value: Any) -> None:
        """Give the masked rows one value."""
        self.codes[mask] = len(self.values)
        self.values.append(value)

    def change(self, mask: Mask, changed: Callable[[Any], Any]) -> None:
        """Replace each value of the masked rows by what a function makes of it."""
        self.copy(mask, self, changed)

    def copy(self, mask: Mask, other: Column, changed: Callable[[Any], Any] = lambda value: value) -> None:
        """Give the masked rows their value of another column, changed by a function."""
        import numpy as np

        used = other.used(mask)
        moved = np.zeros(len(other.values), dtype=np.int64)
        moved[used] = np.arange(len(self.values), len(self.values) + len(used))
        self.values.extend([changed(other.values[code]) for code in used])
        self.codes[mask] = moved[other.codes[mask]]

    def ranks(self) -> tuple[Codes, int]:
        """Return one rank per row, in the order of the trimmed texts, and how many ranks there are."""
        import numpy as np

        texts = [value.strip() for value in self.values]
        rank_of = {text: rank for rank, text in enumerate(sorted(set(texts)))}
        return np.array([rank_of[text] for text in texts], dtype=np.int64)[self.codes], len(rank_of)

    def by_value(self) -> Codes:
        """Return codes that are equal exactly where the trimmed values are."""
        import numpy as np

        code_of: dict[Any, int] = {}
        same = [code_of.setdefault(trimmed(value), len(code_of)) for value in self.values]
        return np.array(same, dtype=np.int64)[self.codes]


class Table:
    """Rows whose columns are made when a rule asks for them.

    :param length: number of rows.
    :param source: returns the objects of a column by name, for columns that nobody has made yet.
    """

    def __init__(self, length: int, source: Callable[[str], Objects], columns: dict[str, Column] | None = None) -> None:
        self.length = length
        self._source = source
        self.columns = columns or {}

    def column(self, name: str) -> Column:
        """Return a column, to test or to change. ``attributes.<key>`` is one key of the attributes, as text."""
        found = self.columns.get(name)
        if found is None:
            field, _, key = name.partition(".")
            if key:
                whole = self.column(field)
                return Column(whole.codes, _attribute_texts(whole.values, key))
            found = self.columns[name] = Column.of(self._source(name))
        return found

    def objects(self, name: str) -> Objects:
        """Return one object per row, without coding the column when nobody needed that."""
        found = self.columns.get(name)
        return self._source(name) if found is None else found.objects()

    def everywhere(self) -> Mask:
        """Return a mask of all rows."""
        import numpy as np

        return np.ones(self.length, dtype=bool)


class Trail:
    """Which rules touched each row, in order."""

    def __init__(self, length: int) -> None:
        self._column = Column.filled(length, ())

    def mark(self, mask: Mask, rule: str) -> None:
        """Note that a rule touched the masked rows."""
        self._column.change(mask, lambda names: (*names, rule))

    def first_of(self, names: Collection[str]) -> Objects:
        """Return for each row the first of some rules that touched it; empty where none did."""
        firsts = [next((name for name in touched if name in names), "") for touched in self._column.values]
        return Column(self._column.codes, firsts).objects()

    def texts(self) -> Objects:
        """Return the names of the rules of each row, comma separated."""
        return Column(self._column.codes, [", ".join(names) for names in self._column.values]).objects()


def _array(values: Sequence[Any]) -> Objects:
    import numpy as np

    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _attribute_texts(attributes: Sequence[str | None], key: str) -> list[str | None]:
    from billing_providers.engine.rules.attributes import attribute_text

    return [attribute_text(text, key) for text in attributes]
