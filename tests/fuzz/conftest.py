"""One sandbox for the fuzz tests of a module, and its world."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World, build_world


@pytest.fixture(scope="session")
def world() -> World:
    """The simulated MSP."""
    return build_world()


@pytest.fixture(scope="module")
def box(world: World) -> Iterator[SandboxServer]:
    """A sandbox whose October is over."""
    with SandboxServer(world=world) as server:
        server.control.move_clock("2026-11-06T00:30:00+00:00")
        yield server


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep a million warnings about changed answers out of the memory of the test run."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
