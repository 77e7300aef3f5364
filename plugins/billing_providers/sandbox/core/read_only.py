"""What the twins of systems that are only read have in common."""

from __future__ import annotations

from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request
from billing_providers.sandbox.core.router import NoSuchMethod, NoSuchPath, Route, Router


class ReadOnlyTwin:
    """A twin with one router and no contract lines."""

    key: str
    _router: Router

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""
        try:
            return self._router.match(method, path)[0]
        except (NoSuchPath, NoSuchMethod):
            return None

    def drift(self, request: Request, fault: Fault) -> None:
        """Refuse: nobody can edit a line here.

        :raises ValueError: always.
        """
        raise ValueError(f"{self.key} has no contract lines that could drift")
