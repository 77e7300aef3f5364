"""Servers that nobody should speak to, those that send everybody to them, and hooks with canaries as secrets."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from billing_providers.errors import BillingError
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.periods import BillingPeriod
from billing_providers.registry import SYSTEMS, System
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime
from tests.support.source_twins import SOURCE_TWINS

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1))

#: Every system of the registry that is spoken to over HTTP.
CONNECTED = [system for system in SYSTEMS.values() if system.conn_type]
every_connected = pytest.mark.parametrize("system", CONNECTED, ids=lambda system: system.key)


@dataclass
class Stranger:
    """A listening server. ``heard`` are the requests that reached it, in full; ``connected`` counts what knocked."""

    port: int
    scheme: str = "http"
    heard: list[bytes] = field(default_factory=list)
    connected: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def stranger(
    status: int = 200,
    headers: Sequence[tuple[str, bytes]] = (),
    body: bytes = b"{}",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Stranger]:
    """Yield a server on loopback that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.heard.append(self.raw_requestline + self.headers.as_bytes() + sent)
            lines = [b"HTTP/1.1 %d Answer" % status, b"Content-Type: application/json"]
            lines += [b"%s: %s" % (name.encode(), value) for name, value in headers]
            lines += [b"Content-Length: %d" % len(body), b"Connection: close", b"", b""]
            self.wfile.write(b"\r\n".join(lines) + body)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            found.connected += 1
            with suppress(OSError):  # a client that does not trust the certificate hangs up
                super().finish_request(tls.wrap_socket(request, server_side=True) if tls else request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    found = Stranger(server.server_port, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def canaries(system: System) -> dict[str, str]:
    """Return a text for each field of a connection that must show nowhere; a header's for a foreign form."""
    secret = [named.key for named in system.fields if named.secret]
    names = ["password", *secret] if not system.foreign_form else ["password", "X-Api-Key"]
    return {name: f"canary-{system.key}-{number}-Zq7" for number, name in enumerate(names)}


def connection_of(system: System, host: str, **extra: Any) -> dict[str, Any]:
    """Return a whole connection whose secrets are canaries."""
    secrets = canaries(system)
    needed = {named.key: "value" for named in system.fields if named.required}
    return {
        "host": host,
        "login": "api.user",
        "password": secrets["password"],
        "extra": {**needed, **{name: text for name, text in secrets.items() if name != "password"}, **extra},
    }


def connected_hook(system: System, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """Return the hook of a system on a connection; one attempt for each call, and no waiting."""
    conn_id = set_connection(monkeypatch, f"strange_{system.key}", **connection)
    given = SOURCE_TWINS[system.key].options if system.foreign_form else {}
    limits, clocks = Limits(attempts_max=1, connect_timeout_s=5, read_timeout_s=5), FrozenTime().clocks()
    return system.hook_class()(conn_id, limits=limits, clocks=clocks, **given, **options)


def used(hook: Any) -> list[str]:
    """Let a hook do what it can without a plan: test, read, look at its tenant. Return what it says about each."""
    told = [hook.test_connection()[1]]
    calls: dict[str, tuple[Any, ...]] = {
        "read_usage": (OCTOBER,),
        "not_ready_why": (OCTOBER,),
        "capabilities": (),
        "read_directory": (),
        "invoiced_lines": (OCTOBER,),
    }
    for name, values in calls.items():
        if hasattr(hook, name):  # a source has no invoices, a PSA no usage
            try:
                getattr(hook, name)(*values, **({"contract_type": "Recurring"} if name == "read_directory" else {}))
            except BillingError as error:
                told.append(str(error))
    return told
