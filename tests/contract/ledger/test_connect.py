"""Which ledger an Airflow connection names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from billing_providers.errors import SecretsError, SettingsError
from billing_providers.ledger.connect import open_ledger


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give Airflow a home of its own, without connections."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_BILLING_LEDGER", raising=False)
    return tmp_path


def test_without_a_connection_the_ledger_is_a_file_in_the_airflow_home(home: Path) -> None:
    """The embedded default needs no set-up."""
    with open_ledger() as ledger:
        assert ledger.place == str(home / "billing_ledger.sqlite")
        ledger.migrate()

    assert (home / "billing_ledger.sqlite").is_file()


def test_named_connection_that_is_missing_is_refused() -> None:
    """A mistyped connection id never starts a second, empty ledger."""
    with pytest.raises(SecretsError, match="billing_legder: connection is missing"):
        open_ledger("billing_legder")


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sqlite:////var/lib/billing.sqlite", "/var/lib/billing.sqlite"),
        ("sqlite://%2Fvar%2Flib%2Fbilling.sqlite", "/var/lib/billing.sqlite"),
        ("postgres://billing:s3cret-word@db.example.com:6432/ledger", "ledger on db.example.com"),
        ("postgresql://billing@db.example.com/ledger?sslmode=require", "ledger on db.example.com"),
    ],
)
def test_connection_names_the_ledger(monkeypatch: pytest.MonkeyPatch, uri: str, place: str) -> None:
    """SQLite files and PostgreSQL databases are taken as Airflow writes them."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", uri)

    with open_ledger() as ledger:
        assert ledger.place == place


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("mysql://billing:s3cret-word@db/ledger", "conn_type: holds no ledger; got 'mysql'; allowed: sqlite, postgres"),
        ("sqlite:///relative.sqlite", "host: is not absolute; got 'relative.sqlite'"),
        ("postgres://billing:s3cret-word@/ledger", "host: is empty"),
        ("postgres://billing:s3cret-word@db", "schema: is empty"),
        ("postgres://billing:s3cret-word@db/ledger?sslmodus=s3cret-word", "sslmodus: unknown extra; allowed: "),
    ],
)
def test_unusable_connection_names_its_field(monkeypatch: pytest.MonkeyPatch, uri: str, told: str) -> None:
    """Every setting error names the place, the key and what is allowed, and no secret."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", uri)

    with pytest.raises(SettingsError) as raised:
        open_ledger()

    text = str(raised.value)
    assert text.startswith(f"connection billing_ledger: {told}")
    assert "s3cret-word" not in text


def test_connection_that_cannot_be_read_is_no_missing_one(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A connection that is broken off never starts a second, empty ledger, and ends in no stack trace."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", '{"conn_type": "postgres", "password": "s3cret-word')

    with pytest.raises(SecretsError, match="AIRFLOW_CONN_BILLING_LEDGER: cannot be read") as raised:
        open_ledger()

    assert "s3cret-word" not in str(raised.value)
    assert list(home.glob("*.sqlite")) == []


def test_missing_driver_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL without its driver is a setting to mend, not a stack trace."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", "postgres://billing@db/ledger")

    with pytest.raises(SettingsError, match=r"install airflow-provider-psa-billing\[postgres\]"):
        open_ledger()


@pytest.mark.parametrize("place", ["sqlite:////var/lib/billing.sqlite", "postgres://billing@db.example.com/ledger"])
@pytest.mark.parametrize(("said", "days"), [("", None), ("?keep_readings_days=", None), ("?keep_readings_days=62", 62)])
def test_the_connection_says_how_long_readings_are_kept(
    monkeypatch: pytest.MonkeyPatch, place: str, said: str, days: int | None
) -> None:
    """Without the extra nothing is ever removed; the database's driver is not told of it."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", f"{place}{said}")

    with open_ledger() as ledger:
        assert ledger.keep_readings_days == days
        assert "keep_readings_days" not in str(ledger._store.engine.url)


@pytest.mark.parametrize("said", ["0", "-5", "1.5", "36501", "two", "9" * 5000])
def test_days_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """A slip does not thin what was read today; the place, the key and what is allowed are told."""
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_LEDGER", f"sqlite:////var/lib/billing.sqlite?keep_readings_days={said}")

    with pytest.raises(SettingsError, match=r"extra keep_readings_days: is no number of days; .*1 to 36500"):
        open_ledger()
