r"""Texts that every database, file and log can hold: NUL characters and halves of characters are written out.

PostgreSQL stores no NUL character, and UTF-8 has no half of a character (an unpaired surrogate, as JSON's
``"\ud800"`` gives one). Both come from damaged names only. They are written as JSON writes them, so a JSON text
stays the same value, and no damaged name ever equals a real one.
"""

from __future__ import annotations

import re

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_NUL = "holds a NUL character"
_HALF = "holds half a character (an unpaired surrogate)"


def damage_of(text: str) -> str:
    r"""Say why a text can be stored nowhere; empty for a sound one.

    >>> damage_of("ASP\0")
    'holds a NUL character'
    """
    found = _NO_TEXT.search(text)
    return "" if found is None else _NUL if found[0] == "\0" else _HALF


def plain_text(text: str) -> str:
    r"""Return a text with what nothing can store written out.

    >>> plain_text("ASP\0")
    'ASP\\u0000'
    """
    return text if text.isascii() and "\0" not in text else _NO_TEXT.sub(_written, text)


def shortened(text: str, length_max: int) -> str:
    """Return a text, cut where it is too long for a message."""
    return text if len(text) <= length_max else f"{text[:length_max]}… ({len(text)} characters)"


def _written(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
