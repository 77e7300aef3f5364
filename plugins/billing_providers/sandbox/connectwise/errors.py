"""How ConnectWise says no: ``{code, message, errors[]}``. ``choices.py`` tells which texts are seen, which assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from billing_providers.sandbox.core.messages import Response

ERROR_TYPE = "application/json; charset=utf-8"
NOT_FOUND_PAGE = (
    b"<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head>"
    b"<body><h2>404 - File or directory not found.</h2></body></html>"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of ``errors``."""

    code: str
    message: str
    field: str
    resource: str = "Addition"

    def to_json(self) -> dict[str, str]:
        """Return the entry as it travels."""
        return {"code": self.code, "message": self.message, "resource": self.resource, "field": self.field}


class CwRefusal(Exception):
    """A refused request: HTTP status, and its body; ``page``: the body is no JSON but this HTML page."""

    def __init__(
        self, status: int, code: str, message: str, faults: Iterable[Fault] = (), *, page: bytes | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = failure_body(code, message, faults)
        self.headers: dict[str, str] = {}
        self._page = page

    def response(self) -> Response:
        """Return the answer."""
        if self._page is not None:
            return Response(self.status, self._page, dict(self.headers), content_type="text/html")
        return Response(self.status, self.body, dict(self.headers), content_type=ERROR_TYPE)


def failure_body(code: str, message: str, faults: Iterable[Fault] = ()) -> dict[str, Any]:
    """Return the body of a failure."""
    body: dict[str, Any] = {"code": code, "message": message}
    entries = [fault.to_json() for fault in faults]
    return {**body, "errors": entries} if entries else body


def invalid_addition(*faults: Fault) -> CwRefusal:
    """Refuse an addition that breaks the PSA's rules; every broken rule is named."""
    return CwRefusal(400, "InvalidObject", "Addition object is invalid", faults)


def bad_request(code: str, message: str) -> CwRefusal:
    """Refuse a request that is not understood."""
    return CwRefusal(400, code, message)


def bad_condition(message: str) -> CwRefusal:
    """Refuse ``conditions`` or ``orderBy``."""
    return bad_request("ApiFindCondition", message)


def not_found(what: str) -> CwRefusal:
    """Refuse an id that does not exist."""
    return CwRefusal(404, "NotFound", what)


def bare_not_found() -> CwRefusal:
    """Refuse a path that the web server does not know: an HTML page, and no word of the API."""
    return CwRefusal(404, "NotFound", "", page=NOT_FOUND_PAGE)


def unauthorized() -> CwRefusal:
    """Refuse keys that are not valid."""
    refusal = CwRefusal(401, "Unauthorized", "Unauthorized")
    refusal.headers["WWW-Authenticate"] = 'Basic realm="ConnectWise"'
    return refusal


def no_client_id() -> CwRefusal:
    """Refuse a call without a known ``clientId``."""
    return CwRefusal(403, "Forbidden", "The clientId header is missing or not valid.")


def missing_right() -> CwRefusal:
    """Refuse a member whose security role does not allow the call."""
    return CwRefusal(403, "SecurityError", "You do not have security permission to perform this action.")


def too_many_requests(wait_s: int) -> CwRefusal:
    """Refuse a request beyond the limit."""
    refusal = CwRefusal(429, "ConnectWiseApi", "API rate limit exceeded.")
    refusal.headers["Retry-After"] = str(wait_s)
    return refusal
