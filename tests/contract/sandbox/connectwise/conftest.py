"""A sandbox with the small ConnectWise tenant, on a fixed day, and a client with all rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from tests.support.cw_sandbox import CwClient, small_tenant, world_with


@pytest.fixture(scope="session")
def cw_world() -> World:
    """The default world with the small tenant."""
    return world_with(small_tenant())


@pytest.fixture
def box(cw_world: World) -> Iterator[SandboxServer]:
    """A fresh sandbox on 2026-08-03."""
    with SandboxServer(world=cw_world) as server:
        server.control.move_clock("2026-08-03T09:30:00Z")
        yield server


@pytest.fixture
def cw(box: SandboxServer) -> CwClient:
    """A client with all rights."""
    return CwClient(box)
