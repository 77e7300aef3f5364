"""JSON text with exact decimal numbers, which the standard encoder cannot write."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from billing_providers.model.decimals import text_from_decimal


def json_text(value: Any) -> str:
    """Return a value as JSON. Decimals become plain number literals, never through a float.

    >>> json_text({"units": 12, "unitPrice": Decimal("19.90")})
    '{"units":12,"unitPrice":19.9}'
    """
    if isinstance(value, Decimal):
        return text_from_decimal(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{json_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(json_text(inner) for inner in value) + "]"
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float; quantities and money are decimals")
    return json.dumps(value)
