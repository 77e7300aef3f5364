"""How Autotask says no: ``{"errors": ["text"]}``, mostly under 500. ``choices.py`` tells which texts are seen."""

from __future__ import annotations

from billing_providers.sandbox.core.messages import Response


class AtRefusal(Exception):
    """A refused request: HTTP status, and the texts of its body."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """Return the answer."""
        return Response(self.status, {"errors": list(self.errors)}, dict(self.headers))


def invalid(text: str) -> AtRefusal:
    """Refuse what is not understood or not allowed: validation errors are 500 (seen)."""
    return AtRefusal(500, text)


def unauthorized() -> AtRefusal:
    """Refuse wrong credentials."""
    return AtRefusal(401, "The user could not be authenticated.")


def not_found(text: str) -> AtRefusal:
    """Refuse a path or an id that does not exist."""
    return AtRefusal(404, text)


def no_zone() -> AtRefusal:
    """Refuse to tell the zone of an unknown user (text: seen)."""
    return AtRefusal(500, "Zone information could not be determined")


def too_many_threads(status: int, endpoint: str) -> AtRefusal:
    """Refuse one call too many at once. Code and words of the text: seen; all of it: assumed."""
    return AtRefusal(status, f"Itgenatr005: The thread threshold of 3 for {endpoint} has been exceeded.")


def over_threshold(limit: int) -> AtRefusal:
    """Refuse a call beyond the hourly limit."""
    return AtRefusal(429, f"The external request threshold of {limit} requests per 60 minutes has been exceeded.")
