"""Where reports lie: local folders, object stores, and what each tells about a file without opening it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from billing_providers.errors import BillingError, FailureClass, RequestError, SecretsError, SettingsError, Unreachable
from billing_providers.hooks.report_place import ReportPlace

URL = "memory://exports/usage.csv"


class Bucket(MemoryFileSystem):  # type: ignore[misc]
    """An object store that tells what the test says about its files, and fails as the test says."""

    cachable = False
    told: dict[str, Any]
    fault: Exception | None

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        return {**super().info(path, **options), **self.told}

    def open(self, path: str, *arguments: Any, **options: Any) -> Any:
        if self.fault is not None:
            raise self.fault
        return super().open(path, *arguments, **options)


@pytest.fixture(scope="module")
def store() -> Bucket:
    """Airflow keeps a store once it is attached, so there is one for all tests."""
    made = Bucket()
    attach("memory", fs=made)
    return made


@pytest.fixture
def bucket(store: Bucket) -> Iterator[Bucket]:
    """A store that Airflow reaches under ``memory://``, with one file."""
    store.told, store.fault = {}, None
    store.pipe_file("/exports/usage.csv", b"Client\nAspen\n")
    yield store
    store.fault = None
    store.store.clear()


def place(url: str = URL, **options: Any) -> ReportPlace:
    return ReportPlace("Usage file", url, ("year", "month"), **options)


@pytest.mark.parametrize("key", ["mtime", "LastModified", "last_modified", "updated"])
@pytest.mark.parametrize("as_number", [False, True])
def test_every_stores_time_of_the_last_change_is_understood(key: str, as_number: bool, bucket: Bucket) -> None:
    """S3, Azure, Google and SFTP each keep it under another name."""
    for age_s, whole in ((60, False), (180, True)):
        changed = datetime.now(UTC) - timedelta(seconds=age_s)
        bucket.told = {key: changed.timestamp() if as_number else changed}

        why = place().not_there_why(URL)

        assert ("may still be being written" in why, why == "") == (not whole, whole)


def test_a_store_that_tells_no_time_shows_only_whole_files(bucket: Bucket) -> None:
    """Without a time there is nothing to wait for; content still tells of a file that breaks off."""
    assert place().not_there_why(URL) == ""
    assert place().not_there_why("memory://exports/other.csv") == "there is no file yet at memory://exports/other.csv"
    bucket.pipe_file("/exports/usage.csv", b"")
    assert place().not_there_why(URL) == f"{URL} is empty so far"


@pytest.mark.parametrize(
    ("fault", "error", "text"),
    [
        (PermissionError("key AKIA123 refused"), Unreachable, f"Usage file {URL}: PermissionError"),
        (TimeoutError("secret"), Unreachable, f"Usage file {URL}: TimeoutError"),
        (RuntimeError("secret"), Unreachable, f"Usage file {URL}: RuntimeError"),
        (ImportError("secret"), SettingsError, "Usage file: url: no storage reads this address (ImportError)"),
        (AirflowNotFoundException("secret"), SecretsError, "conn_id: the connection of the storage does not exist"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_stores_own_errors_are_named_by_their_type(
    fault: Exception, error: type[BillingError], text: str, bucket: Bucket
) -> None:
    """Stores put addresses and keys into their texts; waiting helps against an outage, not against a wrong setting."""
    bucket.fault = fault
    for ask in (place().not_there_why, place().read):
        with pytest.raises(error) as caught:
            ask(URL)

        assert text in str(caught.value)
        assert "AKIA123" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_store_that_does_not_answer_is_the_sources_trouble(bucket: Bucket) -> None:
    """Code 03, as for every source."""
    bucket.fault = ConnectionError()
    with pytest.raises(RequestError) as caught:
        place().not_there_why(URL)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_reading_takes_the_kind_by_its_ending_or_as_it_is_told(bucket: Bucket) -> None:
    """A file without an ending can be read as well."""
    bucket.pipe_file("/exports/usage", b"Client\nAspen\n")

    assert place().read(URL).rows == [(2, ["Aspen"])]
    assert place("memory://exports/usage", kind="CSV").read("memory://exports/usage").rows == [(2, ["Aspen"])]
    with pytest.raises(SettingsError, match="kind: unknown kind of file; got ''; allowed: csv, xlsx"):
        place("memory://exports/usage")


def test_placeholders_are_filled_and_nothing_else_is() -> None:
    """Every placeholder each time it stands there; a brace of another meaning is refused when the place is named."""
    dates = {"year": "2026", "month": "07"}

    assert place("/in/{year}/{month}/{year}-{month}.csv").address(dates) == "/in/2026/07/2026-07.csv"
    for url in ("/in/{client}.csv", "/in/{year.real}.csv", "/in/{}.csv", "/in/{0}.csv", "/in/{year!r}.csv"):
        with pytest.raises(SettingsError, match="url: unknown placeholder"):
            place(url)
