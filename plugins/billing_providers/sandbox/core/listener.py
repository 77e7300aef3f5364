"""The HTTP/1.1 server: one thread per connection, keep-alive, loopback only. Knows no system."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from billing_providers.sandbox.core.exchange import Wire
from billing_providers.sandbox.core.messages import Request, Response

HOST = "127.0.0.1"
BODY_MAX = 8 * 1024 * 1024

Serve = Callable[[Request], Wire]


class Listener:
    """Listens on one port, and can be deaf for a while: the port stays ours, but connections are refused."""

    def __init__(self, port: int, serve: Serve) -> None:
        self._serve = serve
        self._request_ids = itertools.count(1)
        self._connections = itertools.count(1)
        self._lock = threading.Lock()
        self._deaf: threading.Timer | None = None
        self._listening = False
        self._stopped = False
        self._server = _Server((HOST, port), self)
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Accept connections from now on."""
        self._listening = True
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        with self._lock:
            self._stopped = True
            if self._deaf:
                self._deaf.cancel()
                self._deaf = None
            if self._listening:
                self._server.close()
            else:
                self._server.server_close()
            self._listening = False

    def refuse(self, seconds: float) -> None:
        """Close all connections and refuse new ones for so many seconds, or until :meth:`listen_again`."""
        with self._lock:
            if self._deaf or self._stopped:
                return
            self._server.close()
            self._listening = False
            self._server = _Server((HOST, self.port), self)  # bound, but not listening: connections are refused
            self._server.let_others_bind(False)
            self._deaf = threading.Timer(seconds, self.listen_again)
            self._deaf.daemon = True
            self._deaf.start()

    def listen_again(self) -> None:
        """End a refusal at once; nothing happens when there is none."""
        with self._lock:
            if not self._deaf or self._stopped:
                return
            self._deaf.cancel()
            self._deaf = None
            self._server.let_others_bind(True)
            self.start()

    def answer(self, request: Request) -> Wire:
        """Serve one request; a defect of the sandbox is an answer too, and loud."""
        try:
            return self._serve(request)
        except Exception as error:  # a defect must not look like a lost connection, which clients repeat
            traceback.print_exc(file=sys.stderr)
            return Wire(Response(500, {"error": f"defect of the sandbox: {error!r}"}))

    def next_connection(self) -> int:
        """Return the number of a new connection."""
        return next(self._connections)

    def next_request_id(self) -> str:
        """Return the id of a new request."""
        return f"req-{next(self._request_ids):06d}"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], listener: Listener) -> None:
        super().__init__(address, _Handler, bind_and_activate=False)
        self.listener = listener
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def let_others_bind(self, allowed: bool) -> None:
        """Two sockets may be bound to one port while both allow it and none listens: a deaf one must not."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(allowed))

    def close(self) -> None:
        """End the accepting thread, the port and every connection."""
        self.shutdown()
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that hang up; anything else is a defect."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox/1"
    sys_version = ""
    wbufsize = -1  # head and body leave in one piece
    disable_nagle_algorithm = True
    timeout = 300  # an idle connection is closed then
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._connection_no = self.server.listener.next_connection()

    def do_GET(self) -> None:
        """Serve a request of any method."""
        body = self._body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        listener = self.server.listener
        wire = listener.answer(
            Request(
                method=self.command,
                path=path,
                raw_query=query,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                request_id=listener.next_request_id(),
                connection=self._connection_no,
            )
        )
        self._send(wire)
        if wire.deaf_s:
            # On another thread: closing waits for the accepting thread, which must not wait for this one.
            threading.Thread(target=listener.refuse, args=(wire.deaf_s,), daemon=True).start()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = do_GET

    def _body(self) -> bytes | None:
        """Return the request body; None when the request was refused here."""
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers:
            self._refuse(411, "send a Content-Length; chunked bodies are not simulated")
        elif not length.isdecimal():
            self._refuse(400, f"Content-Length {length!r} is no number")
        elif int(length) > BODY_MAX:
            self._refuse(413, f"more than {BODY_MAX} bytes")
        else:
            return self.rfile.read(int(length))
        return None

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True
        self._send(Wire(Response(status, {"error": why})))

    def _send(self, wire: Wire) -> None:
        response = wire.response
        if response is None:
            self.close_connection = True
            _hang_up(self.connection)
            return
        body = response.encoded()
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(body) + wire.missing_bytes))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if wire.missing_bytes:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the request log is kept by the sandbox."""


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was quicker
        connection.shutdown(socket.SHUT_RDWR)
