"""A ledger of every version becomes one of today, whole, and goes on; a kill on the way leaves the old one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from airflow.sdk.exceptions import AirflowException

from billing_providers.ledger.ledger import Ledger
from billing_providers.ledger.statements import DIALECTS, migrations
from billing_providers.ledger.store import Transaction
from tests.support.closing import closing
from tests.support.ledger_filled import CLOSE, fill, read_back
from tests.support.ledger_fixtures import FOLDER, WITH_PAGES, WITH_SETTINGS, WITH_THINNED, load, path_of, versions
from tests.support.ledger_rows import OWN, connected
from tests.support.ledger_values import TENANT

every_version = pytest.mark.parametrize("version", versions())


def rows_by_column(url: str, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of some tables, by some columns."""
    with connected(url) as connection:
        found = sqlalchemy.MetaData()
        found.reflect(connection)
        return {
            name: sorted(
                map(tuple, connection.execute(sqlalchemy.select(*(found.tables[name].c[c] for c in chosen)))), key=repr
            )
            for name, chosen in columns.items()
        }


def columns_of(url: str) -> dict[str, list[str]]:
    """Return the columns of every table with facts."""
    with connected(url) as connection:
        found = sqlalchemy.MetaData()
        found.reflect(connection)
        return {name: list(table.columns.keys()) for name, table in found.tables.items() if name not in OWN}


def test_every_migration_has_a_filled_ledger_to_start_from() -> None:
    """A migration that is added brings the ledger that it makes: ``python -m tests.support.ledger_fixtures``."""
    wanted = {path_of(version, dialect).name for version in versions() for dialect in DIALECTS}

    assert {path.name for path in FOLDER.iterdir()} == wanted


@every_version
def test_a_ledger_of_every_version_comes_up_to_date_with_every_row(version: int, url: str, tmp_path: Path) -> None:
    """What is missing is applied, nothing else; every cell of before is there, and every room gives back its values."""
    load(url, version)
    columns = columns_of(url)
    before = rows_by_column(url, columns)
    assert {name for name, rows in before.items() if not rows} == set()

    with Ledger.at(url) as ledger, Ledger.at(f"sqlite:///{tmp_path}/today.sqlite") as today:
        assert ledger.migrate() == [step.name for step in migrations("sqlite")[version:]]
        assert rows_by_column(url, columns) == before
        assert {tenant: ledger.journal.verify(tenant) for tenant in ledger.journal.heads()} == {
            TENANT: [],
            "another tenant of a": [],
            "another tenant of b": [],
        }
        today.migrate()
        fill(
            today,
            settings=version >= WITH_SETTINGS,
            thinned=version >= WITH_THINNED,
            pages=version >= WITH_PAGES,
        )
        assert read_back(ledger) == read_back(today)
        assert ledger.ledger_id == "f" * 32


@every_version
def test_a_period_is_closed_on_a_ledger_of_every_version(version: int, url: str, tmp_path: Path) -> None:
    """The first run after an upgrade bills as on a new ledger, and the history of before stays."""
    load(url, version)

    with closing(tmp_path, ledger_url=url) as msp:
        run = msp.close()

        assert run.ledger.runs.find(run.run_key).result == "Succeeded with warnings"
        assert msp.written() == msp.wanted(run)
        assert len(msp.written()) == 127
        assert [run.ledger.journal.verify(tenant) for tenant in (TENANT, run.run["tenant"])] == [[], []]
        assert {record.run_key for record in run.ledger.runs.history("atria_to_kaseya_bms")} > {CLOSE, run.run_key}


def dies_in_migration(url: str, at: int) -> None:
    """Migrate in a process that kills itself before the n-th statement; 0: just before the end."""
    real, left = Transaction.run_script_statement, [at]

    def mortal(self: Transaction, sql: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, sql)

    Transaction.run_script_statement = mortal  # type: ignore[method-assign]
    if not at:
        run = Transaction.run

        def last(self: Transaction, name: str, /, **values: Any) -> int:
            done = run(self, name, **values)
            if name == "identity_write":
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        Transaction.run = last  # type: ignore[method-assign]
    with Ledger.at(url) as ledger:
        ledger.migrate()


@pytest.mark.parametrize("at", [2, 0], ids=["in the middle", "at the end"])
def test_a_migration_that_is_killed_leaves_the_ledger_as_it_was(url: str, at: int) -> None:
    """All migrations are one transaction: before or after, and the next process takes it up."""
    load(url, 1)
    columns = columns_of(url)
    before = rows_by_column(url, columns)
    process = multiprocessing.get_context("spawn").Process(target=dies_in_migration, args=(url, at))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL

    assert columns_of(url) == columns
    assert rows_by_column(url, columns) == before
    with Ledger.at(url) as ledger:
        assert ledger.migrate() == [step.name for step in migrations("sqlite")[1:]]
        assert ledger.journal.verify(TENANT) == []


def test_a_run_on_a_ledger_of_a_newer_version_stops_before_anything_is_sent(url: str, tmp_path: Path) -> None:
    """An older program does not write into what it does not understand, and says what to install."""
    load(url, versions()[-1])
    with connected(url) as connection:
        connection.exec_driver_sql("INSERT INTO billing_migrations VALUES (9999, '9999_future', 'x', '2026-11-02')")

    with closing(tmp_path, ledger_url=url) as msp:
        with pytest.raises(AirflowException, match=r"KS144: .*9999_future.*used by a newer version: install that one"):
            msp.run().resolve()
        assert msp.written() == []
