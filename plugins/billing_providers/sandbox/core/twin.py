"""What the sandbox asks of every simulated system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from billing_providers.sandbox.core.faults import Fault
from billing_providers.sandbox.core.messages import Request, Response
from billing_providers.sandbox.core.router import Route

if TYPE_CHECKING:
    from billing_providers.sandbox.world import World


class Twin(Protocol):
    """One simulated system. Its methods are called from many threads at once."""

    key: str
    connection: dict[str, Any]  # Airflow connection to this twin, without the host

    def reset(self, world: World) -> None:
        """Start over from a world."""

    def route_of(self, method: str, path: str) -> Route | None:
        """Return the operation that a request means, None when there is none."""

    def answer(self, request: Request) -> Response:
        """Check, apply and answer a request; every refusal is an answer too."""

    def revoke_tokens(self, *, refresh_too: bool) -> None:
        """Make all access tokens invalid."""

    def drift(self, request: Request, fault: Fault) -> None:
        """Edit a line by hand: the one that the fault names, else the one that the request addresses."""

    def failure_in_200(self, code: int, message: str) -> Response:
        """Return the answer that says *failed* under HTTP 200."""

    def refusal(self, status: int) -> Response:
        """Return this system's body for an HTTP error of the infrastructure (429, 500, …)."""

    def with_wrong_total(self, content: Any, by: int) -> Any:
        """Return an answer whose stated total is too high."""

    def with_short_page(self, content: Any, by: int) -> Any:
        """Return an answer without its last rows."""

    def with_lie(self, content: Any, delta: int) -> Any:
        """Return an answer whose quantities are off."""
