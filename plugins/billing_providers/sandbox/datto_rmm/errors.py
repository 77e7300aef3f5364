"""How the simulated Datto RMM says no: the body of the vendor's description, and OAuth's own at the token."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from billing_providers.sandbox.core.messages import Response


class DattoRefusal(Exception):
    """A refused request. ``content`` None: the usual body."""

    def __init__(self, status: int, *, content: Any = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.content = content
        self.headers = headers or {}

    def response(self, path: str, now: datetime) -> Response:
        """Return the answer; ``path`` is the path that was asked for."""
        if self.content is not None:
            return Response(self.status, self.content, dict(self.headers))
        return failure(self.status, path, now, self.headers)


def oauth_refusal(status: int, code: str, words: str) -> DattoRefusal:
    """Refuse a request for a token."""
    return DattoRefusal(status, content={"error": code, "error_description": words})


def failure(status: int, path: str, now: datetime, headers: dict[str, str] | None = None) -> Response:
    """Return the body of a failed request under any HTTP status."""
    content = {
        "timestamp": int(now.timestamp() * 1000),
        "status": status,
        "error": HTTPStatus(status).phrase,
        "path": path.removeprefix("/api"),
    }
    return Response(status, content, dict(headers or {}))
