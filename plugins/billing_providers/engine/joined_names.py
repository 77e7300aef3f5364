"""Reading names that were told together, with ``, `` between them, which a name may hold itself."""

from __future__ import annotations

from collections.abc import Collection


def names_in(told: str, known: Collection[str]) -> list[str]:
    """Return the names in a text; the longest known one wins, and what is not known is taken as it stands.

    >>> names_in("ASP, Birch, Sons", {"ASP", "Birch, Sons"})
    ['ASP', 'Birch, Sons']
    """
    parts, found = told.split(", ") if told else [], []
    while parts:
        length = next((end for end in range(len(parts), 1, -1) if ", ".join(parts[:end]) in known), 1)
        found.append(", ".join(parts[:length]))
        parts = parts[length:]
    return found
