"""The kill matrix with a ledger on PostgreSQL: task, front of the PSA, server of the ledger or its disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing_providers.registry import SYSTEMS
from tests.support.kill_bench import Bench, bench
from tests.survival.kill_matrix import ACCOUNT, cells, survive, victim_of

pytestmark = pytest.mark.postgres

LEDGER = "postgres"


@pytest.fixture(scope="module", params=[key for key, entry in SYSTEMS.items() if entry.role == "psa"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One tenant of each PSA."""
    with bench(request.param, LEDGER, tmp_path_factory.mktemp("bench"), ACCOUNT) as made:
        yield made


@pytest.mark.parametrize(("point", "seed"), cells())
def test_whatever_dies_at_a_step_each_change_lands_once_after_clearing(at: Bench, point: str, seed: int) -> None:
    """Law 7: the intent is durable before a request leaves, what is doubtful is read: nothing is lost or twice."""
    survive(at, LEDGER, point, seed, victim_of(at.psa, LEDGER, point, seed))
