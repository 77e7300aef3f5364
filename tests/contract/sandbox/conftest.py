"""A running sandbox, and a client that is signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World, build_world
from tests.support.sandbox_clients import BmsClient


@pytest.fixture(scope="session")
def world() -> World:
    """The MSP of the default seed."""
    return build_world()


@pytest.fixture
def box(world: World) -> Iterator[SandboxServer]:
    """A fresh sandbox with the tenant's line API."""
    with SandboxServer(world=world) as server:
        yield server


@pytest.fixture
def bms(box: SandboxServer) -> BmsClient:
    """A client with all rights."""
    client = BmsClient(box)
    assert client.sign_in().status_code == 200
    return client
