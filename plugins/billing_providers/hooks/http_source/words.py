"""How the options of the generic source are refused: the key, the value, a near one, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.hooks.near_words import did_you_mean

WHERE = "HTTP source, source_options"


def wrong(problem: str, key: str, value: object = None, allowed: str = "") -> SettingsError:
    """Return the error for one option."""
    return SettingsError(problem, where=WHERE, key=key, value=value, allowed=allowed)


def known(value: object, allowed: Iterable[str], key: str) -> str:
    """Return a word that is one of those allowed.

    :raises SettingsError: for anything else, with a near one.
    """
    words = list(allowed)
    if isinstance(value, str) and value in words:
        return value
    raise wrong(f"unknown{did_you_mean(value, words)}", key, value, ", ".join(words))


def text(value: object, key: str) -> str:
    """Return a trimmed text, which may be empty.

    :raises SettingsError: for anything else.
    """
    if isinstance(value, str):
        return value.strip()
    raise wrong("is no text", key, value, "a text")


def mapping(value: object, key: str) -> Mapping[str, Any]:
    """Return an object with texts as keys; an empty one for None.

    :raises SettingsError: for anything else.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return value
    raise wrong("is no object", key, value, "an object of names and values")


def flag(value: object, key: str) -> bool:
    """Return true or false.

    :raises SettingsError: for anything else.
    """
    if isinstance(value, bool):
        return value
    raise wrong("is no switch", key, value, "true or false")


def whole(value: object, key: str, at_least: int) -> int:
    """Return a whole number.

    :raises SettingsError: for anything else, and for one that is too small.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= at_least:
        return value
    raise wrong("is no whole number that fits", key, value, f"{at_least} or more")
