"""What faults on demand do to this system's records and answers."""

from __future__ import annotations

import json
from typing import Any

from billing_providers.sandbox.autotask.errors import AtRefusal
from billing_providers.sandbox.autotask.state import AtState
from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import Route

_MESSAGE = "An error has occurred."


class AtTampering:
    """The part of the twin that faults ask for."""

    state: AtState

    def matched(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the operation that a request means, and its path values as text."""
        raise NotImplementedError

    def drift(self, request: Request, fault: Fault) -> None:
        """Somebody adds units to a line from today on: the named one, else the one that an adjustment names.

        :raises ValueError: when neither fault nor request tells a line.
        """
        with self.state.lock:
            line = self.state.by_key(str(fault["line_id"]) or self._line_in(request))
            units = line.schedule.units_on(self.state.today()) + fault["delta"]
            self.state.edit_by_hand(line.key, units, None, "drift")

    def _line_in(self, request: Request) -> str:
        try:
            route, _ = self.matched(request.method, request.path)
            body = json.loads(request.body or b"{}")
        except (AtRefusal, ValueError):
            body, route = {}, None
        named = {name.lower(): value for name, value in body.items()} if isinstance(body, dict) else {}
        if route is not None and "contractserviceid" in named:
            return str(named["contractserviceid"])
        if route is not None and "contractservicebundleid" in named:
            return f"b{named['contractservicebundleid']}"
        raise ValueError("a drift wants a line_id, or a request that names a contract service")

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return the body of a failure under HTTP 200."""
        return Response(200, {"errors": [f"{code}: {message}"]})

    def refusal(self, status: int) -> Response:
        """Return the body of a failure under an HTTP error."""
        return AtRefusal(status, _MESSAGE).response()

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise every count: of a page, and of ``query/count``."""
        if isinstance(content, dict) and "queryCount" in content:
            content["queryCount"] += by
        if isinstance(content, dict) and "pageDetails" in content:
            content["pageDetails"]["count"] += by
        return content

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last records of a page; its count stays."""
        if isinstance(content, dict) and "items" in content:
            content["items"] = content["items"][:-by]
        return content

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change every ``units``."""
        if isinstance(content, list):
            return [self.with_lie(part, delta) for part in content]
        if isinstance(content, dict):
            return {
                name: part + delta if name == "units" else self.with_lie(part, delta) for name, part in content.items()
            }
        return content
