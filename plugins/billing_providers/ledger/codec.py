"""Values of the model as columns of the ledger, and back: one form per type, derived from the dataclass's fields.

Decimals, dates and lists are text, booleans are 0 and 1, instants are UTC ISO text whose order is time order.
``None`` is NULL. Lists and nested records are JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from billing_providers.model.decimals import text_from_decimal

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row")
Column = list[Any]


class RowCodec(Generic[Row]):
    """Turns one frozen dataclass into columns and back. ``without`` names fields that are stored elsewhere."""

    def __init__(self, row_type: type[Row], *, without: Iterable[str] = ()) -> None:
        hints = get_type_hints(row_type)
        left_out = set(without)
        self.row_type = row_type
        self.names = tuple(
            field.name
            for field in fields(row_type)  # type: ignore[arg-type]
            if field.name not in left_out
        )
        self._into = {name: _encoder(hints[name]) for name in self.names}
        self._from = {name: _decoder(hints[name]) for name in self.names}

    def encoded(self, row: Row) -> dict[str, Any]:
        """Return one row as column values."""
        return {name: into(getattr(row, name)) for name, into in self._into.items()}

    def decoded(self, values: Mapping[str, Any], **elsewhere: Any) -> Row:
        """Return the row of column values; ``elsewhere`` gives the fields that are stored elsewhere."""
        return self.row_type(**{name: back(values[name]) for name, back in self._from.items()}, **elsewhere)

    def encoded_columns(self, rows: pd.DataFrame | Sequence[Row]) -> dict[str, Column]:
        """Return many rows (a frame of the type, or a sequence) as columns."""
        encoded = {}
        for name, into in self._into.items():
            values = [getattr(row, name) for row in rows] if isinstance(rows, Sequence) else rows[name].tolist()
            encoded[name] = values if into is _same else [into(value) for value in values]
        return encoded

    def column_decoders(self) -> dict[str, Callable[[Any], Any]]:
        """Return a decoder per column, for reading many rows: equal values of a column become one object."""
        return {name: _Memo(back).__getitem__ for name, back in self._from.items()}


class _Memo(dict[Any, Any]):
    """Decodes each distinct value once: faster, and a column of a million rows holds few objects."""

    def __init__(self, decode: Callable[[Any], Any]) -> None:
        super().__init__()
        self._decode = decode

    def __missing__(self, key: Any) -> Any:
        value = self[key] = self._decode(key)
        return value


def text_from_instant(instant: datetime) -> str:
    """Return an aware instant as UTC ISO text with microseconds.

    :raises ValueError: for an instant without a time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _same(value: Any) -> Any:
    return value


def _encoder(hint: Any) -> Callable[[Any], Any]:
    """Return what turns a value of this type into a column value. ``None`` always stays ``None``."""
    kind = _without_none(hint)
    into = _INTO.get(kind)
    if into is _same:
        return _same
    if into is None:
        into = str if _is_enum(kind) else _json_text
    return into if kind is hint else lambda value: None if value is None else into(value)


def _decoder(hint: Any) -> Callable[[Any], Any]:
    kind = _without_none(hint)
    back = _BACK.get(kind)
    if back is None:
        back = kind if _is_enum(kind) else lambda text: _typed(json.loads(text), kind)
    if back is _same or kind is hint:
        return back
    return lambda value: None if value is None else back(value)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        (kind,) = (argument for argument in get_args(hint) if argument is not type(None))
        return kind
    return hint


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


_INTO: dict[Any, Callable[[Any], Any]] = {
    str: _same,
    int: _same,
    bool: int,
    Decimal: text_from_decimal,
    date: date.isoformat,
    datetime: text_from_instant,
}
# Decimals are read without the limits of input: exact sums may have more digits than an input may.
_BACK: dict[Any, Callable[[Any], Any]] = {
    str: _same,
    int: _same,
    bool: bool,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def _json_text(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return text_from_decimal(value) if isinstance(value, Decimal) else value


def _typed(value: Any, hint: Any) -> Any:
    """Return a JSON value as the type that the model declares: tuples, nested records, decimals."""
    if get_origin(hint) is tuple:
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis:
            return tuple(_typed(part, kinds[0]) for part in value)
        return tuple(_typed(part, kind) for part, kind in zip(value, kinds, strict=True))
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{name: _typed(part, hints[name]) for name, part in value.items()})
    return hint(value) if hint is Decimal or _is_enum(hint) else value
