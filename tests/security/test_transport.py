"""Credentials travel over checked https, or over plain http within this machine. Every connection of the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from billing_providers.errors import SettingsError
from billing_providers.hooks.autotask import AutotaskHook
from billing_providers.registry import SYSTEMS, System
from tests.support.certificates import own_certificate
from tests.support.strangers import canaries, connected_hook, connection_of, every_connected, stranger, used

#: What switches the check of certificates off elsewhere: in other libraries, languages, or extras of connections.
SWITCHES = {"PYTHONHTTPSVERIFY": "0", "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "", "SSL_CERT_FILE": "/dev/null"}


@every_connected
def test_a_certificate_that_nobody_signed_is_refused_before_anything_is_sent(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is on, and what turns it off elsewhere does not turn it off here."""
    context, _ = own_certificate(tmp_path)
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    with stranger(tls=context) as server:
        hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
        told = used(hook)
        hook.client.close()

    assert server.connected > 0
    assert server.heard == []
    assert "CERTIFICATE_VERIFY_FAILED" in told[0]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@every_connected
def test_an_authority_of_ones_own_is_trusted_by_naming_it(
    system: System, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way for a server with a certificate of one's own: it is checked as well, only against that file."""
    context, trusted = own_certificate(tmp_path)
    for known in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(known, raising=False)
    monkeypatch.setenv(name, str(trusted))
    with stranger(tls=context) as server:
        hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
        used(hook)
        hook.client.close()

    assert server.heard != []


@pytest.mark.parametrize("extra", [{"verify": False}, {"verify_ssl": False}, {"verify": "false"}], ids=str)
@every_connected
def test_an_extra_switches_no_check_off(
    system: System, extra: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that somebody else may edit must not be able to: it is refused, or it changes nothing."""
    context, _ = own_certificate(tmp_path)
    with stranger(tls=context) as server:
        hook = connected_hook(system, connection_of(system, server.url, **extra), monkeypatch)
        works, told = hook.test_connection()

    assert works is False
    assert server.heard == []
    assert "CERTIFICATE_VERIFY_FAILED" in told or "verify" in told


@every_connected
def test_plain_http_to_another_machine_is_refused(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, by its address, and however the connection spells it; nothing is looked up or sent for that."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("somebody looked a host up"))
    for host in ("http://psa.example", "http://198.51.100.7:8080/x", "HTTP://psa.example", "http://127.0.0.1.example"):
        hook = connected_hook(system, connection_of(system, host), monkeypatch)
        with pytest.raises(SettingsError, match="plain http would send credentials readably"):
            _ = hook.client
    split = {**connection_of(system, "psa.example"), "schema": "http", "port": 80}
    with pytest.raises(SettingsError, match="plain http would send credentials readably"):
        _ = connected_hook(system, split, monkeypatch).client


@every_connected
def test_plain_http_to_another_machine_needs_the_switch_and_a_clear_yes(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off is the default; a text that is neither yes nor no is no yes."""
    host = "http://psa.example"
    if system.foreign_form:
        assert connected_hook(system, connection_of(system, host), monkeypatch, allow_http=True).client.base_url == host
        with pytest.raises(SettingsError, match="allow_http"):
            connected_hook(system, connection_of(system, host), monkeypatch, allow_http="perhaps")
        return
    assert "allow_http" in {field.key for field in system.fields}
    for answer in ("false", "", None):
        with pytest.raises(SettingsError, match="plain http"):
            _ = connected_hook(system, connection_of(system, host, allow_http=answer), monkeypatch).client
    with pytest.raises(SettingsError, match="is no switch"):
        _ = connected_hook(system, connection_of(system, host, allow_http="perhaps"), monkeypatch).client
    assert connected_hook(system, connection_of(system, host, allow_http="true"), monkeypatch).client.base_url == host


def test_the_zone_of_autotask_follows_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one address that a server may tell: https, and in the domain of the server that was asked."""
    system = SYSTEMS["autotask"]
    for url in ("http://webservices5.autotask.net/ATServicesRest/", "https://autotask.example/ATServicesRest/"):
        answer = json.dumps({"zoneName": "Bad", "url": url}).encode()
        with stranger(body=answer) as server:
            hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
            works, told = hook.test_connection()
            hook.client.close()

        assert works is False
        assert "plain http would send" in told or "keys are not sent there" in told
        assert len(server.heard) == 1
        assert all(secret.encode() not in server.heard[0] for secret in canaries(system).values())


def test_a_zone_that_a_person_wrote_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in the extra is an address as well."""
    connection = connection_of(SYSTEMS["autotask"], "https://autotask.example", zone_url="http://autotask.example")
    hook: AutotaskHook = connected_hook(SYSTEMS["autotask"], connection, monkeypatch)

    works, told = hook.test_connection()

    assert (works, "zone_url" in told, "plain http would send" in told) == (False, True, True)
