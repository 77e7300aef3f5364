"""Parts of long lists, cut in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")

SIZE = 100
SIZE_MAX = 1000


@dataclass(frozen=True, slots=True)
class Slice:
    """Which page of a list is wanted. ``number`` starts at 1."""

    number: int = 1
    size: int = SIZE

    @property
    def skip(self) -> int:
        """How many items come before it."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. ``total`` counts the whole list; it is 0 as well on a page behind the last one."""

    items: Sequence[Item]
    total: int
    number: int
    size: int

    @classmethod
    def of(cls, items: Sequence[Item], rows: Sequence[Mapping[str, Any]], part: Slice) -> Self:
        """Return the page of rows that each tell the ``total``."""
        return cls(items, int(rows[0]["total"]) if rows else 0, part.number, part.size)

    @property
    def pages(self) -> int:
        """How many pages the list has; at least 1."""
        return max(1, -(-self.total // self.size))


def like(words: str) -> str:
    """Return what ``LIKE … ESCAPE '!'`` finds words by, in lower case; empty when there are none."""
    plain = words.replace("\x00", "").strip().lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{plain}%" if plain else ""
