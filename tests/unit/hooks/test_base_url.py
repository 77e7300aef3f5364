"""Where credentials may be sent."""

from __future__ import annotations

import pytest

from billing_providers.errors import SettingsError
from billing_providers.hooks.http.addresses import base_url, without_credentials


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.bms.kaseya.com/", "https://api.bms.kaseya.com"),
        ("api.bms.kaseya.com", "https://api.bms.kaseya.com"),
        (" https://bms.kaseya.com/api2/ ", "https://bms.kaseya.com/api2"),
        ("http://127.0.0.1:8080/kaseya_bms", "http://127.0.0.1:8080/kaseya_bms"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_is_https_or_on_this_machine(text: str, url: str) -> None:
    """A path prefix stays; a bare host name means https."""
    assert base_url(text, where="connection x") == url


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://api.bms.kaseya.com", "plain http would send credentials readably"),
        ("http://127.0.0.1.evil.example", "plain http"),
        ("ftp://api.example.com", "the scheme ftp is not supported"),
        ("https://user:secret@api.example.com", "holds credentials"),
        ("user:secret@api.example.com", "holds credentials"),
        ("https://api.example.com/?tenant=1", "holds a query"),
        ("https://api.example.com:port", "not a URL"),
        ("https://", "not a URL"),
    ],
)
def test_other_urls_are_refused_by_name(text: str, problem: str) -> None:
    """The message names the connection and the problem, and repeats no credentials."""
    with pytest.raises(SettingsError, match=problem) as caught:
        base_url(text, where="connection x")

    assert str(caught.value).startswith("connection x: host: ")
    assert "secret" not in str(caught.value)


def test_plain_http_elsewhere_needs_the_switch() -> None:
    """Only a person may decide to send credentials readably."""
    assert base_url("http://sandbox:8080", where="connection x", allow_http=True) == "http://sandbox:8080"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("s3://key:secret@bucket/a.csv?x=1", "s3://bucket/a.csv"),
        ("/var/exports/a.csv", "/var/exports/a.csv"),
        ("file:///var/a@b.csv", "file:///var/a@b.csv"),
    ],
)
def test_kept_urls_hold_no_credentials(url: str, kept: str) -> None:
    """Law 14: the origin of a snapshot is stored and shown."""
    assert without_credentials(url) == kept
