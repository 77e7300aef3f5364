"""Strict reading of queries: every unknown name, missing parameter and wrong form is a 400."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qsl

from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.sherweb.errors import bad_request

KEY_IN_QUERY = "subscription-key"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_YEARS = range(2000, 2100)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def query_of(request: Request) -> dict[str, str]:
    """Return the pairs of a query; none may come twice."""
    pairs = parse_qsl(request.raw_query, keep_blank_values=True)
    if len({name for name, _ in pairs}) != len(pairs):
        raise bad_request("A parameter is given twice.")
    return dict(pairs)


def check_names(query: dict[str, str], known: frozenset[str], request: Request) -> None:
    """Refuse unknown parameters, and a body on a read."""
    if unknown := query.keys() - known:
        raise bad_request(f"There is no parameter {', '.join(sorted(unknown))}.")
    if request.body:
        raise bad_request("GET takes no body here.")


def day_of(query: dict[str, str], today: date) -> date:
    """Return the day that is asked for; today where none is."""
    text = query.get("date")
    if text is None:
        return today
    try:
        if not _DAY.fullmatch(text) or int(text[:4]) not in _YEARS:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"The value '{text}' of date is no date yyyy-MM-dd of this century.") from None


def customer_of(query: dict[str, str]) -> str:
    """Return the id of a customer, in lower case."""
    text = query.get("customerId")
    if not text:
        raise bad_request("The customerId field is required.")
    if not _GUID.fullmatch(text):
        raise bad_request(f"The value '{text}' of customerId is no GUID.")
    return text.lower()
