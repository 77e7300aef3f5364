"""What faults on demand do to this system's records and answers."""

from __future__ import annotations

from typing import Any

from billing_providers.sandbox.connectwise.errors import ERROR_TYPE, CwRefusal, failure_body
from billing_providers.sandbox.connectwise.state import CwState
from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import Route

_MESSAGE = "An error has occurred."


class Tampering:
    """The part of the twin that faults ask for."""

    state: CwState

    def matched(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the operation that a request means, and its path values as text."""
        raise NotImplementedError

    def drift(self, request: Request, fault: Fault) -> None:
        """Somebody adds units to an addition: the named one, else the one in the path, else the agreement's first.

        :raises ValueError: when neither fault nor request tells an addition.
        """
        with self.state.lock:
            line_id = int(fault["line_id"]) if fault["line_id"] else self._line_in(request)
            units = self.state.by_id(line_id).quantity + fault["delta"]
            self.state.edit_by_hand(line_id, "drift", units=units)

    def _line_in(self, request: Request) -> int:
        try:
            _, path = self.matched(request.method, request.path)
        except CwRefusal:
            path = {}
        if "parentId" in path and "id" in path:
            return int(path["id"])
        for addition in self.state.additions_of(int(path.get("parentId", 0))):
            if addition.open_on(self.state.today()):
                return addition.addition_id
        raise ValueError("a drift wants a line_id, or a request that addresses an addition or an agreement")

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return the body of a failure under HTTP 200."""
        return Response(200, failure_body(str(code), message), content_type=ERROR_TYPE)

    def refusal(self, status: int) -> Response:
        """Return the body of a failure under an HTTP error."""
        return CwRefusal(status, "ConnectWiseApi", _MESSAGE).response()

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Raise every ``count``: of ``/count``, and of a bundle's results."""
        if isinstance(content, dict) and "count" in content:
            content["count"] += by
        for result in _results(content):
            result["count"] += by
        return content

    def with_short_page(self, content: Any, by: int) -> Any:
        """Drop the last rows of a list, and of every list in a bundle."""
        for result in _results(content):
            result["entities"] = result["entities"][:-by]
        return content[:-by] if isinstance(content, list) else content

    def with_lie(self, content: Any, delta: int) -> Any:
        """Change every ``quantity``."""
        if isinstance(content, list):
            return [self.with_lie(part, delta) for part in content]
        if isinstance(content, dict):
            return {
                name: part + delta if name == "quantity" else self.with_lie(part, delta)
                for name, part in content.items()
            }
        return content


def _results(content: Any) -> list[dict[str, Any]]:
    return content["results"] if isinstance(content, dict) and "results" in content else []
