"""Strict reading of requests: every unknown name, missing field and wrong type is a 400."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.msp360.errors import MbsRefusal, bad_request
from billing_providers.sandbox.world.resale.backup_records import Month

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?)?")


def body_of(request: Request, fields: tuple[str, ...], *, form_too: bool = False) -> dict[str, Any]:
    """Return the body of a request that takes one: an object with text or null in known fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = _json_of(request.body)
    elif kind == "application/x-www-form-urlencoded" and form_too:
        body = pairs_of(request.body.decode("utf-8", "replace"))
    else:
        raise MbsRefusal(415, f"The request entity's media type '{kind}' is not supported for this resource.")
    for name, value in body.items():
        if name not in fields:
            raise bad_request(f"There is no field {name}; there are: {', '.join(fields)}.")
        if value is not None and not isinstance(value, str):
            raise bad_request(f"{name} must be text.")
    return body


def no_body(request: Request) -> None:
    """Refuse a body on an operation that takes none."""
    if request.body:
        raise bad_request(f"{request.method} takes no body here.")


def pairs_of(text: str) -> dict[str, str]:
    """Return the pairs of a query or form; none may come twice."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if len({name for name, _ in pairs}) != len(pairs):
        raise bad_request("A parameter is given twice.")
    return dict(pairs)


def flag_of(query: dict[str, str], name: str) -> bool | None:
    """Return the one parameter that an operation takes, true or false; None when it is absent."""
    if unknown := query.keys() - {name}:
        raise bad_request(f"There is no parameter {', '.join(sorted(unknown))}.")
    text = query.get(name)
    if text is not None and text.lower() not in {"true", "false"}:
        raise bad_request(f"{name} must be true or false.")
    return None if text is None else text.lower() == "true"


def month_of(text: str | None, now: datetime) -> Month:
    """Return the month, in UTC, of an instant; without one, the current month."""
    if not text:
        return Month(now.year, now.month)
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError(text)
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"Date {text!r} is no date and time.") from None
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return Month(aware.year, aware.month)


def guid_of(name: str, text: str | None) -> str:
    """Return a GUID in lower case."""
    if not text:
        raise bad_request(f"{name} is required.")
    if not _GUID.fullmatch(text):
        raise bad_request(f"{name} {text!r} is no GUID.")
    return text.lower()


def count_of(name: str, text: str, least: int, most: int) -> int:
    """Return a whole number within bounds."""
    if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
        raise bad_request(f"{name} must be {least} to {most}, not {text}.")
    return int(text)


def _json_of(content: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise bad_request("A field is given twice.")
        return dict(pairs)

    try:
        body = json.loads(content, object_pairs_hook=once)
    except ValueError:
        raise bad_request("The body is no JSON.") from None
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return body
