"""Nothing follows a server to another one: not the request, and never what signs it. Every system of the registry."""

from __future__ import annotations

import pytest

from billing_providers.errors import NotSent, OutcomeUnknown, UnreadableAnswer
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.registry import System
from tests.support.scripted_http import FrozenTime
from tests.support.strangers import canaries, connected_hook, connection_of, every_connected, stranger, used

TARGETS = {
    "another port": "http://127.0.0.1:{port}/elsewhere",
    "another name": "http://localhost:{port}/elsewhere",
    "without scheme": "//127.0.0.1:{port}/elsewhere",
    "with credentials": "http://ann:pw@127.0.0.1:{port}/elsewhere",
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@every_connected
def test_a_redirect_to_another_server_is_not_followed(
    system: System, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may answer once must not be able to have the keys sent on."""
    for target in TARGETS.values():
        with stranger() as trap:
            location = target.format(port=trap.port).encode()
            with stranger(status, [("Location", location)]) as server:
                hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
                told = used(hook)
                hook.client.close()

            assert len(server.heard) > 0
            assert (trap.connected, trap.heard) == (0, [])
            assert "a redirect, which is not followed" in told[0]


@every_connected
def test_a_redirect_to_another_scheme_is_not_followed(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one that is checked to one that is not, or to a file of this machine: neither."""
    for location in (b"https://127.0.0.1:1/", b"file:///etc/hostname", b"ftp://127.0.0.1/"):
        with stranger(302, [("Location", location)]) as server:
            hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
            works, told = hook.test_connection()
            hook.client.close()

        assert works is False
        assert "a redirect, which is not followed" in told


@every_connected
def test_what_the_server_is_told_is_not_repeated_to_people(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that echoes what it got, in its answer and in its redirect, gets no secret into a message."""
    for status in (302, 400, 401, 403, 404, 500):
        echo = " ".join(canaries(system).values()).encode()
        body = b'{"message": "you sent %s", "errors": ["%s"]}' % (echo, echo)
        with stranger(status, [("Location", b"http://127.0.0.1:1/?" + echo.replace(b" ", b"&"))], body) as server:
            hook = connected_hook(system, connection_of(system, server.url), monkeypatch)
            told = used(hook)
            hook.client.close()

        assert [text for text in told for secret in canaries(system).values() if secret in text] == []


@pytest.mark.parametrize(
    "location", [b"/M\xfcnchen", b"http://[bad", b"http://\xff\xfe", b"//", b"mailto:x", b"http://a:99999999/"]
)
def test_a_redirected_write_counts_as_sent_whatever_its_address_looks_like(location: bytes) -> None:
    """It had left, so it is read back: taken for unsent, a difference would be posted a second time."""
    with stranger(302, [("Location", location)]) as server:
        client = HttpClient(server.url, ErrorVoice("Example PSA"), clocks=FrozenTime().clocks())
        with pytest.raises(OutcomeUnknown) as caught:
            client.call("POST", "/adjustments", json={"unitChange": 3})
        client.close()

    assert isinstance(caught.value, UnreadableAnswer)
    assert not isinstance(caught.value, NotSent)
    assert len(server.heard) == 1
