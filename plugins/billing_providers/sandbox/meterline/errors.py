"""How Meterline says no."""

from __future__ import annotations

from billing_providers.sandbox.core.messages import Response


class MeterlineRefusal(Exception):
    """A refused request."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail

    def response(self) -> Response:
        """Return the answer."""
        return failure(self.status, self.code, self.detail)


def failure(status: int, code: str, detail: str) -> Response:
    """Return the body of a failed request under any HTTP status."""
    return Response(status, {"error": {"code": code, "detail": detail}})
