"""Bringing a ledger up to date, from whichever process, and never down."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy

from billing_providers.errors import LedgerError
from billing_providers.ledger.ledger import Ledger
from tests.support.ledger_processes import at_once, migrates

ALL = [
    "0001_ledger",
    "0002_append_only",
    "0003_settings_log",
    "0004_settings_log_append_only",
    "0005_thinned_readings",
    "0006_pages",
    "0007_said_on_pages_append_only",
]


def executed(url: str, statement: str) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_second_migration_does_nothing(url: str) -> None:
    """One idempotent step: it says what it applied, and nothing the second time."""
    with Ledger.at(url) as ledger:
        assert ledger.migrate() == ALL
        assert ledger.migrate() == []
        ledger.check_writable()


def test_a_ledger_keeps_its_own_id(url: str, tmp_path: Path) -> None:
    """Tasks of one run tell by it that they opened the same ledger; one without tables is none."""
    with Ledger.at(url) as ledger, Ledger.at(f"sqlite:///{tmp_path}/another.sqlite") as another:
        ledger.migrate()
        first = ledger.ledger_id
        ledger.migrate()
        with pytest.raises(LedgerError, match="cannot tell which one it is"):
            assert another.ledger_id
        another.migrate()

        assert first == ledger.ledger_id != another.ledger_id
        assert len(first) == 32


def test_processes_that_migrate_at_once_apply_each_migration_once(url: str) -> None:
    """Two runs that start on an empty ledger together both find it migrated."""
    applied = at_once(migrates, (url,), (url,), (url,))

    assert sorted(applied) == [[], [], ALL]


def test_ledger_of_a_newer_version_is_refused(ledger: Ledger, url: str) -> None:
    """Older code does not write into a ledger that it does not understand."""
    executed(url, "INSERT INTO billing_migrations VALUES (9999, '9999_future', 'x', '2026-11-02')")

    with pytest.raises(LedgerError, match=r"9999_future.*used by a newer version"):
        ledger.migrate()


def test_migration_that_was_edited_is_refused(ledger: Ledger, url: str) -> None:
    """What was applied is history: an edited file is not taken for it."""
    executed(url, "UPDATE billing_migrations SET checksum = 'other' WHERE version = 1")

    with pytest.raises(LedgerError, match="0001_ledger was edited"):
        ledger.migrate()
