"""One checked call: what a handler gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing_providers.sandbox.core.router import Route
from billing_providers.sandbox.core.sandbox import SandboxSettings
from billing_providers.sandbox.credentials import BmsUser
from billing_providers.sandbox.kaseya_bms.state import BmsState, Trace


@dataclass(frozen=True, slots=True)
class Call:
    """``values`` are path and query values, ``body`` the checked body; names are the specification's."""

    route: Route
    state: BmsState
    settings: SandboxSettings
    values: dict[str, Any]
    body: Any
    user: BmsUser | None
    request_id: str
    now: datetime

    @property
    def signed_in(self) -> BmsUser:
        """The user; calls that need no sign-in must not ask."""
        if self.user is None:
            raise TypeError("this call needs no sign-in, so there is no user")
        return self.user

    @property
    def trace(self) -> Trace:
        """Where a change made by this call came from."""
        return Trace(f"{self.route.method} {self.route.template}", self.request_id)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and how long the whole list is."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True, slots=True)
class Bare:
    """A result without the envelope."""

    result: dict[str, Any]
