"""The scenarios in an Airflow on one machine: SQLite and LocalExecutor. They run in order, on one cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.local_airflow import LocalAirflow
from tests.support.accounts import Account
from tests.system.cluster.project import copied_project, settings_of
from tests.system.cluster.stage import Stage

# The scenarios run in this order.
# isort: off
from tests.system.cluster.scenarios.clicks import *  # noqa: F403
from tests.system.cluster.scenarios.marks import *  # noqa: F403
from tests.system.cluster.scenarios.overlap import *  # noqa: F403
from tests.system.cluster.scenarios.deaths import (  # noqa: F401
    test_a_scheduler_that_dies_in_the_middle_of_a_push_neither_loses_nor_doubles_a_line,
)
from tests.system.cluster.scenarios.leftovers import *  # noqa: F403
# isort: on

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Stage]:
    """One cluster for all scenarios; when it has ended, nothing of it runs."""
    folder = tmp_path_factory.mktemp("airflow")
    project = copied_project(folder / "project")
    cluster = LocalAirflow(folder / "home", ports=(0, 0), settings=settings_of(project))
    with cluster:
        yield Stage(cluster, Account("Airflow with LocalExecutor"), project)
    assert cluster.left_running() == []
