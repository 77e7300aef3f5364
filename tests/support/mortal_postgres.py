"""A PostgreSQL server of a test's own, from the Debian package, that is killed, runs out of disk, and comes back."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pytest

_BINARIES = "/usr/lib/postgresql"


class MortalPostgres:
    """A cluster in a temporary folder. Everything is durable, as in life: what it confirmed survives its death."""

    def __init__(self) -> None:
        found = sorted(Path(_BINARIES).glob("*/bin/initdb"))
        if not found:
            missing = "PostgreSQL is not installed; see scripts/ensure-postgres"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        self._binaries = found[-1].parent
        self._folder = Path(tempfile.mkdtemp(prefix="billing-mortal-postgres-"))
        self._user: str | None = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._user = "postgres"
            shutil.chown(self._folder, "postgres", "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._cluster = self._folder / "cluster"
        self._server: subprocess.Popen[bytes] | None = None

    def url(self) -> str:
        """Return the URL of its database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The server's first process."""
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Start, and recover from whatever happened; returns when it answers."""
        self._server = self._run(
            "postgres", "-D", str(self._cluster), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}",
            "-c", "recovery_init_sync_method=syncfs", "-c", "max_connections=40", "-c", "shared_buffers=16MB",
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self._server.poll() is None, (self._folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "PostgreSQL does not come back"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether somebody may connect and ask."""
        import psycopg

        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=3):
            return True
        return False

    def revive(self) -> None:
        """End what is left of the server, give it room on its disk again, and start it."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """Kill every process of the server at once."""
        if self._server is not None:
            kill_tree(self._server.pid)
            self._server.wait()

    def fresh_schema(self, name: str) -> str:
        """Make a schema of its own in place of all earlier ones, so that recovering stays short; return its URL."""
        drop = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'case_%'"
        self.execute(
            f"DO $$ DECLARE n text; BEGIN FOR n IN {drop} LOOP EXECUTE format('DROP SCHEMA %I CASCADE', n); "
            f"END LOOP; END $$; CREATE SCHEMA case_{name}"
        )
        return f"{self.url()}?options=-csearch_path%3Dcase_{name}"

    def execute(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "server.log").open("a") as log:
            command = [str(self._binaries / program), *arguments]
            return subprocess.Popen(command, cwd="/", stdout=log, stderr=log, user=self._user, group=self._user)

    def __enter__(self) -> Self:
        made = self._run("initdb", "-D", str(self._cluster), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        assert made.wait(120) == 0, (self._folder / "server.log").read_text()[-2000:]
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def kill_tree(pid: int) -> None:
    """Kill a process and its children at once; the first is stopped before, so that it makes no new ones."""
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        first.send_signal(signal.SIGSTOP)
        for process in [*first.children(recursive=True), first]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)


def fill_disk(pid: int) -> None:
    """Let a process and its children write no byte more to any file, as on a full disk, until they are killed."""
    first = psutil.Process(pid)
    _write_no_more(first)  # before its children are listed: those that it makes from now on are like it
    for process in first.children(recursive=True):
        _write_no_more(process)


def _write_no_more(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        same_user = process.username() if os.geteuid() == 0 else None
        command = ["prlimit", "--pid", str(process.pid), "--fsize=0:"]
        done = subprocess.run(command, user=same_user, group=process.gids().real, check=False)
        assert not done.returncode or process.status() == psutil.STATUS_ZOMBIE, f"{command} failed"
