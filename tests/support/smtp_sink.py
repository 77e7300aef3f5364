"""A mail server on loopback that keeps what it gets."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default


class _Session(socketserver.StreamRequestHandler):
    server: SmtpSink

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line.decode().strip().upper()
            if verb.startswith("DATA"):
                self._say("354 go on")
                self.server.mails.append(self._message())
            self._say("221 bye" if verb.startswith("QUIT") else "250 ok")
            if verb.startswith("QUIT"):
                return

    def _message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return email.message_from_bytes(b"".join(lines), policy=default)  # type: ignore[return-value]

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class SmtpSink(socketserver.ThreadingTCPServer):
    """Keeps every mail in ``mails``."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[EmailMessage] = []

    @property
    def connection(self) -> dict[str, object]:
        """The Airflow connection to it."""
        return {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": self.server_address[1],
            "extra": {
                "disable_tls": True,
                "disable_ssl": True,
                "from_email": "billing@harbour.example",
                "retry_limit": 1,
            },
        }


@contextmanager
def smtp_sink() -> Iterator[SmtpSink]:
    """Run a mail server until the end of the block."""
    with SmtpSink() as sink:
        thread = threading.Thread(target=sink.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            sink.shutdown()
            thread.join()
