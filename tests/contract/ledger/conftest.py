"""Every test of this folder runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from billing_providers.ledger.ledger import Ledger
from tests.support.postgres import fresh_schema


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    else:
        with fresh_schema() as schema:
            yield schema


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Return a migrated ledger."""
    with Ledger.at(url) as ledger:
        ledger.migrate()
        yield ledger
