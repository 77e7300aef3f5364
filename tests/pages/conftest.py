"""Every test of the pages runs against Airflow's own application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billing_providers.ledger.ledger import Ledger
from billing_providers.pages.ledger_of_pages import opened_ledger
from tests.support.pages import know_shipped_dags


@pytest.fixture
def ledger(airflow_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """An empty ledger that the pages read."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", url)
    opened_ledger.cache_clear()
    with Ledger.at(url) as opened:
        opened.migrate()
        yield opened
    opened_ledger().close()
    opened_ledger.cache_clear()


@pytest.fixture(scope="session")
def dags_known(airflow_db: Path) -> None:
    """Airflow has read the shipped DAGs."""
    know_shipped_dags()
