"""The scenarios in an Airflow with two Celery workers, PostgreSQL and Redis. They run in order, on one cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.celery_airflow import WORKERS, CeleryAirflow
from tests.support.accounts import Account
from tests.support.postgres import postgres_url
from tests.support.redis import redis_url
from tests.system.cluster.project import copied_project, settings_of
from tests.system.cluster.stage import Stage

# The scenarios run in this order.
# isort: off
from tests.system.cluster.scenarios.clicks import *  # noqa: F403
from tests.system.cluster.scenarios.marks import *  # noqa: F403
from tests.system.cluster.scenarios.overlap import *  # noqa: F403
from tests.system.cluster.scenarios.deaths import *  # noqa: F403
from tests.system.cluster.scenarios.leftovers import *  # noqa: F403
# isort: on

pytestmark = [pytest.mark.airflow, pytest.mark.celery, pytest.mark.postgres]


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Stage]:
    """One cluster for all scenarios; when it has ended, nothing of it runs, and nothing of it is left in Redis."""
    folder = tmp_path_factory.mktemp("airflow")
    project = copied_project(folder / "project")
    cluster = CeleryAirflow(
        folder / "home",
        postgres_url=postgres_url(),
        redis_url=redis_url(),
        ports=(0, 0),
        settings=settings_of(project),
    )
    with cluster:
        assert cluster.ready_workers() == list(WORKERS)
        yield Stage(cluster, Account("Airflow with two Celery workers"), project)
    assert cluster.left_running() == []
