"""Columns that the planner counts in: texts as codes, quantities as exact integers of one common scale.

What is decided once per customer, SKU or contract is plain Python; what happens per row is done here, on arrays.
Integers are 64 bits wide where the largest possible sum fits, and Python's own where it does not: the same
statements run on both, so both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from billing_providers.model.decimals import EXACT, Rounding, round_decimal

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

_SUM_MAX = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A text column as codes: row ``i`` holds ``labels[codes[i]]``."""

    codes: Array
    labels: list[str]

    def selected(self, chosen: Callable[[str], bool]) -> Array:
        """Return a mask of the rows whose label is chosen; each label is asked once."""
        import numpy as np

        return np.fromiter((chosen(label) for label in self.labels), dtype=bool, count=len(self.labels))[self.codes]


def labels_of(column: Iterable[str]) -> Labels:
    """Return a text column as codes of its trimmed texts; an absent text counts as empty."""
    import numpy as np
    import pandas as pd

    codes, raw = pd.factorize(_objects(column), use_na_sentinel=True)
    texts = [str(text).strip() for text in raw]
    if (codes < 0).any():
        codes = np.where(codes < 0, len(texts), codes)
        texts.append("")
    position: dict[str, int] = {}
    merged = np.fromiter((position.setdefault(text, len(position)) for text in texts), dtype=np.int64, count=len(texts))
    return Labels(merged[codes] if texts else np.zeros(0, dtype=np.int64), list(position))


def pairs_of(left: Array, right: Array, width: int) -> tuple[Array, Array, Array]:
    """Return codes of the distinct pairs, and the left and right code of each; ``width`` is above every right code."""
    import pandas as pd

    codes, combined = pd.factorize(left * width + right)
    return codes, combined // width, combined % width


def firsts(groups: Array, values: Array, count: int) -> tuple[Array, Array]:
    """Return the value of each group's first row, and a mask of the groups whose rows differ; -1 for empty groups."""
    import numpy as np

    first = np.full(count, -1, dtype=np.int64)
    first[groups[::-1]] = values[::-1]
    mixed = np.zeros(count, dtype=bool)
    mixed[groups[values != first[groups]]] = True
    return first, mixed


def sums(groups: Array, units: Array, count: int) -> Array:
    """Return the exact sum of each group."""
    import numpy as np

    total = np.zeros(count, dtype=units.dtype)
    np.add.at(total, groups, units)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Turns decimals into integers of ``10 ** -places`` and back."""

    places: int

    def decimal(self, units: int) -> Decimal:
        """Return one integer as a plain decimal without trailing zeros."""
        return plain(Decimal(int(units)).scaleb(-self.places, EXACT))

    def decimals(self, units: Array) -> list[Decimal]:
        """Return integers as plain decimals; equal integers give one object."""
        import pandas as pd

        codes, distinct = pd.factorize(units)
        texts = [self.decimal(number) for number in distinct.tolist()]
        return [texts[code] for code in codes.tolist()]

    def units(self, number: Decimal) -> int:
        """Return a decimal as an integer; it must have no more places than the scale."""
        return int(number.scaleb(self.places, EXACT))

    def rounded(self, units: Array, places: int, rule: Rounding) -> Array:
        """Return the integers, at the same scale, rounded once to a number of decimal places."""
        import numpy as np

        step = 10 ** (self.places - places)
        if step <= 1:
            return units
        result = units.astype(object if step >= _SUM_MAX else units.dtype)
        known: dict[int, int] = {}
        for row in np.nonzero(result % step)[0]:
            number = int(units[row])
            if number not in known:
                known[number] = self.units(round_decimal(self.decimal(number), places, rule))
            result[row] = known[number]
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """One column of a common scale. Rows whose value is absent or no finite decimal are 0 and masked in ``missing``."""

    units: Array
    missing: Array


def scaled(columns: Sequence[Iterable[Decimal | None]], places_min: int = 0) -> tuple[Scale, list[Scaled]]:
    """Return columns of decimals as integers of one scale that holds all of them exactly."""
    import numpy as np
    import pandas as pd

    coded = [pd.factorize(_objects(column), use_na_sentinel=True) for column in columns]
    places, largest, rows = max(places_min, 0), 1, 1
    for codes, distinct in coded:
        exponents = [-int(value.normalize(EXACT).as_tuple().exponent) for value in distinct if _is_finite(value)]
        places, rows = max([places, *exponents]), rows + len(codes)
    scale = Scale(places)
    numbers = [[scale.units(value) if _is_finite(value) else None for value in distinct] for _, distinct in coded]
    for column in numbers:
        largest = max([largest, *(abs(number) for number in column if number is not None)])
    dtype = np.int64 if max(largest * rows, 10**places) < _SUM_MAX else object
    result = []
    for (codes, _), column in zip(coded, numbers, strict=True):
        known = np.array([number or 0 for number in column] + [0], dtype=dtype)
        absent = np.array([number is None for number in column] + [True], dtype=bool)
        result.append(Scaled(known[codes], absent[codes]))
    return scale, result


def product(left: Array, right: Array) -> Array:
    """Return the exact products of two integer columns, wide enough to be summed."""
    bound = _largest(left) * _largest(right) * max(len(left), 1)
    narrow = bound < _SUM_MAX and left.dtype.kind == right.dtype.kind == "i"
    result: Array = left * right if narrow else left.astype(object) * right.astype(object)
    return result


def plain(number: Decimal) -> Decimal:
    """Return an equal decimal without exponent and without trailing zeros, so that equal numbers look equal."""
    short = number.normalize(EXACT)
    return short.quantize(Decimal(1), context=EXACT) if int(short.as_tuple().exponent) > 0 else short


def _largest(column: Array) -> int:
    return max(abs(int(column.max())), abs(int(column.min()))) if len(column) else 0


def _is_finite(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


def _objects(column: Iterable[Any]) -> Array:
    import numpy as np

    if hasattr(column, "to_numpy"):
        return np.asarray(column.to_numpy(), dtype=object)
    values = column if isinstance(column, list) else list(column)
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects
