"""One checked call: what a handler gets, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing_providers.sandbox.connectwise.listing import Asked
from billing_providers.sandbox.connectwise.state import CwState, Trace
from billing_providers.sandbox.core.router import Route
from billing_providers.sandbox.core.sandbox import SandboxSettings
from billing_providers.sandbox.credentials import CwMember


@dataclass(frozen=True, slots=True)
class Call:
    """``path`` and ``query`` are values under the specification's names; ``asked`` is what the query asks of lists.

    :param address: the call's own address without a query; links to other pages start with it.
    """

    route: Route
    state: CwState
    settings: SandboxSettings
    path: dict[str, int]
    query: dict[str, str]
    asked: Asked
    body: Any
    member: CwMember
    request_id: str
    address: str

    @property
    def trace(self) -> Trace:
        """Where a change made by this call came from."""
        return Trace(f"{self.route.method} {self.route.template}", self.request_id, member=self.member.name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers."""

    content: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
