"""How the simulated Sherweb says no: problem details (RFC 7807), and OAuth's own body at the token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from billing_providers.sandbox.core.messages import Response

PROBLEM_TYPE = "application/problem+json; charset=utf-8"


class SherwebRefusal(Exception):
    """A refused request. ``content`` None: problem details."""

    def __init__(self, status: int, detail: str, *, content: Any = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.content = content

    def response(self, path: str) -> Response:
        """Return the answer; ``path`` is the path that was asked for."""
        if self.content is not None:
            return Response(self.status, self.content)
        return problem(self.status, self.detail, path)


def bad_request(detail: str) -> SherwebRefusal:
    """Refuse a request that does not fit the description."""
    return SherwebRefusal(400, detail)


def oauth_refusal(code: str) -> SherwebRefusal:
    """Refuse a request for a token."""
    return SherwebRefusal(400, code, content={"error": code})


def too_many(seconds: int) -> str:
    """Return the sentence of a 429 (seen: one client reads the number out of it)."""
    return f"Rate limit is exceeded. Try again in {seconds} seconds."


def problem(status: int, detail: str, path: str = "") -> Response:
    """Return problem details under any HTTP status; fields as the vendor's client has them."""
    content = {
        "type": f"https://httpstatuses.io/{status}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path or None,
        "extensions": {},
    }
    return Response(status, content, content_type=PROBLEM_TYPE)
