"""What failed, and above all: had the request left?"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from billing_providers.errors import NoAnswer, NotSent, RequestError, Unreachable, UnreadableAnswer
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.faults import ErrorVoice, kind_of, kind_of_status
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http.sign_in import FixedToken

KINDS = {
    "ChunkedEncodingError": "UnreadableAnswer",
    "ConnectTimeout": "Unreachable",
    "ConnectionError": "NoAnswer",
    "ContentDecodingError": "UnreadableAnswer",
    "HTTPError": "OutcomeUnknown",
    "InvalidHeader": "NotSent",
    "InvalidJSONError": "NotSent",
    "InvalidProxyURL": "NotSent",
    "InvalidSchema": "NotSent",
    "InvalidURL": "NotSent",
    "JSONDecodeError": "UnreadableAnswer",
    "MissingSchema": "NotSent",
    "ProxyError": "Unreachable",
    "ReadTimeout": "NoAnswer",
    "RequestException": "OutcomeUnknown",
    "RetryError": "NoAnswer",
    "SSLError": "NoAnswer",
    "StreamConsumedError": "UnreadableAnswer",
    "Timeout": "NoAnswer",
    "TooManyRedirects": "UnreadableAnswer",
    "URLRequired": "NotSent",
    "UnrewindableBodyError": "NotSent",
}


def test_every_exception_of_requests_is_mapped() -> None:
    """Law 7: no failure of the HTTP library is taken for something it is not; a new one fails here."""
    module = requests.exceptions
    classes = [found for found in vars(module).values() if isinstance(found, type)]
    raised = [found for found in classes if issubclass(found, module.RequestException)]

    assert {found.__name__: kind_of(_made(found)).__name__ for found in raised} == KINDS


def _made(kind: type[Exception]) -> Exception:
    return kind("text", "document", 0) if kind.__name__ == "JSONDecodeError" else kind("text")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None),
        (204, None),
        (302, "UnreadableAnswer"),
        (400, "BadRequest"),
        (401, "SignInRefused"),
        (403, "Forbidden"),
        (404, "BadRequest"),
        (408, "NoAnswer"),
        (409, "BadRequest"),
        (422, "BadRequest"),
        (429, "RateLimited"),
        (500, "ServerFault"),
        (503, "ServerFault"),
    ],
)
def test_a_status_is_refused_only_where_nothing_can_have_been_applied(status: int, kind: str | None) -> None:
    """Law 7: 4xx says that it was not applied; 408, redirects and 5xx leave it open."""
    found = kind_of_status(status)

    assert (found.__name__ if found else None) == kind


def test_a_refused_connection_was_never_sent() -> None:
    """Law 7: nothing listens there, so nothing can have been applied."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        error = _failure(f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert type(error) is Unreachable


@pytest.mark.parametrize(
    ("base_url", "token"),
    [("http://127.0.0.1:9", "tok-\u201c123"), (f"http://{'a' * 70}.localhost:9", "tok-123")],
    ids=["a header that is not Latin-1", "a host with a label that is too long"],
)
def test_what_cannot_become_bytes_was_never_sent(base_url: str, token: str) -> None:
    """requests lets these errors of others through; they must not end a run as a traceback, nor show the header."""
    client = HttpClient(base_url, ErrorVoice("Vendor"))
    client.sign_in = FixedToken(token)

    with pytest.raises(NotSent, match=r"Vendor GET .*: the request could not be made") as caught:
        client.call("GET", "/lines")

    assert "\u201c" not in str(caught.value)
    assert "201c" not in str(caught.value)


def test_a_connection_lost_after_sending_leaves_the_outcome_open() -> None:
    """Law 7: the server had the whole request before it hung up."""
    with _listening(lambda peer: peer.recv(65536)) as url:
        error = _failure(url)

    assert type(error) is NoAnswer


def test_a_server_that_hangs_up_at_once_leaves_the_outcome_open() -> None:
    """Law 7: the connection stood, so nobody can tell how much of the request was read."""
    with _listening(lambda peer: None) as url:
        error = _failure(url)

    assert type(error) is NoAnswer


def test_silence_leaves_the_outcome_open() -> None:
    """Law 7: a read timeout says nothing about what the server does with the request."""
    done = threading.Event()
    with _listening(lambda peer: done.wait(10)) as url:
        error = _failure(url, read_timeout_s=0.05)
        done.set()

    assert type(error) is NoAnswer


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["shorter than announced", "half a chunk", "not gzip"],
)
def test_a_truncated_answer_is_never_read_as_a_whole_one(answer: bytes) -> None:
    """Law 3: a partial read is an error, even when what came would parse."""

    def talk(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(answer)

    with _listening(talk) as url:
        error = _failure(url)

    assert type(error) is UnreadableAnswer


def test_tls_that_cannot_be_set_up_was_never_sent() -> None:
    """Law 7: a failed handshake comes before the first byte of the request."""

    def talk(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with _listening(talk) as url:
        error = _failure(url.replace("http://", "https://"))

    assert type(error) is Unreachable


def _failure(url: str, read_timeout_s: float = 5.0) -> RequestError:
    client = HttpClient(url, ErrorVoice("X"), limits=Limits(attempts_max=1, read_timeout_s=read_timeout_s))
    try:
        with pytest.raises(RequestError) as caught:
            client.call("PUT", "/line", json={"units": 1})
    finally:
        client.close()
    return caught.value


@contextmanager
def _listening(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                talk(peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)
