"""Rows in columns: what is decided once per customer or SKU is plain Python, what is counted per row is a frame.

A frame of a row type is a ``pandas.DataFrame`` whose columns are the fields of that frozen dataclass, in
order, all of dtype ``object`` (exact ``Decimal``, ``date``, ``str``, ``None`` for absent), index 0…n-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row")


def frame_of(row_type: type[Row], rows: Iterable[Row]) -> pd.DataFrame:
    """Return the rows as a frame of their type."""
    names = [field.name for field in fields(row_type)]  # type: ignore[arg-type]
    held = rows if isinstance(rows, list) else list(rows)
    return frame_of_columns(row_type, {name: [getattr(row, name) for row in held] for name in names})


def frame_of_columns(row_type: type[Row], columns: dict[str, list[Any]]) -> pd.DataFrame:
    """Return columns as a frame of their row type. All columns must be given.

    :raises KeyError: when a column is missing.
    """
    import pandas as pd

    names = [field.name for field in fields(row_type)]  # type: ignore[arg-type]
    return pd.DataFrame({name: pd.Series(columns[name], dtype=object) for name in names}, columns=names)


def rows_of(row_type: type[Row], frame: pd.DataFrame) -> Iterator[Row]:
    """Return the frame's rows as values of their type, in order."""
    names = [field.name for field in fields(row_type)]  # type: ignore[arg-type]
    for values in zip(*(frame[name].tolist() for name in names), strict=True):
        yield row_type(*values)
