"""The params of a run as a form, an API call or another DAG gives them: another kind of value is refused, not guessed.

A switch that is the text ``no`` would otherwise be on, and a filter that is 0 would mean every customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.plain_text import damage_of

_WHERE = "DAG params"


def text_param(params: Mapping[str, Any], key: str, allowed: str) -> str:
    """Return a text, empty where it is not given.

    :raises SettingsError: for anything else, and for a text that no ledger can hold.
    """
    value = params.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError("is no text", where=_WHERE, key=key, value=value, allowed=allowed)
    if why := damage_of(value):
        raise SettingsError(why, where=_WHERE, key=key, value=value, allowed=allowed)
    return value


def switch_param(params: Mapping[str, Any], key: str) -> bool:
    """Return true or false, false where it is not given.

    :raises SettingsError: for anything else.
    """
    value = params.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise SettingsError("is no switch", where=_WHERE, key=key, value=value, allowed="true or false")


def codes_param(params: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return codes, sorted, each once; none where none is given. A text is taken as codes separated by commas.

    :raises SettingsError: for anything else, and for a code that no ledger can hold.
    """
    value = params.get(key)
    codes = [] if value is None else value.split(",") if isinstance(value, str) else value
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        raise SettingsError("not a list of customer codes", where=_WHERE, key=key, value=value)
    for code in codes:
        if why := damage_of(code):
            raise SettingsError(why, where=_WHERE, key=key, value=code, allowed="customer codes of the source")
    return tuple(sorted({code.strip() for code in codes if code.strip()}))
