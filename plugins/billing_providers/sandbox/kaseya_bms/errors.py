"""How BMS says no. Only code 978001 is known from a live system; ``choices.py`` lists what is assumed."""

from __future__ import annotations

from collections.abc import Sequence

from billing_providers.sandbox.core.messages import Response

SECURITY_ERROR = 978001


class BmsRefusal(Exception):
    """A refused request: HTTP status, and what goes into ``error`` of the envelope."""

    def __init__(self, status: int, message: str, details: str = "", *, sub_errors: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = SECURITY_ERROR if status == 401 else status
        self.message = message
        self.details = details
        self.sub_errors = list(sub_errors)
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """Return the answer."""
        return failure(self.status, self.code, self.message, self.details, self.sub_errors, self.headers)


def bad_request(*faults: str) -> BmsRefusal:
    """Refuse a request that does not fit the specification; every fault is named."""
    return BmsRefusal(400, "The request is invalid.", "; ".join(faults), sub_errors=faults)


def security_error(details: str) -> BmsRefusal:
    """Refuse a request that is not signed in."""
    refusal = BmsRefusal(401, "Security Error", details)
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal


def missing_right(right: str) -> BmsRefusal:
    """Refuse a signed-in user."""
    return BmsRefusal(403, "Access denied.", f"The user lacks the right {right}.")


def not_found(what: str) -> BmsRefusal:
    """Refuse an id that does not exist, or a path."""
    return BmsRefusal(404, "Not found.", what)


def too_many_requests(wait_s: int) -> BmsRefusal:
    """Refuse a request beyond the hourly limit of its endpoint."""
    refusal = BmsRefusal(429, "API rate limit exceeded.", f"Try again in {wait_s} seconds.")
    refusal.headers["Retry-After"] = str(wait_s)
    return refusal


def failure(
    status: int,
    code: int,
    message: str,
    details: str = "",
    sub_errors: Sequence[str] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the envelope of a failed request under any HTTP status."""
    error = {
        "code": code,
        "message": message,
        "details": details or None,
        "stackStrace": None,  # spelt so in the specification
        "subErrors": list(sub_errors),
    }
    return Response(status, {"success": False, "error": error}, dict(headers or {}))
