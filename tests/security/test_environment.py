"""The worker's environment decides over proxies for https alone; over credentials it decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_providers.hooks.http.session import kept_alive_session
from billing_providers.registry import System
from tests.support.strangers import canaries, connected_hook, connection_of, every_connected, stranger, used

PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@every_connected
def test_plain_http_on_this_machine_passes_no_proxy(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would read what is only allowed to travel readably because it stays on this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with stranger() as proxy, stranger() as server:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy.url)
        hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
        used(hook)
        hook.client.close()

        assert len(server.heard) > 0
        assert (proxy.connected, proxy.heard) == (0, [])


@every_connected
def test_a_proxy_for_https_is_used_and_learns_no_secret(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the name of the server and nothing of the request; its own password goes to it and into no message."""
    with stranger(502) as proxy:
        address = proxy.url.replace("://", "://ann:canary-of-the-proxy@")
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, address)
        hook = connected_hook(system, connection_of(system, "https://psa.example"), monkeypatch)
        told = used(hook)
        hook.client.close()

    assert proxy.heard != []
    assert all(heard.startswith(b"CONNECT psa.example:443 ") for heard in proxy.heard)
    assert [secret for secret in canaries(system).values() for heard in proxy.heard if secret.encode() in heard] == []
    assert "canary-of-the-proxy" not in " ".join(told)


@every_connected
def test_a_netrc_replaces_no_credentials(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may write into the worker's home folder must not be able to sign in as somebody else."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(
        "machine 127.0.0.1 login mallory password from-the-netrc\ndefault login m password from-the-netrc\n"
    )
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with stranger() as server:
        hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
        used(hook)
        hook.client.close()

    sent = b"".join(server.heard)
    assert server.heard != []
    assert b"from-the-netrc" not in sent
    assert b"bWFsbG9yeTpmcm9tLXRoZS1uZXRyYw==" not in sent  # mallory:from-the-netrc, as Basic sends it


@every_connected
def test_a_cookie_is_not_kept(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who calls is told by the connection alone; a session that a server hands out could be somebody else's."""
    with stranger(headers=[("Set-Cookie", b"session=of-somebody; Path=/")]) as server:
        hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
        used(hook)
        used(hook)
        hook.client.close()

    assert len(server.heard) > 1
    assert all(b"of-somebody" not in heard for heard in server.heard)


def test_a_session_looks_at_the_environment_once_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies are those of the moment in which the hook connected."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    checked, plain = kept_alive_session("https://psa.example"), kept_alive_session("http://127.0.0.1:8600")

    assert (checked.trust_env, plain.trust_env) == (False, False)
    assert checked.proxies["https"] == "http://proxy.example:3128"
    assert plain.proxies == {}
