"""A sandbox with the small Autotask tenant, on a fixed day, and a client with all rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.at_sandbox import AtClient, small_tenant, world_with


@pytest.fixture(scope="session")
def at_world() -> World:
    """The default world with the small tenant."""
    return world_with(small_tenant())


@pytest.fixture
def box(at_world: World) -> Iterator[SandboxServer]:
    """A fresh sandbox on 2026-08-03."""
    with SandboxServer(world=at_world) as server:
        server.control.move_clock("2026-08-03T09:30:00Z")
        yield server


@pytest.fixture
def at(box: SandboxServer) -> AtClient:
    """A client with all rights."""
    return AtClient(box)
