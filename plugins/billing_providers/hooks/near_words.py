"""What somebody may have meant by a word that is none of those allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(value: object, allowed: Iterable[str]) -> str:
    """Return a question about the nearest word, to stand behind the problem; empty when none is near.

    >>> did_you_mean("used_spaces", ["used_space", "computers"])
    '; did you mean used_space?'
    """
    near = get_close_matches(str(value), list(allowed), 1)
    return f"; did you mean {near[0]}?" if near else ""
