"""Every test runs with an Airflow home of its own; see :mod:`tests.support.airflow_env`."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from tests.support.accounts import close_accounts, open_accounts
from tests.support.airflow_env import fresh_airflow_db, use_temporary_airflow

# No test is timed: a busy machine is not a fault.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

AIRFLOW_HOME = use_temporary_airflow()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the accounts in the session's first process; the workers of pytest-xdist add to them."""
    if not hasattr(config, "workerinput"):
        open_accounts()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """End the session with what the tests that break things can account for."""
    if not hasattr(config, "workerinput"):
        for line in close_accounts():
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests to CI, unless they are asked for with ``-m``."""
    if os.environ.get("CI") or config.getoption("markexpr"):
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("slow")])
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """The Airflow home of this test session."""
    return AIRFLOW_HOME


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> Path:
    """A migrated metadata database with pools, shared by all tests of the session; returns the Airflow home."""
    fresh_airflow_db(airflow_home)
    return airflow_home


@pytest.fixture
def clean_airflow_db(airflow_db: Path) -> Path:
    """The metadata database, emptied of everything earlier tests left in it."""
    fresh_airflow_db(airflow_db)
    return airflow_db
