"""The attributes of usage rows: JSON objects as text, holding every field that the vocabulary has no name for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any


def attribute_text(attributes: str | None, key: str) -> str | None:
    """Return one attribute as text, exactly as the source wrote numbers; ``None`` when it is absent or null.

    >>> attribute_text('{"site": "Oslo", "seats": 1.50}', "seats")
    '1.50'
    """
    value = _parsed(attributes).get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _dumped(value) if isinstance(value, dict | list) else str(value)


def common_attributes(texts: Iterable[str]) -> str:
    """Return the JSON object text of the fields on which all attributes agree, keys sorted.

    >>> common_attributes(['{"plan": "A", "site": "Oslo"}', '{"plan": "A", "site": "Bergen"}'])
    '{"plan":"A"}'
    """
    parsed = [_parsed(text) for text in dict.fromkeys(texts)]
    first, rest = parsed[0], parsed[1:]
    return _dumped({key: value for key, value in first.items() if all(_agrees(other, key, value) for other in rest)})


def _agrees(other: dict[str, Any], key: str, value: Any) -> bool:
    # 1 == True in Python, and both may come from JSON
    return key in other and other[key] == value and isinstance(other[key], bool) is isinstance(value, bool)


def _parsed(text: str | None) -> dict[str, Any]:
    """Attributes that are no JSON object have no fields; that is no fault of a rule."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refused) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _dumped(value: Any) -> str:
    """Return compact JSON text with sorted keys; numbers keep their digits, which json.dumps cannot do."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dumped(key)}:{_dumped(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dumped(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)
