"""Ten tasks push to one Autotask tenant at once, each in its own process: the tenant's limits hold for all together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.sandbox.server import SandboxServer
from tests.support.ledger_processes import at_once
from tests.support.postgres import fresh_schema
from tests.support.shared_push import pushes, shares_of

TASKS = 10
pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def url() -> Iterator[str]:
    """A migrated ledger that ten processes can write to at once."""
    with fresh_schema() as schema, Ledger.at(schema) as ledger:
        ledger.migrate()
        yield schema


def test_never_more_than_three_requests_of_all_tasks_are_at_work_on_an_endpoint(url: str) -> None:
    """The tenant refuses the fourth; none is refused, and every difference arrives once."""
    with SandboxServer(at_latency_ms=20) as box:
        dealt = shares_of(box.control.lines(system="autotask"), TASKS)
        connection = box.connections()["autotask_default"]
        done = at_once(pushes, *[(url, connection, number, lines) for number, lines in enumerate(dealt)])
        requests = box.control.requests()
        written = [row["line_id"] for row in box.control.audit(system="autotask")]

    assert [task.states for task in done] == [{"confirmed": len(lines)} for lines in dealt]
    assert Counter(written) == Counter(str(line["line_id"]) for lines in dealt for line in lines)
    assert max(requests["max_in_flight_per_endpoint"].values()) == 3
    assert {row["status"] for row in requests["requests"]} <= {200}


def test_all_tasks_together_stay_below_the_tenants_hour(url: str) -> None:
    """Nine tenths of the threshold are shared; who gets none says so, and its changes are not sent."""
    with SandboxServer(at_threshold=200) as box:
        dealt = shares_of(box.control.lines(system="autotask"), TASKS)
        connection = box.connections()["autotask_default"]
        done = at_once(pushes, *[(url, connection, number, lines) for number, lines in enumerate(dealt)])
        counted = [row for row in box.control.requests()["requests"] if row["system"] == "autotask"]
        written = [row["line_id"] for row in box.control.audit(system="autotask")]

    assert len(counted) <= 200
    failed = sum(task.states.get("failed", 0) for task in done)
    assert failed > 0
    assert len(written) == len(set(written)) == sum(map(len, dealt)) - failed
