"""One checked call: what a handler gets; and an operation: its handler, and the endpoint whose threads it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing_providers.sandbox.autotask.mistakes import Mistakes
from billing_providers.sandbox.autotask.pages import PageStore
from billing_providers.sandbox.autotask.state import AtState, AtTrace
from billing_providers.sandbox.core.sandbox import SandboxSettings
from billing_providers.sandbox.credentials import AtUser


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets.

    :param operation: method and template, for the audit log.
    :param path: path values by name.
    :param query: query values by name in lower case.
    :param body: the JSON body, numbers as exact decimals; None without one.
    :param zone_url: address of the zone's API, e.g. ``https://host/ATServicesRest/``; links to pages start with it.
    """

    method: str
    operation: str
    state: AtState
    settings: SandboxSettings
    path: dict[str, int]
    query: dict[str, str]
    body: Any
    user: AtUser
    request_id: str
    zone_url: str
    pages: PageStore
    mistakes: Mistakes

    @property
    def trace(self) -> AtTrace:
        """Where a change made by this call came from."""
        return AtTrace(self.operation, self.request_id)

    def ignore(self, what: str) -> None:
        """Note something that the PSA ignores without a word.

        :raises AtRefusal: 500 when the sandbox takes queries strictly.
        """
        self.mistakes.note(self.operation, what, strict=self.settings.at_strict_queries)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route does. ``endpoint``: the object whose threads it takes."""

    endpoint: str
    run: Callable[[Call], Any]

    def __call__(self, call: Call) -> Any:
        """Check and apply a call; return the content of its answer."""
        return self.run(call)
