"""Who may send next to one place of a server, where that has bounds of its own besides those of the whole hook.

A gate is entered around each single exchange, repeats included, and left when the whole answer was read. It may wait;
one that gives up raises :class:`~billing_providers.errors.NotSent`, since nothing has left by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Protocol, runtime_checkable


class Gate(Protocol):
    """The contract of a gate. Safe to use from several threads."""

    def slot(self, endpoint: str) -> AbstractContextManager[None]:
        """Return what is held while one request to an endpoint is on the wire.

        :param endpoint: what the server counts by, as the hook names it: an entity, or else method and path template.
        :raises RequestError: NotSent, or one of its kinds, when no slot is to be had.
        """


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """What all processes together may have in flight to one tenant.

    :param in_flight_max: requests in flight per endpoint.
    :param wait_s_max: longest wait for the hour's budget.
    """

    in_flight_max: int
    wait_s_max: float


@runtime_checkable
class SharesLimits(Protocol):
    """A hook of a system that counts what all processes send together."""

    @property
    def tenant_key(self) -> str:
        """Names the tenant whose requests are counted."""

    @property
    def shared_limits(self) -> SharedLimits:
        """Tell the limits that are known without asking."""

    def requests_per_hour(self) -> int | None:
        """Ask the server how many requests all processes may send within an hour, to all endpoints; None: no limit."""

    def pass_through(self, gate: Gate) -> None:
        """Send every further request through a gate."""


class EndpointGate:
    """At most so many requests on the wire per endpoint, counted within this process."""

    def __init__(self, per_endpoint_max: int) -> None:
        self._per_endpoint_max = per_endpoint_max
        self._lock = Lock()
        self._endpoints: dict[str, BoundedSemaphore] = {}

    @contextmanager
    def slot(self, endpoint: str) -> Iterator[None]:
        """Wait until fewer than so many requests to the endpoint are on the wire."""
        with self._lock:
            semaphore = self._endpoints.setdefault(endpoint, BoundedSemaphore(self._per_endpoint_max))
        with semaphore:
            yield
