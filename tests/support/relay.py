"""The front of a simulated PSA: a process that passes bytes on, and that can be killed while the PSA's state survives.

A PSA keeps what it applied when its front dies; the sandbox keeps it in memory. So the front dies here, for real: every
connection is cut wherever it was, the port refuses until a new front listens, and the sandbox behind goes on with what
had reached it.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
AWAY_S = 0.3  # so long nobody listens after a kill


class Relay:
    """Keeps a front on one port, a new one soon after each death."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._probe = socket.create_server((HOST, 0))  # bound until the first front takes over, so the port is ours
        self.port: int = self._probe.getsockname()[1]
        self.deaths = 0
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="relay", daemon=True)

    @property
    def pid(self) -> int:
        """The process that listens now."""
        assert self._process is not None
        return self._process.pid

    def ready(self) -> None:
        """Wait until a front listens."""
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
                return
            assert time.monotonic() < deadline, "no front listens"
            time.sleep(0.02)

    def _keep(self) -> None:
        while not self._over.is_set():
            assert self._process is not None
            self._process.wait()
            if self._over.is_set():
                return
            self.deaths += 1
            self._over.wait(AWAY_S)
            self._start()

    def _start(self) -> None:
        command = [sys.executable, "-S", __file__, str(self.port), str(self._target)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        self._probe.close()
        self._start()
        self.ready()
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        while self._keeper.is_alive():
            if self._process is not None:
                self._process.send_signal(signal.SIGKILL)
            self._keeper.join(0.1)


def main() -> None:
    """Pass on whatever comes, one thread per connection, until killed."""
    port, target = int(sys.argv[1]), int(sys.argv[2])
    with socket.create_server((HOST, port), backlog=128) as listening:
        while True:
            near, _ = listening.accept()
            threading.Thread(target=_pass_on, args=(near, target), daemon=True).start()


def _pass_on(near: socket.socket, target: int) -> None:
    with near, contextlib.suppress(OSError), socket.create_connection((HOST, target)) as far:
        other = {near: far, far: near}
        for one in other:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with selectors.DefaultSelector() as waiting:
            for one in other:
                waiting.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    one = key.fileobj
                    assert isinstance(one, socket.socket)
                    if not (some := one.recv(1 << 16)):
                        return
                    other[one].sendall(some)


if __name__ == "__main__":
    main()
