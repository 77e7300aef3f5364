"""A ledger that cannot be read or written says so in the product's words, and shows no secret."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from billing_providers.errors import LedgerError, SettingsError
from billing_providers.ledger.ledger import Ledger
from tests.support.ledger_values import journal_entry
from tests.support.postgres import fresh_schema


def test_ledger_that_was_not_migrated_is_not_writable(url: str) -> None:
    """An empty database is no ledger."""
    with Ledger.at(url) as ledger, pytest.raises(LedgerError, match="cannot be written"):
        ledger.check_writable()


def test_writable_ledger_keeps_no_trace_of_the_check(ledger: Ledger, url: str) -> None:
    """The check writes and removes a row of its own, as often as it is made."""
    ledger.check_writable()
    ledger.check_writable()

    with ledger._store.reading("count") as transaction:
        assert transaction.connection.exec_driver_sql("SELECT COUNT(*) FROM billing_write_probe").scalar() == 0


def test_read_only_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """A ledger that can be read but not written stops the run."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.at(f"sqlite:///{path}") as ledger:
        ledger.migrate()

    with Ledger.at(f"sqlite:///file:{path}?mode=ro&uri=true") as ledger:
        assert ledger.migrate() == []
        with pytest.raises(LedgerError, match="cannot be written: attempt to write a readonly database"):
            ledger.check_writable()
        with pytest.raises(LedgerError, match="cannot write the journal"):
            ledger.journal.append([journal_entry()])


@pytest.mark.parametrize("content", [b"this is not a database" * 100, None])
def test_file_that_is_no_database_is_told(tmp_path: Path, content: bytes | None) -> None:
    """A folder, or another kind of file, at the ledger's path is an error that names the path."""
    path = tmp_path / "ledger.sqlite"
    path.mkdir() if content is None else path.write_bytes(content)

    with Ledger.at(f"sqlite:///{path}") as ledger, pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        ledger.migrate()


def test_unreachable_server_is_told_without_the_password() -> None:
    """Law 14: no error of the ledger shows a password."""
    with (
        Ledger.at("postgresql://billing:s3cret-word@127.0.0.1:1/ledger") as ledger,
        pytest.raises(LedgerError, match=r"ledger on 127\.0\.0\.1") as raised,
    ):
        ledger.migrate()

    seen: BaseException | None = raised.value
    while seen is not None:
        assert "s3cret-word" not in f"{seen} {seen!r}"
        seen = seen.__cause__


@pytest.mark.postgres
def test_dropped_connection_is_told_and_the_next_one_works() -> None:
    """A server that cuts a transaction off undoes it; the ledger says so and connects anew when asked again."""
    with fresh_schema() as url, Ledger.at(url) as ledger:
        ledger.migrate()
        with (
            pytest.raises(LedgerError, match="cannot be interrupted"),
            ledger._store.writing("be interrupted") as transaction,
        ):
            transaction.run("probe_write", probe="lost")
            backend = transaction.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with psycopg.connect(url, autocommit=True) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", [backend])
            transaction.run("probe_write", probe="lost too")

        ledger.check_writable()
        ledger.journal.append([journal_entry()])
        assert ledger.journal.entries(journal_entry().tenant) == [journal_entry()]


@pytest.mark.parametrize(
    "url", ["mysql://root:s3cret-word@db/ledger", "s3cret-word", "sqlite://", "sqlite:///:memory:"]
)
def test_other_databases_are_refused_without_showing_the_url(url: str) -> None:
    """Only SQLite files and PostgreSQL hold a ledger; the refusal names what is allowed and shows no URL."""
    with pytest.raises(SettingsError, match="allowed: sqlite:////absolute/path or postgresql://") as raised:
        Ledger.at(url)

    assert "s3cret-word" not in str(raised.value)
