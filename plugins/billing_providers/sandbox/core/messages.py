"""A request as the twins see it, and the response they give back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``path`` is without the system's prefix; header names are lower case."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    connection: int  # number of the TCP connection, starts at 1


@dataclass(slots=True)
class Response:
    """One HTTP response. ``content`` is a JSON value, or bytes that are sent as they are."""

    status: int
    content: Any
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def encoded(self) -> bytes:
        """Return the body as it travels."""
        return self.content if isinstance(self.content, bytes) else encode_json(self.content)


def encode_json(value: Any) -> bytes:
    """Return JSON text in UTF-8; decimals become JSON numbers of exactly the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=json_number).encode()


def json_number(number: Any) -> float | int:
    """Return the int or the float whose JSON text has exactly the decimal's value.

    :raises ValueError: when a double cannot print it; the world must not hold such a number.
    """
    if not isinstance(number, Decimal):
        raise TypeError(f"{type(number).__name__} has no JSON form here")
    if number == number.to_integral_value():
        return int(number)
    nearest = float(number)
    if Decimal(repr(nearest)) != number:
        raise ValueError(f"{number} is not printed exactly by a double")
    return nearest
