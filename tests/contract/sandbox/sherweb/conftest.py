"""A client of the simulated Sherweb that is signed in, on a sandbox whose clock stands behind July 2026."""

from __future__ import annotations

from datetime import date

import pytest

from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb
from tests.support.sherweb_clients import SherwebClient


@pytest.fixture(scope="session")
def july() -> BillingPeriod:
    """The calendar month of July 2026."""
    return BillingCalendar(1).period_containing(date(2026, 7, 1))


@pytest.fixture(scope="session")
def resold(world: World) -> Sherweb:
    """What the MSP resells from Sherweb, in the world of the default seed."""
    return world.sherweb


@pytest.fixture
def sherweb(box: SandboxServer) -> SherwebClient:
    """A signed-in client; it is the morning of 2026-08-05 in the sandbox, and July is invoiced."""
    box.control.move_clock("2026-08-05T06:00:00Z")
    client = SherwebClient(box)
    client.sign_in()
    return client
