"""One call as it will be sent: its address, its body, and what budgets and counts go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from billing_providers.hooks.http.json_text import json_text
from billing_providers.hooks.http.sign_in import Headers

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``endpoint`` (method and path template) is what budgets and counts go by, ``place`` what gates do."""

    method: str
    endpoint: str
    place: str
    url: str
    content: bytes | None
    content_type: str
    repeatable: bool
    headers: Headers

    @property
    def changes_something(self) -> bool:
        """Whether it writes: also one that may be repeated, but not a list that is asked for by POST."""
        return not self.repeatable or self.method in {"PUT", "PATCH", "DELETE"}

    @property
    def shown(self) -> str:
        """The address without its query, for people."""
        return self.url.partition("?")[0]


def url_of(base_url: str, path: str, values: Mapping[str, str], params: Mapping[str, object]) -> str:
    """Return the address of a path template, its values and query percent-encoded."""
    filled = path.format_map({name: quote(value, safe="") for name, value in values.items()})
    query = urlencode({name: _query_text(value) for name, value in params.items()})
    return f"{base_url}{filled}{'?' if query else ''}{query}"


def content_of(json: Any, form: Mapping[str, str] | None) -> tuple[bytes | None, str]:
    """Return body and content type; none without either."""
    if form is not None:
        return urlencode(form).encode(), _FORM
    return (None, "") if json is None else (json_text(json).encode(), "application/json")


def _query_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
