"""A client of the simulated MSP360 that is signed in, on a sandbox whose clock stands in August 2026."""

from __future__ import annotations

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.backup_clients import MbsClient


@pytest.fixture
def mbs(box: SandboxServer) -> MbsClient:
    """A signed-in client; it is noon of 2026-08-15 in the sandbox."""
    box.control.move_clock("2026-08-15T12:00:00Z")
    client = MbsClient(box)
    assert client.sign_in().status_code == 200
    return client
