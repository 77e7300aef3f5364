"""What the tests in a running Airflow share: which of them run where, and that their asserts explain themselves."""

from __future__ import annotations

import os
import zlib

import pytest

SCENARIOS = "tests.system.cluster.scenarios"
CLUSTERS = ("test_on_one_machine", "test_on_celery")

for _name in ("clicks", "marks", "overlap", "deaths", "leftovers"):
    pytest.register_assert_rewrite(f"{SCENARIOS}.{_name}")
pytest.register_assert_rewrite("tests.system.cluster.stage")

from tests.system.cluster.stage import Stage  # noqa: E402 - after its asserts were asked to explain themselves


@pytest.fixture
def stage(opened: Stage) -> Stage:
    """The cluster of the module, with the period that closed last approved and billed."""
    assert opened.first
    return opened


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what is marked ``sampled`` on one of the clusters, named or by ``BILLING_SEED``; all on all in a soak."""
    if os.environ.get("BILLING_SOAK_SEEDS"):
        return
    seed = os.environ.get("BILLING_SEED", "2026")
    left = [item for item in items if (mark := item.get_closest_marker("sampled")) and _left_out(item, mark, seed)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def _left_out(item: pytest.Item, mark: pytest.Mark, seed: str) -> bool:
    """Whether a scenario is for the other cluster: the one that its mark names, or the one that the seed chooses."""
    chosen = mark.args[0] if mark.args else CLUSTERS[zlib.crc32(f"{seed} {item.name}".encode()) % len(CLUSTERS)]
    return f"{chosen}.py" not in item.nodeid
