"""A client of the simulated Datto RMM that is signed in, on a sandbox whose clock stands in August 2026."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.rmm_clients import RmmClient


@pytest.fixture
def rmm(box: SandboxServer) -> RmmClient:
    """A signed-in client; it is early on 2026-08-01 in the sandbox."""
    box.control.move_clock("2026-08-01T06:00:00Z")
    client = RmmClient(box)
    assert client.sign_in().status_code == 200
    return client
