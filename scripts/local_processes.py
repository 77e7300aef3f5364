"""Processes that we start on this machine, and end, with everything that they have started themselves.

Each child carries a mark in its environment, which its own children inherit. Ending looks for the mark, so an
orphan of a killed scheduler is found as well, and nothing of anybody else is ever touched.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Self

import psutil

MARK = "BILLING_LOCAL_PROCESSES"
POLITE_S = 15


class LocalProcesses:
    """A set of child processes that ends as one. Their output goes to ``<log_folder>/<name>.log``."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._mark = secrets.token_hex(16)
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a child in a session of its own, so that a Ctrl-C in the terminal reaches only us."""
        self._log_folder.mkdir(parents=True, exist_ok=True)
        with self.log_of(name).open("ab") as log:
            self._children[name] = subprocess.Popen(
                command,
                env={**environment, MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str, *, with_children: bool) -> None:
        """End a child by SIGKILL, alone or together with everything that it started; it can be started again."""
        child = self._children.pop(name)
        process = psutil.Process(child.pid)
        family = [*process.children(recursive=True), process] if with_children else [process]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.suspend()  # none may notice that another is gone already
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        child.wait()
        deadline = time.monotonic() + POLITE_S
        while any(map(_lives, family)) and time.monotonic() < deadline:
            time.sleep(0.01)  # the kernel takes a moment to end who was killed

    def left_running(self) -> list[str]:
        """Return the commands of all processes that carry our mark."""
        return [" ".join(process.cmdline()) for process in self._marked()]

    def log_of(self, name: str) -> Path:
        """Return where a child's output goes."""
        return self._log_folder / f"{name}.log"

    def wait_until(self, ready: Callable[[], bool], *, what: str, wait_s: float) -> None:
        """Wait until something is ready.

        :raises RuntimeError: when a child has ended meanwhile, or the time is over; holds the end of a log.
        """
        deadline = time.monotonic() + wait_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} was not ready within {wait_s:.0f} s; see {self._log_folder}")
            time.sleep(0.2)

    def check(self) -> None:
        """Raise when a child has ended by itself.

        :raises RuntimeError: names it and shows the end of its log.
        """
        for name, child in self._children.items():
            if child.poll() is not None:
                lines = self.log_of(name).read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
                raise RuntimeError("\n".join([f"{name} ended with status {child.returncode}:", *lines]))

    def end(self) -> None:
        """End all children: politely, in reverse order of their start, then whatever still carries the mark."""
        running = [child for child in reversed(self._children.values()) if child.poll() is None]
        for child in running:
            child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + POLITE_S
        for child in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        while leftover := self._marked():
            for process in leftover:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(leftover, timeout=5)
        for child in self._children.values():
            child.wait()
        self._children.clear()

    def _marked(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.environ().get(MARK) == self._mark:
                    found.append(process)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def free_port(preferred: int = 0) -> int:
    """Return the preferred loopback port, or any free one when it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port on 127.0.0.1")


def end_on_sigterm() -> None:
    """Let a SIGTERM end this script as Ctrl-C does, through every ``finally`` and ``with``.

    Ctrl-C as well, since a shell starts background jobs with SIGINT ignored.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without anybody's Airflow settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}


def _lives(process: psutil.Process) -> bool:
    """Whether a process still does something; a zombie only waits to be counted."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
