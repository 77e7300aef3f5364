"""What the tests of this folder share: one sandbox for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing_providers.sandbox.server import SandboxServer


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    """A sandbox whose tenants nobody of these tests changes."""
    with SandboxServer() as server:
        yield server
