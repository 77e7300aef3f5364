"""How the simulated MSP360 says no: a JSON object with ``Message`` (seen: one client)."""

from __future__ import annotations

from billing_providers.sandbox.core.messages import Response


class MbsRefusal(Exception):
    """A refused request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> Response:
        """Return the answer."""
        return failure(self.status, self.message)


def bad_request(fault: str) -> MbsRefusal:
    """Refuse a request that does not fit the specification."""
    return MbsRefusal(400, f"The request is invalid. {fault}")


def failure(status: int, message: str) -> Response:
    """Return the body of a failed request under any HTTP status."""
    return Response(status, {"Message": message})
