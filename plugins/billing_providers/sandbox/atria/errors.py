"""How the simulated Atria says no. All of it is assumed."""

from __future__ import annotations

from billing_providers.sandbox.core.messages import Response


class AtriaRefusal(Exception):
    """A refused request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """Return the answer."""
        return failure(self.status, self.code, self.message)


def failure(status: int, code: str, message: str) -> Response:
    """Return the body of a failed request under any HTTP status."""
    return Response(status, {"error": {"code": code, "message": message}})
